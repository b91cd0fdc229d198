import HoistwayModel

/// Why an operation did not succeed: what the recipe told, filled up with what is known of the end.
struct OperationError: Sendable {
    private let job: Job
    private let standing: Standing
    private let event: JSONObject
    private let details: JSONObject
    private let message: String

    init(of job: Job, _ standing: Standing) {
        self.job = job
        self.standing = standing
        let last = job.error?.objectValue ?? [:]
        // One that was given up while it waited for another attempt still has the error of the one before.
        let isOfBefore = standing == .cancelled && job.attempt > 0 && job.killReceipt == nil
        event = isOfBefore && last["code"] != "quarantined" ? [:] : last
        details = event["details"]?.objectValue ?? [:]
        message =
            event["message"]?.stringValue
            ?? (isOfBefore && job.message == last["message"]?.stringValue ? nil : job.message)
            ?? "the job ended: \((job.reason ?? .failed).rawValue)"
    }

    /// After how long another try may help, where the recipe said so.
    var retryAfter: TimeSpan? { (details["retryAfter"] ?? event["retryAfter"]).flatMap { TimeSpan($0) } }

    var json: JSONObject {
        [
            "code": .string(code),
            "message": .string(message),
            "errorType": .string(type),
            "details": [
                "retryable": .bool(isRetryable),
                "retryAfter": retryAfter?.json ?? .null,
                "fieldErrors": .object(fieldErrors),
                "requestId": .string(orNull: job.fields["requestId"]),
                "causedBy": .string(orNull: cause),
            ],
        ]
    }

    /// A sentence for each field, whatever the recipe told of it.
    private var fieldErrors: JSONObject {
        let told = (details["fieldErrors"] ?? event["fieldErrors"])?.objectValue ?? [:]
        return JSONObject(
            pairs: told.filter { !$0.value.isNull }.map { ($0.key, .string($0.value.stringValue ?? $0.value.text)) }
        )
    }

    private static let types: Set = ["recipe", "infrastructure", "cancelled"]

    private var code: String {
        guard let code = event["code"]?.stringValue, !code.isEmpty else { return (job.reason ?? .failed).rawValue }
        return code
    }

    private var type: String {
        if let told = event["errorType"]?.stringValue, OperationError.types.contains(told) { return told }
        if standing == .cancelled { return "cancelled" }
        switch job.reason {
        case .failed: return code == "log_write" ? "infrastructure" : "recipe"
        case .timeout, .idle, .rejected: return "recipe"
        default: return "infrastructure"
        }
    }

    private var isRetryable: Bool {
        if let told = (details["retryable"] ?? event["retryable"])?.boolValue { return told }
        return job.exitCode == 75 || job.reason == .lost || job.reason == .expired
    }

    /// What the recipe names, else the newer job or the one it depended on, else who ended it.
    private var cause: String? {
        details["causedBy"]?.stringValue ?? job.supersededBy ?? job.fields["causedBy"]
            ?? job.killReceipt?["by"]?.stringValue
    }
}
