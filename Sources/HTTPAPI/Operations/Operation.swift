import HoistwayModel

/// A job as an operation. All of it comes from one read of the job, so that its parts agree at every moment.
struct Operation: Sendable {
    let job: Job
    let standing: Standing
    /// Only of one that ended badly.
    let error: OperationError?

    init(_ job: Job) {
        self.job = job
        standing = Standing(job.state)
        error = standing == .failed || standing == .cancelled ? OperationError(of: job, standing) : nil
    }

    var json: JSONObject {
        func text(_ field: String) -> JSON { .string(orNull: job.fields[field]) }
        let action = job.fields["rollbackOf"] == nil ? "deploy" : "rollback"
        // What an attempt told before it failed, or tells before its end, is no result yet.
        let result: JSON = standing == .succeeded ? .object(job.result?.objectValue ?? [:]) : .null
        return [
            "id": .string(job.id),
            "organizationId": text("organizationId"),
            "memberId": text("memberId"),
            "operation": .string("\(job.type.name).\(action)"),
            "status": .string(standing.rawValue),
            "result": result,
            "error": error.map { .object($0.json) } ?? .null,
            "progress": .object(OperationProgress(of: job).json),
            "resourceType": .string(job.type.name),
            // One that was rejected may lack what it should have named.
            "resourceId": .string(orNull: job.resourceID.isEmpty ? nil : job.resourceID),
            "createdAt": text("createdAt"),
            "updatedAt": text("updatedAt"),
            "startedAt": text("startedAt"),
            "completedAt": text("completedAt"),
        ]
    }
}
