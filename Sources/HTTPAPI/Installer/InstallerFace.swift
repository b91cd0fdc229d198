import HTTPTypes
import Hoistway
import HoistwayModel
import HoistwayStore
import Hummingbird

/// The newest installer job as the one deploy session of a product: `/api/v1/installer/deploy`.
package struct InstallerFace: Face {
    private static let prefix = "/api/v1/installer/deploy"
    /// What is installed when nobody says it.
    private static let standardID = "default"

    let services: Services

    package init(services: Services) {
        self.services = services
    }

    package var routes: [Route] {
        let deploy = InstallerFace.prefix
        return [
            .post(deploy, .enqueue, start),
            .get("\(deploy)/status", status),
            .get("\(deploy)/{id}") { try await answer(try await session($0)) },
            .post("\(deploy)/{id}/cancel", .operate, cancel),
            .post("\(deploy)/{id}/retry", .operate, retry),
            .get("\(deploy)/{id}/logs") { request in
                try await .log(of: try await session(request), services, request, InstallerSession.wording)
            },
        ]
    }

    private func status(_ request: APIRequest) async throws -> Response {
        var current = try await newest(.running)
        if current == nil { current = try await newest() }
        guard let current else { return .json(["status": "idle", "session": .null] as JSON) }
        return try await answer(current)
    }

    private func start(_ request: APIRequest) async throws -> Response {
        let known = ["installerId", "payload"]
        let given = try await request.members().filter { !$0.value.isNull }
        for member in given where !known.contains(member.key) {
            throw Problem(field: member.key, "unknown field; known are \(known.joined(separator: ", "))")
        }
        var members = given.map { (key: $0.key, json: $0.json) }
        if !given.contains(where: { $0.key == "installerId" }) {
            members.append(("installerId", JSON.string(InstallerFace.standardID).utf8))
        }
        members.append(("type", JSON.string(JobType.installer.name).utf8))
        let key = request.headers["idempotency-key"]
        return try await accepted {
            try await services.jobs.submit(members, idempotencyKey: key, requestID: request.id, alone: true)
        }
    }

    /// Answers with a session that is the only one: whether another is active is judged where it is accepted.
    private func accepted(_ make: () async throws -> JobService.Accepted) async throws -> Response {
        do {
            let accepted = try await make()
            let headers: HTTPFields = [.location: "\(InstallerFace.prefix)/\(accepted.job.id)"]
            let status: HTTPResponse.Status = accepted.isNew ? .accepted : .ok
            return .json(["id": .string(accepted.job.id)] as JSON, status: status, headers: headers)
        } catch let refusal as Refusal where refusal.code == .conflict {
            let id = try await active()?.id
            throw Problem.conflict(
                "session_active",
                "the session \(id.map { "\($0) " } ?? "")is active: cancel it, or wait for its end"
            )
        }
    }

    /// 202 while its processes are being killed, 200 for one that only waited.
    private func cancel(_ request: APIRequest) async throws -> Response {
        let job = try await session(request)
        let order = try KillOrder(parsing: try await request.bytes(), by: request.caller.name)
        let outcome = try await services.jobs.kill(job.id, order)
        let status: HTTPResponse.Status = outcome == .requested ? .accepted : .ok
        return try await answer(try await services.jobs.get(job.id), status: status)
    }

    private func retry(_ request: APIRequest) async throws -> Response {
        let job = try await session(request)
        return try await accepted { try await services.jobs.retry(job.id, requestID: request.id, alone: true) }
    }

    /// The session that the path names.
    private func session(_ request: APIRequest) async throws -> Job {
        let job = try await services.jobs.get(request.parameter("id"))
        guard job.type == .installer else { throw Problem.notFound("\(job.id) is no deploy session") }
        return job
    }

    private func active() async throws -> Job? {
        for status in [JobStatus.pending, .running] {
            if let job = try await newest(status), !job.status.isTerminal { return job }
        }
        return nil
    }

    private func newest(_ status: JobStatus? = nil) async throws -> Job? {
        var filter = JobFilter()
        filter.type = .installer
        filter.status = status
        filter.limit = 1
        return try await services.jobs.list(filter).jobs.first
    }

    private func answer(_ job: Job, status: HTTPResponse.Status = .ok) async throws -> Response {
        let session = InstallerSession(job: job, log: try await InstallerSession.log(of: job, services.logs))
        return .json(session.json, status: status)
    }
}
