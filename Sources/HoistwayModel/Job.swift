/// A job as the store keeps it (contract §3.3): strings by field name, absent when unknown.
public struct Job: Sendable, Hashable {
    /// The fields of the hash. `payload` keeps its own bytes as long as they are UTF-8, which JSON is.
    public var fields: [String: String]

    public init(fields: [String: String]) {
        self.fields = fields
    }

    public var id: String { fields["id"] ?? "" }
    public var type: JobType { JobType(fields["type"] ?? "") }
    public var resourceID: String { fields["resourceId"] ?? "" }
    public var title: String { fields["title"] ?? "" }
    public var status: JobStatus { fields["status"].flatMap(JobStatus.init) ?? .pending }
    public var reason: JobReason? { fields["reason"].flatMap(JobReason.init) }
    public var state: JobState { JobState(status, reason) }
    public var node: String? { fields["node"] }
    public var serverID: String? { fields["serverId"] }
    public var payload: [UInt8] { fields["payload"].map { Array($0.utf8) } ?? Array("{}".utf8) }
    public var concurrencyKey: String { fields["concurrencyKey"] ?? "" }
    public var attempt: Int { integer("attempt") ?? 0 }
    public var failures: Int { integer("failures") ?? 0 }
    public var maxAttempts: Int { integer("maxAttempts") ?? 1 }
    public var fence: Int64? { fields["fence"].flatMap { Int64($0) } }
    public var revision: Int { integer("revision") ?? 0 }
    public var workerID: String? { fields["workerId"] }
    public var host: String? { fields["host"] }
    public var pid: Int? { integer("pid") }
    public var progress: Int { integer("progress") ?? 0 }
    public var stage: String? { fields["stage"] }
    public var message: String? { fields["message"] }
    public var logPath: String? { fields["logPath"] }
    public var logBytes: Int { integer("logBytes") ?? 0 }
    public var createdAt: Timestamp? { time("createdAt") }
    public var startedAt: Timestamp? { time("startedAt") }
    public var completedAt: Timestamp? { time("completedAt") }
    public var labels: JSONObject { json("labels")?.objectValue ?? JSONObject() }

    public func integer(_ field: String) -> Int? { fields[field].flatMap { Int($0) } }
    public func time(_ field: String) -> Timestamp? { fields[field].flatMap { Timestamp(parsing: $0) } }
    public func json(_ field: String) -> JSON? { fields[field].flatMap { try? JSON(parsing: $0) } }

    /// The document's fields that only a worker reads: time limits, backoff, environment, secrets.
    public var options: JobOptions { JobOptions(json("options")?.objectValue ?? JSONObject()) }

    private static let names = [
        "id", "type", "status", "reason", "title", "description", "resourceId", "serverId", "node", "priority",
        "payload", "organizationId", "memberId", "labels", "concurrencyKey", "idempotencyKey", "dependsOn", "attempt",
        "failures", "maxAttempts", "requestId", "fence", "revision", "workerId", "host", "pid", "pidStartTime",
        "remotePid", "logPath", "logBytes", "exitCode", "signal", "progress", "stage", "component", "message", "result",
        "error", "resources", "registrations", "kill", "supersededBy", "retryOf", "rollbackOf", "parentId", "version",
        "createdAt", "runAt", "queuedAt", "startedAt", "completedAt", "updatedAt",
    ]
    private static let numbers: Set = [
        "priority", "attempt", "failures", "maxAttempts", "fence", "revision", "pid", "pidStartTime", "remotePid",
        "logBytes", "exitCode", "progress", "version",
    ]
    private static let documents: Set = [
        "payload", "labels", "dependsOn", "result", "error", "resources", "registrations", "kill",
    ]
    private static let standard: [String: JSON] = [
        "title": "", "description": "", "payload": [:], "labels": [:], "dependsOn": [], "attempt": 0, "failures": 0,
        "maxAttempts": 1, "progress": 0, "logBytes": 0, "resources": [], "registrations": [],
    ]

    /// The job as the API and `--json` show it: every name of the contract, typed, null where unknown.
    public var apiJSON: JSONObject {
        var object = JSONObject()
        for name in Job.names {
            guard let text = fields[name] else {
                object.append(name, Job.standard[name] ?? .null)
                continue
            }
            if Job.numbers.contains(name), let number = try? JSON(parsing: text) {
                object.append(name, number)
            } else if Job.documents.contains(name), let value = try? JSON(parsing: text) {
                object.append(name, value)
            } else {
                object.append(name, .string(text))
            }
        }
        return object
    }
}

/// The fields of a job document that only a worker reads, with their defaults.
public struct JobOptions: Sendable, Hashable {
    public var timeout: TimeSpan
    public var idleTimeout: TimeSpan
    /// `nil` when the worker's configuration decides.
    public var killGrace: TimeSpan?
    public var backoff: Backoff
    public var environment: [(name: String, value: String)] { pairs("env") }
    public var secrets: [(name: String, value: String)] { pairs("secrets") }

    let object: JSONObject

    init(_ object: JSONObject) {
        self.object = object
        timeout = object["timeout"].flatMap { TimeSpan($0) } ?? .seconds(3600)
        idleTimeout = object["idleTimeout"].flatMap { TimeSpan($0) } ?? .zero
        killGrace = object["killGrace"].flatMap { TimeSpan($0) }
        backoff = .standard
        if let value = object["backoff"] {
            backoff.kind = value["type"]?.stringValue.flatMap(Backoff.Kind.init) ?? backoff.kind
            backoff.delay = value["delay"].flatMap { TimeSpan($0) } ?? backoff.delay
            backoff.maximum = value["max"].flatMap { TimeSpan($0) } ?? backoff.maximum
        }
    }

    private func pairs(_ name: String) -> [(name: String, value: String)] {
        object[name]?.objectValue?.map { ($0.key, $0.value.stringValue ?? "") } ?? []
    }
}
