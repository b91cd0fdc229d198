import HoistwayModel

/// A job as the product's clients know it.
struct Deployment: Sendable {
    let job: Job
    /// The job that returned from this one to an earlier one.
    var rolledBackBy: String?

    /// What a deployment is made of.
    static let fields = [
        "id", "type", "status", "reason", "title", "description", "resourceId", "serverId", "scheduleId", "logPath",
        "pid",
        "createdAt", "startedAt", "completedAt", "message", "error", "version", "rollbackOf", "retryOf",
    ]

    /// Every field, null where it does not apply; a text for the path of the log, which is empty until there is one.
    var json: JSON {
        [
            "deploymentId": .string(job.id), "title": .string(job.title), "description": .string(job.details),
            "status": .string(job.status.rawValue), "logPath": .string(job.logPath ?? ""),
            "pid": .string(orNull: job.status == .running ? job.pid.map { String($0) } : nil),
            "applicationId": id(.application), "composeId": id(.compose), "serverId": server,
            "isPreviewDeployment": .bool(job.type == .previewDeployment),
            "previewDeploymentId": id(.previewDeployment),
            "createdAt": .string(orNull: job.createdAt?.description),
            "startedAt": .string(orNull: job.startedAt?.description),
            "finishedAt": .string(orNull: job.completedAt?.description),
            "errorMessage": .string(orNull: errorMessage),
            "scheduleId": job.fields["scheduleId"].map { .string($0) } ?? id(.schedule), "backupId": id(.backup),
            "rollbackId": .string(orNull: isReturnable ? job.id : nil), "volumeBackupId": id(.volumeBackup),
            "buildServerId": .null, "rollback": rollback,
        ]
    }

    private func id(_ type: JobType) -> JSON { job.type == type ? .string(job.resourceID) : .null }

    /// Where it runs; a server that is deployed itself is where that runs, too.
    private var server: JSON {
        .string(orNull: job.serverID ?? (job.type == .server ? job.resourceID : nil))
    }

    private var isReturnable: Bool { job.status == .done }

    private var rollback: JSON {
        guard isReturnable else { return .null }
        return [
            "rollbackId": .string(job.id), "deploymentId": .string(job.id),
            "version": job.integer("version").map { .int($0) } ?? .null,
            "createdAt": .string(orNull: (job.completedAt ?? job.createdAt)?.description),
            "rolledBackBy": .string(orNull: rolledBackBy),
        ]
    }

    /// What went wrong: what the recipe said, else what Hoistway says, else the reason alone.
    private var errorMessage: String? {
        guard job.status == .error else { return nil }
        let said = [job.error?["message"]?.stringValue, job.message, job.reason?.rawValue]
        return said.compactMap { $0 }.first { !$0.isEmpty } ?? "error"
    }
}

extension Deployment {
    /// The deployments of jobs that are sorted from the newest on, each with what returned from it to an earlier one:
    /// the next one that was done, if that was a rollback.
    static func all(of jobs: [Job]) -> [Deployment] {
        var next: [String: Job] = [:]
        return jobs.map { job in
            var deployment = Deployment(job: job)
            guard job.status == .done else { return deployment }
            let resource = "\(job.type):\(job.resourceID)"
            if let later = next[resource], let target = later.fields["rollbackOf"], target != job.id {
                deployment.rolledBackBy = later.id
            }
            next[resource] = job
            return deployment
        }
    }
}
