import HoistwayModel
import HoistwayStore

/// What makes deployments, and what takes back those that wait.
extension DokployFace {
    private static let prose = [Field("title", .prose), Field("description", .prose)]
    /// The databases and things of which the product has a procedure each.
    private static let backups = ["Postgres", "MySql", "Mariadb", "Mongo", "Libsql", "Compose", "WebServer"]

    var deployingProcedures: [Procedure] {
        service(.application, "application", "an application")
            + service(.compose, "compose", "a compose")
            + [
                deployment("previewDeployment.redeploy", of: .previewDeployment, "Rebuild preview deployment"),
                deployment("volumeBackups.runManually", of: .volumeBackup, "Manual volume backup"),
                .mutation(
                    "schedule.runManually",
                    .enqueue,
                    "Runs a schedule now.",
                    [Field("scheduleId", .id)],
                    .accepted,
                    runSchedule
                ),
                .mutation(
                    "rollback.rollback",
                    .operate,
                    "Deploys again what an earlier deployment deployed.",
                    [Field("rollbackId", .id)],
                    .accepted,
                    rollback
                ),
            ] + DokployFace.backups.map { deployment("backup.manualBackup\($0)", of: .backup, "Manual backup") }
    }

    private func service(_ type: JobType, _ entity: String, _ words: String) -> [Procedure] {
        let id = Field(type.idKey, .id)
        return [
            deployment("\(entity).deploy", of: type, "Manual deployment"),
            deployment("\(entity).redeploy", of: type, "Rebuild deployment"),
            .mutation(
                "\(entity).cancelDeployment",
                .operate,
                "Ends what waits and what runs of \(words).",
                [id],
                .cancelled
            ) { call in
                try await cancel(type, call) { order in
                    var selection = KillSelection()
                    selection.type = type.name
                    selection.resourceID = call.input[type.idKey]
                    return try await services.jobs.kill(selection, order)
                }
            },
            .mutation(
                "\(entity).cleanQueues",
                .operate,
                "Ends what waits of \(words).",
                [id],
                .cancelled
            ) { call in
                try await cancel(type, call) { order in
                    try await services.jobs.cancelWaiting(type, call.input[type.idKey], order)
                }
            },
        ]
    }

    /// A procedure that deploys what the registry knows under an id.
    /// - Parameter title: of a deployment that neither the client nor the registry gives one.
    private func deployment(_ name: String, of type: JobType, _ title: String) -> Procedure {
        .mutation(
            name,
            .enqueue,
            "Enqueues a deployment: \(title.lowercased()).",
            [Field(type.idKey, .id)] + DokployFace.prose,
            .accepted
        ) { call in
            let stored = try await services.resources.get(type, call.input[type.idKey])
            return try await deploy(stored, title: title, call)
        }
    }

    private func deploy(_ stored: StoredResource, title: String, _ call: Procedure.Call) async throws -> JSON {
        var members: JobService.Members = []
        let own = stored.resource.defaults["title"] == nil ? title : nil
        if let title = call.input.text("title") ?? own { members.append(("title", JSON.string(title).utf8)) }
        if let text = call.input.text("description") { members.append(("description", JSON.string(text).utf8)) }
        let document = try stored.resource.document(of: members)
        let accepted = try await services.jobs.submit(document, version: stored.version, requestID: call.requestID)
        return DokployFace.accepted(accepted.job.id)
    }

    /// Of the registry's resources of type schedule, else of the schedules that Hoistway itself keeps.
    private func runSchedule(_ call: Procedure.Call) async throws -> JSON {
        let id = call.input["scheduleId"]
        if let stored = try await services.resources.find(.schedule, id) {
            return try await deploy(stored, title: "Manual run", call)
        }
        guard Identifier.isName(id) else { throw Refusal.noResource(.schedule, id) }
        do {
            return DokployFace.accepted(try await services.schedules.run(id, requestID: call.requestID).id)
        } catch let refusal as Refusal where refusal.code == .notFound {
            throw Refusal.noResource(.schedule, id)
        }
    }

    private func rollback(_ call: Procedure.Call) async throws -> JSON {
        let job = try await job(call.input["rollbackId"])
        return DokployFace.accepted(try await services.jobs.rollback(to: job.id, requestID: call.requestID).job.id)
    }

    private func cancel(
        _ type: JobType,
        _ call: Procedure.Call,
        _ end: (KillOrder) async throws -> Int
    ) async throws -> JSON {
        let id = call.input[type.idKey]
        guard try await services.jobs.knows(type, id) else { throw Refusal.noResource(type, id) }
        let count = try await end(KillOrder(by: call.caller.name))
        return ["success": true, "count": .int(count)]
    }

    private static func accepted(_ id: String) -> JSON { ["success": true, "deploymentId": .string(id)] }
}
