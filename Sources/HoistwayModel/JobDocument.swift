/// What happens when the concurrency key of a new job is in use.
public enum OnConflict: String, Sendable, Hashable, CaseIterable {
    case queue, supersede, supersedeRunning, reject
}

/// How long to wait before an attempt is repeated.
public struct Backoff: Sendable, Hashable {
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        case fixed, exponential
    }

    public var kind: Kind
    public var delay: TimeSpan
    public var maximum: TimeSpan

    public static let standard = Backoff(kind: .exponential, delay: .seconds(5), maximum: .seconds(300))

    public init(kind: Kind, delay: TimeSpan, maximum: TimeSpan) {
        self.kind = kind
        self.delay = delay
        self.maximum = maximum
    }

    public var json: JSON { ["type": .string(kind.rawValue), "delay": delay.json, "max": maximum.json] }

    /// The wait before the repetition that follows `failures` failures (1 for the first), with `jitter` from -1 to 1
    /// standing for ± 20 %.
    public func wait(after failures: Int, jitter: Double) -> TimeSpan {
        var base = Double(delay.milliseconds)
        if kind == .exponential {
            for _ in 1..<max(1, min(failures, 40)) { base *= 2 }
            base = min(base, Double(maximum.milliseconds))
        }
        return TimeSpan(milliseconds: Int64(base * (1 + 0.2 * jitter)))
    }
}

/// A job document (contract §3.1): what a producer pushes, with every field checked and every default filled in.
public struct JobDocument: Sendable, Hashable {
    public var type: JobType
    public var resourceID: String
    /// The producer's own id, `nil` when one is to be made.
    public var id: String?
    public var title = ""
    public var details = ""
    /// The recipe's input, in the bytes it came with.
    public var payload: [UInt8] = Array("{}".utf8)
    public var serverID: String?
    public var node: String?
    public var priority = JobDocument.defaultPriority
    public var delay = TimeSpan.zero
    public var runAt: Timestamp?
    public var maxAttempts = 1
    public var backoff = Backoff.standard
    public var timeout = TimeSpan.seconds(3600)
    public var idleTimeout = TimeSpan.zero
    public var startDeadline = TimeSpan.zero
    public var killGrace: TimeSpan?
    public var concurrencyKey: String
    public var concurrencyLimit = 1
    public var onConflict = OnConflict.queue
    public var idempotencyKey: String?
    public var dependsOn: [String] = []
    public var environment = JSONObject()
    public var secrets = JSONObject()
    public var notify: [JSON] = []
    public var organizationID: String?
    public var memberID: String?
    public var labels = JSONObject()
    public var replyTo: String?

    public static let defaultPriority = 5
    /// Largest payload in bytes.
    public static let maximumPayload = 256 * 1024
    /// Largest document in bytes.
    public static let maximumSize = 1024 * 1024

    public init(type: JobType, resourceID: String) {
        self.type = type
        self.resourceID = resourceID
        concurrencyKey = "\(type.name):\(resourceID)"
        if type == .server { serverID = resourceID }
    }

    /// What the store keeps of the fields that only a worker reads, as one JSON object without the defaults.
    public var options: JSONObject {
        var options = JSONObject()
        let standard = JobDocument(type: type, resourceID: resourceID)
        if backoff != standard.backoff { options["backoff"] = backoff.json }
        if timeout != standard.timeout { options["timeout"] = timeout.json }
        if idleTimeout != standard.idleTimeout { options["idleTimeout"] = idleTimeout.json }
        if startDeadline != standard.startDeadline { options["startDeadline"] = startDeadline.json }
        if let killGrace { options["killGrace"] = killGrace.json }
        if onConflict != standard.onConflict { options["onConflict"] = .string(onConflict.rawValue) }
        if !environment.isEmpty { options["env"] = .object(environment) }
        if !secrets.isEmpty { options["secrets"] = .object(secrets) }
        if !notify.isEmpty { options["notify"] = .array(notify) }
        return options
    }
}
