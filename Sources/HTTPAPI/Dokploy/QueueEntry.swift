import HoistwayModel

/// A job that waits or runs, as the product's queue shows it.
struct QueueEntry: Sendable {
    let job: Job

    var json: JSON {
        let isActive = job.status == .running || job.reason == .starting
        return [
            "id": .string(job.id), "name": "deployments", "data": .object(data),
            "timestamp": milliseconds(job.createdAt), "processedOn": milliseconds(job.startedAt),
            "finishedOn": milliseconds(job.completedAt), "failedReason": .null,
            "state": isActive ? "active" : "waiting",
        ]
    }

    private var data: JSONObject {
        let type = job.type == .previewDeployment ? "application-preview" : job.type.name
        let isRepetition = job.fields["rollbackOf"] != nil || job.retryOf != nil
        var data: JSONObject = [
            job.type.idKey: .string(job.resourceID), "titleLog": .string(job.title),
            "descriptionLog": .string(job.details), "type": isRepetition ? "redeploy" : "deploy",
            "applicationType": .string(type), "server": .bool(job.serverID != nil),
        ]
        if let server = job.serverID { data["serverId"] = .string(server) }
        return data
    }

    /// Since 1970, as the product has it.
    private func milliseconds(_ time: Timestamp?) -> JSON { time.map { .int(Int($0.milliseconds)) } ?? .null }
}
