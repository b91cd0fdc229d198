import HTTPTypes
import HoistwayModel
import HoistwayStore
import Hummingbird
import Logging
import NIOCore

/// What happens to every request: its id, limits, who asks and what they may, the route, errors in the face's shape, the audit
/// event, metrics and the log.
struct Dispatcher: HTTPResponder {
    typealias Context = ConnectionContext

    let table: RouteTable
    let standard: any Face
    let authenticator: Authenticator
    /// Nobody needs a token.
    let isOpen: Bool
    let services: Services
    let limits: APIConfiguration.Limits
    let logger: Logger

    func respond(to request: Request, context: ConnectionContext) async throws -> Response {
        let begin = ContinuousClock.now
        let id = Dispatcher.requestID(request.headers)
        let address = context.channel.remoteAddress?.ipAddress ?? "local"
        var route: Route?
        var caller = Caller.nobody
        var response = await answer(request, context, id: id, address: address, &route, &caller)
        Dispatcher.harden(&response.headers, id: id)
        let time = ContinuousClock.now - begin
        services.metrics.observe(request.method, route?.path, response.status, time)
        log(request, response.status, id: id, address: address, route, caller, time)
        if request.method == .head { response = Dispatcher.withoutBody(response) }
        // The reader of HTTP takes nothing of the connection after a request for another protocol.
        if request.headers[.upgrade] != nil, response.status != .switchingProtocols {
            response.endConnection(context.channel)
        }
        return response
    }

    private func answer(
        _ request: Request,
        _ context: ConnectionContext,
        id: String,
        address: String,
        _ route: inout Route?,
        _ caller: inout Caller
    ) async -> Response {
        var asked = APIRequest(
            id: id,
            method: request.method,
            authority: request.head.authority,
            headers: request.headers,
            remoteAddress: address,
            logger: logger,
            channel: context.channel,
            body: request.body,
            patience: TimeAmount(limits.patience)
        )
        var face = standard
        do {
            let target = request.head.path ?? "/"
            guard target.utf8.count <= limits.urlBytes else {
                throw Problem(.uriTooLong, code: "uri_too_long", "a path has at most \(limits.urlBytes) bytes")
            }
            let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
            asked.path = String(parts.first ?? "/")
            let found = table.find(request.method, asked.path)
            if let owner = found.face { face = owner }
            asked.query = try Query(parts.count > 1 ? parts[1] : nil)
            let match = try Dispatcher.match(found, request.method)
            route = match.route
            asked.parameters = match.parameters
            if isOpen { try OwnPages.check(request.head) }
            caller = try await allow(match.route.access, asked)
            asked.caller = caller
            if let identity = caller.identity {
                asked.isAllowed = { [authenticator] in await authenticator.knows(identity) }
            }
            if caller.isBrowser { try OwnPages.checkBrowser(request.head) }
            let response = try await match.route.respond(asked)
            if response.status.kind == .successful { await audit(match.route, asked, response) }
            return response
        } catch {
            let problem = Problem(error)
            if problem == nil {
                logger.error("a request failed", metadata: ["requestId": "\(id)", "error": "\(error)"])
            }
            let failed = Problem(.internalServerError, code: "internal", "the server failed; its log says why")
            var response = face.response(to: problem ?? failed, of: asked)
            asked.leaveUnreadBody(&response)
            return response
        }
    }

    private static func match(
        _ result: RouteTable.Result,
        _ method: HTTPRequest.Method
    ) throws(Problem) -> RouteTable.Match {
        switch result {
        case .match(let match): return match
        case .notFound: throw Problem(.notFound, code: "no_such_route", "there is nothing at this path")
        case .otherMethods(let methods, _):
            let names = Set(methods.map(\.rawValue)).sorted().joined(separator: ", ")
            throw Problem(
                .methodNotAllowed,
                code: "method_not_allowed",
                "\(method.rawValue) is not possible here, only \(names)",
                headers: [.allow: names]
            )
        }
    }

    private func allow(_ access: Access, _ request: APIRequest) async throws -> Caller {
        if access == .open { return .nobody }
        let caller = try await authenticator.caller(request.headers, address: request.remoteAddress)
        guard caller != .nobody else {
            throw Authenticator.unauthorized("a token is needed: Authorization: Bearer TOKEN")
        }
        if case .scope(let scope) = access, !caller.may(scope) { throw Authenticator.forbidden(lacking: scope) }
        return caller
    }

    /// Who changed what, for the events. What is done is done: that it cannot be told is no error of the request.
    private func audit(_ route: Route, _ request: APIRequest, _ response: Response) async {
        guard ![.get, .head, .options].contains(request.method) else { return }
        let data: JSON = [
            "action": .string("\(request.method.rawValue) \(route.path)"),
            "path": .string(request.path),
            "status": .int(response.status.code),
            "requestId": .string(request.id),
            "address": .string(request.remoteAddress),
        ]
        do {
            try await services.store.audit(token: request.caller.tokenID, data)
        } catch {
            logger.warning("an audit event is missing", metadata: ["requestId": "\(request.id)", "error": "\(error)"])
        }
    }

    private func log(
        _ request: Request,
        _ status: HTTPResponse.Status,
        id: String,
        address: String,
        _ route: Route?,
        _ caller: Caller,
        _ time: Duration
    ) {
        // The route's pattern, never the path with its query: whatever a client mistook for it stays out of the log.
        let milliseconds = Double(time.components.attoseconds) / 1e15 + Double(time.components.seconds) * 1000
        // Health is asked for every few seconds.
        logger.log(
            level: route?.access == .open && status.kind == .successful ? .debug : .info,
            "request",
            metadata: [
                "requestId": "\(id)", "method": "\(request.method.rawValue)", "route": "\(route?.path ?? "-")",
                "status": "\(status.code)", "ms": "\((milliseconds * 10).rounded() / 10)", "address": "\(address)",
                "token": "\(caller.tokenID.isEmpty ? "-" : caller.tokenID)",
            ]
        )
    }

    private static func requestID(_ headers: HTTPFields) -> String {
        if let id = headers["x-request-id"], Identifier.isJobID(id) { return id }
        return Identifier.ulid()
    }

    private static func harden(_ headers: inout HTTPFields, id: String) {
        headers["x-request-id"] = id
        headers[.xContentTypeOptions] = "nosniff"
        headers["referrer-policy"] = "no-referrer"
        if headers[.cacheControl] == nil { headers[.cacheControl] = "no-store" }
        if headers[.contentSecurityPolicy] == nil {
            headers[.contentSecurityPolicy] = "default-src 'none'; frame-ancestors 'none'"
        }
    }

    private static func withoutBody(_ response: Response) -> Response {
        let length = response.headers[.contentLength]
        var head = Response(status: response.status, headers: response.headers)
        head.headers[.contentLength] = length
        return head
    }
}

extension RouteTable.Result {
    /// Whose shape an error has.
    fileprivate var face: (any Face)? {
        switch self {
        case .match(let match): match.face
        case .otherMethods(_, let face): face
        case .notFound(let face): face
        }
    }
}
