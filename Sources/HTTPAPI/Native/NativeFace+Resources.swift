import HTTPTypes
import HoistwayModel
import HoistwayStore
import Hummingbird

extension NativeFace {
    var resourceRoutes: [Route] {
        let resource = "\(NativeFace.prefix)/resources/{type}/{id}"
        return [
            .get(resource) { request in
                let stored = try await services.resources.get(NativeFace.type(in: request), request.parameter("id"))
                let tag = EntityTag(stored.version)
                if tag.fits(request.headers[.ifNoneMatch]) { return .notModified(tag) }
                return NativeFace.answer(stored)
            },
            .put(resource, .admin, put),
            .delete(resource, .admin) { request in
                let (type, id) = (NativeFace.type(in: request), request.parameter("id"))
                try await services.resources.remove(type, id, version: try await expected(type, id, request))
                return .noContent
            },
        ]
    }

    /// Writes all of a resource; `If-Match` holds it to a version, `If-None-Match: *` to being new.
    private func put(_ request: APIRequest) async throws -> Response {
        let (type, id) = (NativeFace.type(in: request), request.parameter("id"))
        let expected = try await expected(type, id, request)
        let resource = try Resource(parsing: try await request.bytes(), type: type, id: id)
        return NativeFace.answer(try await services.resources.put(resource, version: expected))
    }

    private func expected(_ type: JobType, _ id: String, _ request: APIRequest) async throws -> Int? {
        try await EntityTag.expected(in: request) { try await services.resources.find(type, id)?.version }
    }

    private static func type(in request: APIRequest) -> JobType { JobType(request.parameter("type")) }

    private static func answer(_ stored: StoredResource) -> Response {
        .json(stored.json, headers: [.eTag: EntityTag(stored.version).text, .cacheControl: "no-cache"])
    }
}
