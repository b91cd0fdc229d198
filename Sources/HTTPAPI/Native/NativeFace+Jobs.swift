import HTTPTypes
import Hoistway
import HoistwayModel
import HoistwayStore
import Hummingbird

extension NativeFace {
    /// The longest that a request may wait for a job's end, in seconds.
    private static let longestWait = 300.0

    var jobRoutes: [Route] {
        let jobs = "\(NativeFace.prefix)/jobs"
        return [
            .post(jobs, .enqueue, submit),
            .get(jobs, list),
            .get("\(jobs)/{id}", show),
            .delete("\(jobs)/{id}", .operate, remove),
            .post("\(jobs)/{id}/kill", .operate, kill),
            .post("\(jobs)/{id}/retry", .operate) { request in
                try await request.refuseMembers()
                return try await accepted(
                    try await services.jobs.retry(request.parameter("id"), requestID: request.id)
                )
            },
            .post("\(jobs)/{id}/rollback", .operate) { request in
                try await request.refuseMembers()
                return try await accepted(
                    try await services.jobs.rollback(to: request.parameter("id"), requestID: request.id)
                )
            },
            .post("\(jobs)/{id}/promote", .operate) { request in
                try await request.refuseMembers()
                try await services.jobs.promote(request.parameter("id"))
                return .json(try await services.jobs.json(try await services.jobs.get(request.parameter("id"))))
            },
            .get("\(jobs)/{id}/history") { request in
                .page(try await services.jobs.history(request.parameter("id")))
            },
        ]
    }

    private func submit(_ request: APIRequest) async throws -> Response {
        let members = try await request.members()
        let accepted = try await services.jobs.submit(
            members.map { ($0.key, $0.json) },
            idempotencyKey: request.headers["idempotency-key"],
            requestID: request.id
        )
        return try await self.accepted(accepted)
    }

    /// 202 for a job that is new, 200 for one that was there already.
    private func accepted(_ accepted: JobService.Accepted) async throws -> Response {
        .json(
            try await services.jobs.json(accepted.job),
            status: accepted.isNew ? .accepted : .ok,
            headers: [.location: "\(NativeFace.prefix)/jobs/\(accepted.job.id)"]
        )
    }

    private func list(_ request: APIRequest) async throws -> Response {
        var filter = JobFilter()
        filter.type = request.query["type"].map { JobType($0) }
        filter.resourceID = request.query["resourceId"]
        filter.server = request.query["serverId"]
        filter.status = try request.query.choice("status", JobStatus.self)
        if let label = request.query["label"] {
            guard let pair = label.assignment else { throw Problem(field: "label", "must be key=value") }
            filter.label = KillSelection.Label(key: pair.name, value: pair.value)
        }
        filter.limit = try request.query.integer("limit", in: 1...1000) ?? filter.limit
        filter.cursor = request.query["cursor"]
        let page = try await services.jobs.list(filter)
        return .page(try await services.jobs.json(page.jobs), nextCursor: page.nextCursor)
    }

    private func show(_ request: APIRequest) async throws -> Response {
        let id = request.parameter("id")
        if let wait = try request.query.seconds("wait", most: NativeFace.longestWait) {
            _ = try await services.jobs.get(id, waiting: wait)
        }
        let view = try await services.jobs.view(id)
        if view.tag.fits(request.headers[.ifNoneMatch]) { return .notModified(view.tag) }
        return .json(view.json, headers: [.eTag: view.tag.text, .cacheControl: "no-cache"])
    }

    private func remove(_ request: APIRequest) async throws -> Response {
        try await services.jobs.remove(request.parameter("id"))
        return .noContent
    }

    /// 202 while its processes are being killed, 200 for one that only waited.
    private func kill(_ request: APIRequest) async throws -> Response {
        let id = request.parameter("id")
        let order = try KillOrder(parsing: try await request.bytes(), by: request.caller.name)
        let outcome = try await services.jobs.kill(id, order)
        let job = try await services.jobs.get(id)
        return .json(try await services.jobs.json(job), status: outcome == .requested ? .accepted : .ok)
    }
}

/// An entity tag made of a version (RFC 9110 §8.8.3).
struct EntityTag: Sendable {
    let text: String

    /// - Parameter content: what may differ within a version.
    init(_ version: Int, _ content: [UInt8] = []) {
        text = content.isEmpty ? "\"\(version)\"" : "\"\(version)-\(EntityTag.digest(content))\""
    }

    /// Of something that is the same for ever unless its content differs.
    init(of content: some Collection<UInt8>) {
        text = "\"\(EntityTag.digest(content))\""
    }

    private static func digest(_ content: some Collection<UInt8>) -> String {
        SHA256.digest(content).prefix(8).map { String($0, radix: 16) }.joined()
    }

    /// Whether a list of tags names it; `*` does always.
    func fits(_ header: String?) -> Bool {
        guard let header else { return false }
        return header.split(separator: ",").contains { part in
            var tag = part.drop { $0 == " " }
            while tag.last == " " { tag.removeLast() }
            if tag.hasPrefix("W/") { tag = tag.dropFirst(2) }
            return tag == "*" || tag == text
        }
    }

    /// The version that `If-Match` or `If-None-Match: *` asks for, 0 for none yet; `nil` when there is no condition.
    /// - Parameter current: the version there is; `nil` for none.
    /// - Throws: ``Problem`` for a condition that what there is does not meet.
    static func expected(in request: APIRequest, _ current: () async throws -> Int?) async throws -> Int? {
        if request.headers[.ifNoneMatch] == "*" { return 0 }
        guard let header = request.headers[.ifMatch] else { return nil }
        guard let version = try await current(), EntityTag(version).fits(header) else {
            throw Problem(.preconditionFailed, code: "version_changed", "there is no version that If-Match names")
        }
        return version
    }
}
