import HTTPAPI
import Hoistway
import HoistwayModel
import HoistwayStore
import Logging
import RedisClient
import Synchronization
import TestSupport
import Testing

/// A server of the API with a Redis behind it, on a free port, and a store to play the worker with.
struct API: Sendable {
    let store: Store
    /// That of the server.
    let client: RedisClient
    let services: Services
    let server: RunningServer
    let log: CapturedLog
    /// A client for each scope, and one for all.
    let tokens: [AccessScope: String]

    var http: HTTPClient { HTTPClient(port: server.port, token: tokens[.admin]) }
    func http(_ scope: AccessScope) -> HTTPClient { HTTPClient(port: server.port, token: tokens[scope]) }
    var stranger: HTTPClient { HTTPClient(port: server.port) }

    /// Runs a body with a server of its own; the data has to be in order behind it.
    static func with(
        logFile: @escaping @Sendable (Job) -> (any LogReading)? = { _ in nil },
        configuring change: (inout APIConfiguration) throws -> Void = { _ in },
        _ body: (API) async throws -> Void
    ) async throws {
        let prefix = randomPrefix()
        let client = try await RedisServer.required().client(name: "api-\(prefix)", scripts: Scripts.all)
        let own = try await RedisServer.required().client(scripts: Scripts.all)
        let store = Store(redis: own, prefix: prefix)
        _ = try await store.register(types: [])
        var tokens: [AccessScope: String] = [:]
        for scope in AccessScope.allCases {
            let token = NewToken(scopes: [scope])
            try await store.add(token.stored, by: "test")
            tokens[scope] = token.text
        }
        let log = CapturedLog()
        let logger = Logger(label: "api") { _ in log }
        let services = Services(client: client, prefix: store.keys.prefix, logFile: logFile, logger: logger)
        var configuration = try APIConfiguration(listen: "127.0.0.1:0")
        try change(&configuration)
        let server: RunningServer
        do {
            let faces = Faces.all(services, isTLS: configuration.tls != nil)
            server = try await RunningServer.start(configuration, services, faces: faces, logger: logger)
        } catch {
            await client.close()
            await own.close()
            throw error
        }
        let api = API(store: store, client: client, services: services, server: server, log: log, tokens: tokens)
        do {
            try await body(api)
            await server.stop()
            #expect(try await store.violations() == [])
        } catch {
            await server.stop()
            await client.close()
            await own.close()
            throw error
        }
        await client.close()
        await own.close()
    }

    /// Enqueues a job through the API.
    @discardableResult
    func enqueue(_ id: String, _ resource: String? = nil, _ members: JSONObject = [:]) async throws -> Answer {
        var document: JSONObject = [
            "type": "application", "applicationId": .string(resource ?? "resource-of-\(id)"), "id": .string(id),
        ]
        for member in members { document[member.key] = member.value }
        let answer = try await http.post("/api/v1/jobs", .object(document))
        #expect(answer.status == 202, "\(answer.text)")
        return answer
    }

    /// Takes the one job that can start and starts it, as a worker does.
    @discardableResult
    func start() async throws -> Job {
        let claimant = Claimant(workerID: "w1", host: "h1", types: JobType.builtIn, scopes: [.any])
        let job = try #require(try await store.claim(claimant, count: 1).first)
        let log = "/data/\(job.id)/\(job.attempt)/log"
        let fence = try #require(job.fence)
        #expect(try await store.started(job.id, fence: fence, pid: 4711, startTime: 99, log: log) == .ok)
        return job
    }

    func end(_ job: Job, _ kind: Outcome.Kind = .done, _ fields: [(String, String)] = []) async throws {
        _ = try await store.finish(job.id, fence: try #require(job.fence), Outcome(kind, fields: fields))
    }

    func appendLog(_ job: Job, _ text: String, at offset: Int) async throws {
        let piece = LogPiece(offset: offset, bytes: Array(text.utf8))
        let fence = try #require(job.fence)
        #expect(try await store.appendLog(job.id, fence: fence, piece, most: 1 << 24, all: 1 << 26) == .ok)
    }

    /// Appends lines of so many bytes each, which name their numbers.
    /// - Returns: the whole log.
    func appendLines(_ job: Job, _ count: Int, of length: Int) async throws -> String {
        var log = ""
        for start in stride(from: 0, to: count, by: 100) {
            let lines = (start..<min(start + 100, count)).map { number in
                "\(number) ".padding(to: length - 1) + "\n"
            }
            try await appendLog(job, lines.joined(), at: log.utf8.count)
            log += lines.joined()
        }
        return log
    }
}

extension String {
    fileprivate func padding(to length: Int) -> String { self + String(repeating: "x", count: length - utf8.count) }
}

/// Keeps every line that is logged.
final class CapturedLog: LogHandler, Sendable {
    private let kept = Mutex<[String]>([])

    var lines: [String] { kept.withLock { $0 } }
    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }
    var logLevel: Logger.Level {
        get { .trace }
        set {}
    }
    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }

    func log(event: LogEvent) {
        let fields = (event.metadata ?? [:]).map { "\($0.key)=\($0.value)" }.sorted().joined(separator: " ")
        kept.withLock { $0.append("\(event.message) \(fields)") }
    }
}
