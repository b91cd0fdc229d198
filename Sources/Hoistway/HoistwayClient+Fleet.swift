import HoistwayModel
import HoistwayStore

/// What waits and runs of a job type.
public struct QueueStatus: Sendable, Hashable {
    public var type: JobType
    public var isPaused: Bool
    public var pending: Int
    public var running: Int
    /// When the oldest waiting job was accepted.
    public var oldest: Timestamp?
    /// Workers that serve the type.
    public var workers: Int
}

/// A worker as it announced itself.
public struct WorkerStatus: Sendable, Hashable {
    public var id: String
    public var host: String?
    /// Its label.
    public var node: String?
    public var pid: Int?
    public var types: [JobType]
    public var servers: [String]
    public var slots: Int
    public var running: Int
    public var startedAt: Timestamp?
    public var heartbeatAt: Timestamp?
    public var version: String?
    /// `running`, `draining`, `unreachable`, `detached` or `stopped`.
    public var state: String

    init(_ fields: [String: String]) {
        func text(_ name: String) -> String? { fields[name].flatMap { $0.isEmpty ? nil : $0 } }
        func names(_ name: String) -> [String] { (text(name) ?? "").split(separator: ",").map(String.init) }
        func time(_ name: String) -> Timestamp? { text(name).flatMap { Timestamp(parsing: $0) } }
        id = text("id") ?? ""
        host = text("host")
        node = text("node")
        pid = text("pid").flatMap { Int($0) }
        types = names("types").map { JobType($0) }
        servers = names("servers")
        slots = text("slots").flatMap { Int($0) } ?? 0
        running = text("running").flatMap { Int($0) } ?? 0
        startedAt = time("startedAt")
        heartbeatAt = time("heartbeatAt")
        version = text("version")
        state = text("state") ?? ""
    }
}

extension HoistwayClient {
    /// What waits and runs, a line for each known type.
    /// - Throws: ``HoistwayError``: `unreachable`.
    public func queues() async throws(HoistwayError) -> [QueueStatus] {
        try await insisting {
            try await store.queues().map { queue in
                QueueStatus(
                    type: queue.type,
                    isPaused: queue.isPaused,
                    pending: queue.pending,
                    running: queue.running,
                    oldest: queue.oldest,
                    workers: queue.workers
                )
            }
        }
    }

    /// The workers, by id.
    /// - Throws: ``HoistwayError``: `unreachable`.
    public func workers() async throws(HoistwayError) -> [WorkerStatus] {
        try await insisting { try await store.workers().map { WorkerStatus($0) } }
    }
}
