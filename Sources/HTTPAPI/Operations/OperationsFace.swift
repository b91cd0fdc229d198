import HTTPTypes
import Hoistway
import HoistwayModel
import HoistwayStore
import Hummingbird

/// Every job as a long-running operation: `/operations`, and the same under `/api/v1`.
package struct OperationsFace: Face {
    let services: Services

    package init(services: Services) {
        self.services = services
    }

    package var routes: [Route] {
        ["/operations", "/api/v1/operations"].flatMap { operations -> [Route] in
            [
                .get(operations, list),
                .get("\(operations)/{id}", show),
                .post("\(operations)/{id}/cancel", .operate, cancel),
            ]
        }
    }

    private func list(_ request: APIRequest) async throws -> Response {
        var filter = JobFilter()
        let standing = try request.query.choice("status", Standing.self)
        standing?.narrow(&filter)
        filter.type = request.query["resourceType"].map { JobType($0) }
        filter.resourceID = request.query["resourceId"]
        filter.limit = try request.query.integer("limit", in: 1...1000) ?? filter.limit
        filter.cursor = request.query["cursor"]
        let page = try await services.jobs.list(filter)
        // One that went on while the page was read stands otherwise by now.
        let operations = page.jobs.map { Operation($0) }.filter { standing == nil || $0.standing == standing }
        return .page(operations.map { .object($0.json) }, nextCursor: page.nextCursor)
    }

    private func show(_ request: APIRequest) async throws -> Response {
        let job = try await services.jobs.get(request.parameter("id"))
        let tag = EntityTag(job.revision)
        if tag.fits(request.headers[.ifNoneMatch]) {
            return .notModified(tag)
        }
        return answer(job, headers: [.eTag: tag.text, .cacheControl: "no-cache"])
    }

    /// 202 while its processes are being killed, 200 for one that only waited.
    private func cancel(_ request: APIRequest) async throws -> Response {
        let id = request.parameter("id")
        let order = try KillOrder(parsing: try await request.bytes(), by: request.caller.name)
        let outcome = try await services.jobs.kill(id, order)
        return answer(try await services.jobs.get(id), status: outcome == .requested ? .accepted : .ok)
    }

    private func answer(_ job: Job, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]) -> Response {
        let operation = Operation(job)
        var headers = headers
        if let wait = operation.error?.retryAfter { headers[.retryAfter] = String(Int(wait.seconds.rounded(.up))) }
        return .json(operation.json, status: status, headers: headers)
    }
}
