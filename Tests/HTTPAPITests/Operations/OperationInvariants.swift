import HTTPAPI
import HoistwayModel
import HoistwayStore
import Testing

/// What has to hold of an operation whenever it is read.
enum OperationInvariants {
    static let keys = [
        "id", "organizationId", "memberId", "operation", "status", "result", "error", "progress", "resourceType",
        "resourceId", "createdAt", "updatedAt", "startedAt", "completedAt",
    ]
    private static let statuses = ["pending", "running", "succeeded", "failed", "cancelled"]
    private static let resourceStatuses = ["pending", "running", "succeeded", "failed", "unchanged"]

    /// What of it does not hold.
    static func breaches(of operation: JSON) -> [String] {
        var breaches: [String] = []
        func require(_ condition: Bool, _ rule: String) {
            if !condition { breaches.append("\(rule): \(operation.text)") }
        }
        let status = operation["status"]?.stringValue ?? ""
        let isEnded = ["succeeded", "failed", "cancelled"].contains(status)
        let (result, error) = (operation["result"] ?? .null, operation["error"] ?? .null)
        require(operation.objectValue?.keys == keys, "the fields of the seed, each once")
        require(statuses.contains(status), "a known status")
        require((result != .null) == (status == "succeeded"), "a result exactly when it succeeded")
        require((error != .null) == (isEnded && status != "succeeded"), "an error exactly when it did not")
        if error != .null {
            require(error.objectValue?.keys == ["code", "message", "errorType", "details"], "the fields of an error")
            let details = error["details"]?.objectValue?.keys
            require(
                details == ["retryable", "retryAfter", "fieldErrors", "requestId", "causedBy"],
                "the five details"
            )
            for field in ["code", "message", "errorType"] {
                require(error[field]?.stringValue?.isEmpty == false, "an error has its \(field)")
            }
            let types = ["recipe", "infrastructure", "cancelled"]
            require(types.contains(error["errorType"]?.stringValue ?? ""), "a known errorType")
            let fieldErrors = error["details"]?["fieldErrors"]?.objectValue
            require(fieldErrors?.allSatisfy { $0.value.stringValue != nil } == true, "a sentence for each field")
        }
        require((operation["completedAt"] != .null) == isEnded, "completedAt exactly once it has ended")
        if status == "running" || status == "succeeded" {
            require(operation["startedAt"] != .null, "startedAt of what has run")
        }
        let times = ["createdAt", "startedAt", "completedAt"].compactMap { operation[$0]?.stringValue }
        require(times == times.sorted(), "times in their order")
        let updated = operation["updatedAt"]?.stringValue ?? ""
        require(times.allSatisfy { $0 <= updated }, "updatedAt is the last of the times")
        breaches += progress(operation["progress"] ?? .null, isEnded: isEnded)
        return breaches
    }

    private static func progress(_ progress: JSON, isEnded: Bool) -> [String] {
        var breaches: [String] = []
        func require(_ condition: Bool, _ rule: String) {
            if !condition { breaches.append("\(rule): \(progress.text)") }
        }
        require(progress.objectValue?.keys == ["stage", "message", "resources", "summary"], "the fields of progress")
        guard let resources = progress["resources"]?.arrayValue else { return breaches + ["no resources"] }
        var counts: [String: Int] = [:]
        for resource in resources {
            require(
                resource.objectValue?.keys == ["urn", "type", "name", "operation", "status", "duration"],
                "the fields of a resource"
            )
            counts[resource["status"]?.stringValue ?? "", default: 0] += 1
        }
        require(counts.keys.allSatisfy(resourceStatuses.contains), "known statuses of resources")
        if isEnded { require(counts["pending"] == nil && counts["running"] == nil, "nothing goes on at the end") }
        let summary = progress["summary"]?.objectValue ?? [:]
        require(summary.keys == ["total"] + resourceStatuses, "the fields of the summary")
        require(summary["total"] == .int(resources.count), "total is the number of resources")
        for status in resourceStatuses {
            require(summary[status] == .int(counts[status] ?? 0), "the summary is the fold of the resources")
        }
        return breaches
    }
}

extension API {
    /// Tells of a running job what its recipe's events added up to.
    func tell(_ job: Job, _ fields: [String: JSON]) async throws {
        let pairs = fields.map { ($0.key, $0.value.stringValue ?? $0.value.text) }
        let fence = try #require(job.fence)
        #expect(try await store.report(job.id, fence: fence, fields: pairs, data: nil) == .ok)
    }
}
