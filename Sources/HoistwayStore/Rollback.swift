import HoistwayModel
import RESP
import RedisClient

extension Store {
    /// Makes a new job of a `done` one that deploys again exactly what that deployed.
    /// - Parameters:
    ///   - document: changes the new job's document, for instance its title.
    ///   - requestID: sent twice with one id, it makes one job.
    /// - Throws: `Refusal` when there is no such job, it is not `done`, or the new one cannot be accepted.
    package func rollback(
        to id: String,
        requestID: String = Identifier.ulid(),
        _ change: @Sendable (inout JobDocument) -> Void = { _ in }
    ) async throws -> Admission {
        guard let job = try await job(id) else { throw Refusal.noJob(id) }
        guard job.status == .done else {
            throw Refusal(.wrongState, "only a job that is done can be returned to; \(id) is \(job.state)")
        }
        var document = try JobDocument(again: job)
        document.id = Identifier.ulid()
        change(&document)
        var further = [("rollbackOf", id)]
        if let version = job.fields["version"] { further.append(("version", version)) }
        return try await enqueue(document, requestID: requestID, further: further)
    }
}

extension JobDocument {
    /// What a job deployed: its own document, with what was found out while it ran (the commit, the image) in the payload.
    init(again job: Job) throws(Refusal) {
        var members: [(key: String, json: [UInt8])] = []
        for field in ["type", "resourceId", "title", "description", "node", "serverId", "concurrencyKey"] {
            if let text = job.fields[field] { members.append((field, JSON.string(text).utf8)) }
        }
        for field in ["organizationId", "memberId"] {
            if let text = job.fields[field] { members.append((field, JSON.string(text).utf8)) }
        }
        for field in ["priority", "concurrencyLimit", "maxAttempts", "labels"] {
            if let text = job.fields[field] { members.append((field, Array(text.utf8))) }
        }
        for option in job.json("options")?.objectValue ?? JSONObject() where option.key != "onConflict" {
            members.append((option.key, option.value.utf8))
        }
        members.append(("payload", JobDocument.payload(deployedBy: job)))
        try self.init(parsing: JSON.bytes(of: members))
    }

    private static func payload(deployedBy job: Job) -> [UInt8] {
        guard let commit = job.result?["commit"]?.stringValue,
            var payload = (try? JSON(parsing: job.payload))?.objectValue,
            var source = payload["source"]?.objectValue, source["type"] == "git"
        else { return job.payload }
        source["commit"] = .string(commit)
        payload["source"] = .object(source)
        return JSON.object(payload).utf8
    }
}
