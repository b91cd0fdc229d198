import HoistwayModel
import RESP
import RedisClient

/// Who takes jobs, and which.
package struct Claimant: Sendable {
    package var workerID: String
    package var host: String
    package var types: [JobType]
    package var scopes: [Scope]
    package var leases: LeaseTerms

    package init(
        workerID: String,
        host: String,
        types: [JobType],
        scopes: [Scope],
        leases: LeaseTerms = .none
    ) {
        self.workerID = workerID
        self.host = host
        self.types = types
        self.scopes = scopes
        self.leases = leases
    }
}

/// How an attempt ended.
package struct Outcome: Sendable {
    package enum Kind: String, Sendable, CaseIterable {
        case done, failed, killed, timeout, idle, spawn, lost
    }

    package var kind: Kind
    /// Whether another attempt could end otherwise.
    package var isRepeatable: Bool
    /// Whether the recipe asked to be tried again (exit 75).
    package var isTemporary: Bool
    /// The wait before another attempt.
    package var wait: TimeSpan
    /// Further fields of the job's hash.
    package var fields: [(String, String)]

    package init(
        _ kind: Kind,
        isRepeatable: Bool = true,
        isTemporary: Bool = false,
        wait: TimeSpan = .zero,
        fields: [(String, String)] = []
    ) {
        self.kind = kind
        self.isRepeatable = isRepeatable
        self.isTemporary = isTemporary
        self.wait = wait
        self.fields = fields
    }
}

extension Store {
    /// Takes up to `count` jobs for a worker; each is `starting` from then on, with a fence of its own.
    package func claim(_ claimant: Claimant, count: Int) async throws -> [Job] {
        if durability == .replicated { try await requireReplica() }
        return Store.jobs(in: try await run(Scripts.claim, Store.arguments(of: claimant, count: count)))
    }

    /// Waits for a hint that there may be work, and then takes up to `count` jobs, in one round trip.
    ///
    /// A hint can be lost with the worker that popped it, so jobs are taken after the wait, hint or not.
    /// - Parameters:
    ///   - seconds: the longest wait.
    ///   - connection: blocks meanwhile.
    package func claim(
        _ claimant: Claimant,
        count: Int,
        waiting seconds: Double,
        on connection: RedisBlockingConnection
    ) async throws -> [Job] {
        let lanes = claimant.types.flatMap { type in claimant.scopes.map { keys.wake(type, scope: $0) } }
        if durability == .replicated {
            _ = try await connection.blpop([keys.wake(claimer: claimant.workerID)] + lanes, seconds: seconds)
            // Nobody else's commands wait for the replica with it.
            return try await through(connection).claim(claimant, count: count)
        }
        let script: [RedisArgument] = ["EVALSHA", .string(Scripts.claim.sha1), 1, .string(keys.meta)]
        let reply = try await connection.blpop(
            [keys.wake(claimer: claimant.workerID)] + lanes,
            seconds: seconds,
            then: script + Store.arguments(of: claimant, count: count)
        )
        switch reply {
        case .success(let value): return Store.jobs(in: value)
        case .failure(let error) where error.serverCode == "NOSCRIPT":
            return try await claim(claimant, count: count)
        case .failure(let error): throw error
        }
    }

    /// Ends an attempt and takes the next job in one round trip.
    package func finish(
        _ id: String,
        fence: Int64,
        _ outcome: Outcome,
        thenClaim claimant: Claimant,
        count: Int
    ) async throws -> (StoreCode, [Job]) {
        if durability == .replicated {
            // The next one is for the claimer, which can wait for the replica.
            return (try await finish(id, fence: fence, outcome), [])
        }
        let meta = RedisArgument.string(keys.meta)
        let replies = try await redis.pipeline([
            ["EVALSHA", .string(Scripts.finish.sha1), 1, meta] + Store.arguments(of: id, fence, outcome),
            ["EVALSHA", .string(Scripts.claim.sha1), 1, meta] + Store.arguments(of: claimant, count: count),
        ])
        if case .failure(let error) = replies[0], error.serverCode == "NOSCRIPT" {
            let code = try await finish(id, fence: fence, outcome)
            // What was claimed before the end was recorded does not know yet what that set free.
            if case .success(let taken) = replies[1], case let jobs = Store.jobs(in: taken), !jobs.isEmpty {
                return (code, jobs)
            }
            return (code, try await claim(claimant, count: count))
        }
        let first = try replies[0].get().array?.first ?? .null
        let code = try Store.code(of: first, Scripts.finish)
        if case .failure(let error) = replies[1], error.serverCode == "NOSCRIPT" {
            return (code, (try? await claim(claimant, count: count)) ?? [])
        }
        // A claim that failed is made up for by the next wake or tick; the end of the attempt stands.
        return (code, (try? replies[1].get()).map(Store.jobs) ?? [])
    }

    package func finish(_ id: String, fence: Int64, _ outcome: Outcome) async throws -> StoreCode {
        try await answer(Scripts.finish, Store.arguments(of: id, fence, outcome)).0
    }

    /// Puts a job that was taken, but of which nothing ran, back to the head of its queue.
    package func release(_ id: String, fence: Int64) async throws -> StoreCode {
        try await code(Scripts.release, [.string(id), RedisArgument(fence)])
    }

    /// The attempt's process runs.
    /// - Parameter at: since when, by its host's clock; from now on unless given.
    package func started(
        _ id: String,
        fence: Int64,
        pid: Int,
        startTime: Int,
        log: String,
        at: Timestamp? = nil
    ) async throws -> StoreCode {
        let arguments: [RedisArgument] = [
            .string(id), RedisArgument(fence), .int(pid), .int(startTime), .string(log),
            .string(at?.description ?? ""),
        ]
        return try await code(Scripts.started, arguments)
    }

    /// What an attempt tells: fields of the hash (`progress` never falls), and `data` for the stream of events.
    package func report(_ id: String, fence: Int64, fields: [(String, String)], data: JSON?) async throws -> StoreCode {
        let head: [RedisArgument] = [.string(id), RedisArgument(fence), .string(data?.text ?? "")]
        return try await code(Scripts.report, head + .fields(fields))
    }

    static func jobs(in reply: RESPValue) -> [Job] {
        reply.array?.map { Job(fields: $0.pairs) } ?? []
    }

    private static func arguments(of claimant: Claimant, count: Int) -> [RedisArgument] {
        [.string(claimant.workerID), .string(claimant.host), .int(count)] + claimant.leases.arguments
            + [.int(claimant.types.count)] + claimant.types.map { .string($0.name) }
            + claimant.scopes.map { .string($0.suffix) }
    }

    private static func arguments(of id: String, _ fence: Int64, _ outcome: Outcome) -> [RedisArgument] {
        let head: [RedisArgument] = [
            .string(id), RedisArgument(fence), .string(outcome.kind.rawValue), outcome.isRepeatable ? 1 : 0,
            outcome.isTemporary ? 1 : 0, RedisArgument(outcome.wait.milliseconds),
        ]
        return head + .fields(outcome.fields)
    }
}
