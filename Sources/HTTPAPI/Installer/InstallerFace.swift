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
        members.append(("onConflict", JSON.string("reject").utf8))
        // What is wrong is told, whatever is active.
        _ = try JobDocument(parsing: JSON.bytes(of: members))
        let key = request.headers["idempotency-key"]
        if let active = try await active() {
            guard let key, active.fields["idempotencyKey"] == key else { throw InstallerFace.isActive(active.id) }
            return InstallerFace.accepted(active, isNew: false)
        }
        let accepted: JobService.Accepted
        do {
            accepted = try await services.jobs.submit(members, idempotencyKey: key, requestID: request.id)
        } catch let refusal as Refusal where refusal.code == .conflict {
            throw InstallerFace.isActive(try await active()?.id)
        }
        if accepted.isNew { try await giveWay(accepted.job) }
        return InstallerFace.accepted(accepted.job, isNew: accepted.isNew)
    }

    /// Two that were started at the same moment did not see each other: the later one is taken back.
    private func giveWay(_ job: Job) async throws {
        var filter = JobFilter()
        filter.type = .installer
        let older = try await services.jobs.list(filter).jobs.drop { $0.id != job.id }.dropFirst()
        guard let active = older.first(where: { !$0.status.isTerminal }) else { return }
        do {
            _ = try await services.jobs.kill(job.id, KillOrder(why: "\(active.id) is active"))
        } catch let refusal as Refusal where refusal.code == .alreadyEnded {
            // It did not wait to be taken back.
        }
        throw InstallerFace.isActive(active.id)
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
        if let active = try await active(), active.id != job.id, active.fields["retryOf"] != job.id {
            throw InstallerFace.isActive(active.id)
        }
        let accepted = try await services.jobs.retry(job.id)
        if accepted.isNew { try await giveWay(accepted.job) }
        return InstallerFace.accepted(accepted.job, isNew: accepted.isNew)
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

    private static func accepted(_ job: Job, isNew: Bool) -> Response {
        let headers: HTTPFields = [.location: "\(prefix)/\(job.id)"]
        return .json(["id": .string(job.id)] as JSON, status: isNew ? .accepted : .ok, headers: headers)
    }

    private static func isActive(_ id: String?) -> Problem {
        .conflict("session_active", "the session \(id.map { "\($0) " } ?? "")is active: cancel it, or wait for its end")
    }
}
