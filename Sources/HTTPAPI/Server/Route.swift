import HTTPTypes
import Hummingbird

/// What a caller must be allowed for a route.
package enum Access: Sendable, Hashable {
    /// Nothing: health and pages that show nothing of anybody.
    case open
    case scope(AccessScope)
}

/// One method of one path.
package struct Route: Sendable {
    package typealias Handler = @Sendable (APIRequest) async throws -> Response

    package var method: HTTPRequest.Method
    /// Segments, of which those in braces take any text: `/api/v1/jobs/{id}`. Tells the route in metrics and logs too.
    package var path: String
    package var access: Access
    package var respond: Handler

    package init(_ method: HTTPRequest.Method, _ path: String, _ access: Access, _ respond: @escaping Handler) {
        self.method = method
        self.path = path
        self.access = access
        self.respond = respond
    }

    package static func get(_ path: String, _ respond: @escaping Handler) -> Route {
        Route(.get, path, .scope(.read), respond)
    }

    package static func post(_ path: String, _ scope: AccessScope, _ respond: @escaping Handler) -> Route {
        Route(.post, path, .scope(scope), respond)
    }

    package static func put(_ path: String, _ scope: AccessScope, _ respond: @escaping Handler) -> Route {
        Route(.put, path, .scope(scope), respond)
    }

    package static func delete(_ path: String, _ scope: AccessScope, _ respond: @escaping Handler) -> Route {
        Route(.delete, path, .scope(scope), respond)
    }
}

/// A way to speak with Hoistway: its routes, and the shape of its errors. It translates between the wire and ``Services`` and
/// knows neither Redis nor another face. The server asks it once, at the start.
package protocol Face: Sendable {
    var routes: [Route] { get }
    /// Whether a path that no route fits is this face's all the same, so that its 404 and 405 have the face's shape.
    func owns(_ path: String) -> Bool
    /// What went wrong with a request of this face, as its clients know it.
    func response(to problem: Problem, of request: APIRequest) -> Response
}

extension Face {
    package func owns(_ path: String) -> Bool { false }
    package func response(to problem: Problem, of request: APIRequest) -> Response {
        problem.response(requestID: request.id)
    }
}
