import HoistwayModel
import HoistwayStore
import RESP
import RedisClient
import TestSupport
import Testing

/// A store of its own: a random prefix on the suite's Redis. Whatever a test did, the data has to be in order behind it.
func withStore(_ body: (Store) async throws -> Void) async throws {
    let client = try await RedisServer.required().client(scripts: Scripts.all)
    let store = Store(redis: client, prefix: "{\(randomPrefix())}")
    do {
        try await body(store)
        let violations = try await store.violations()
        #expect(violations == [])
    } catch {
        await client.close()
        throw error
    }
    await client.close()
}

let everyType = JobType.builtIn + [JobType("terraform")]

extension Claimant {
    static func worker(
        _ id: String = "w1",
        types: [JobType] = everyType,
        scopes: [Scope] = [.any]
    ) -> Claimant {
        Claimant(workerID: id, host: "host-\(id)", types: types, scopes: scopes)
    }
}

extension JobDocument {
    /// A document with an id, of a resource of its own unless named.
    static func of(
        _ id: String,
        _ resource: String? = nil,
        type: JobType = .application,
        _ change: (inout JobDocument) -> Void = { _ in }
    ) -> JobDocument {
        var document = JobDocument(type: type, resourceID: resource ?? "resource-of-\(id)")
        document.id = id
        change(&document)
        return document
    }
}

extension Store {
    @discardableResult
    func add(
        _ id: String,
        _ resource: String? = nil,
        type: JobType = .application,
        _ change: (inout JobDocument) -> Void = { _ in }
    ) async throws -> String {
        try await enqueue(.of(id, resource, type: type, change)).id
    }

    /// The ids that a claim hands out, in its order.
    func take(_ count: Int = 1, _ claimant: Claimant = .worker()) async throws -> [String] {
        try await claim(claimant, count: count).map(\.id)
    }

    /// Takes the one job that can start.
    func takeOne(_ claimant: Claimant = .worker()) async throws -> Job {
        try #require(try await claim(claimant, count: 1).first)
    }

    func start(_ job: Job) async throws {
        let code = try await started(
            job.id,
            fence: try #require(job.fence),
            pid: 4711,
            startTime: 99,
            log: "/data/\(job.id)/log"
        )
        #expect(code == .ok)
    }

    /// Takes the one job that can start and starts it.
    @discardableResult
    func run(_ claimant: Claimant = .worker()) async throws -> Job {
        let job = try await takeOne(claimant)
        try await start(job)
        return job
    }

    @discardableResult
    func end(_ job: Job, _ outcome: Outcome = Outcome(.done)) async throws -> StoreCode {
        try await finish(job.id, fence: try #require(job.fence), outcome)
    }

    func state(_ id: String) async throws -> JobState? { try await job(id)?.state }

    func list(_ key: String) async throws -> [String] {
        try await redis.send(["LRANGE", .string("\(keys.prefix):\(key)"), 0, -1]).array?.compactMap(\.string) ?? []
    }

    func push(_ key: String, _ values: String...) async throws {
        _ = try await redis.send(["RPUSH", .string("\(keys.prefix):\(key)")] + values.map { .string($0) })
    }

    func exists(_ key: String) async throws -> Bool {
        try await redis.send(["EXISTS", .string("\(keys.prefix):\(key)")]).int == 1
    }

    /// Reads and admits one type's inbox, as a listener does.
    @discardableResult
    func admitAll(_ type: JobType = .application) async throws -> Int {
        try await admit(try await inbox(type), type: type)
    }

    /// What a job is: its hash and its history. Equal before and after what was refused.
    func snapshot(_ id: String) async throws -> Snapshot {
        Snapshot(fields: try await job(id)?.fields, history: try await history(id)?.map(\.text))
    }
}

struct Snapshot: Equatable {
    var fields: [String: String]?
    var history: [String]?
}

/// The code of the refusal that `body` throws.
func refusal(_ body: () async throws -> Void) async throws -> Refusal.Code? {
    do {
        try await body()
        return nil
    } catch let refusal as Refusal {
        return refusal.code
    }
}

extension JobFilter {
    /// Every job, as far as one page goes.
    static var all: JobFilter {
        var filter = JobFilter()
        filter.limit = 2000
        return filter
    }
}
