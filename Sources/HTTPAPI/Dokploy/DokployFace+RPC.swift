import HTTPTypes
import HoistwayModel
import Hummingbird
import Logging
import NIOCore

/// The same procedures as tRPC has them: several in one request if a client likes, the input bare or as superjson wraps
/// it.
extension DokployFace {
    /// Most procedures of one request.
    private static let mostCalls = 50
    private static let name = "procedures"

    /// How a client wraps what it sends, and so what it gets.
    private enum Wrapping {
        case bare
        /// `{"json":…}`.
        case superjson
        /// The request was not read: its client finds the error whichever way it looks.
        case unknown

        func error(_ error: JSONObject) -> JSON {
            switch self {
            case .bare: return ["error": .object(error)]
            case .superjson: return ["error": ["json": .object(error)]]
            case .unknown:
                var both = error
                both.append("json", .object(error))
                return ["error": .object(both)]
            }
        }

        func result(_ value: JSON) -> JSON {
            self == .superjson ? ["result": ["data": ["json": value]]] : ["result": ["data": value]]
        }
    }

    var remoteProcedureRoutes: [Route] {
        let path = "\(DokployFace.prefix)/trpc/{\(DokployFace.name)}"
        let byName = Dictionary(uniqueKeysWithValues: procedures.map { ($0.name, $0) })
        return [HTTPRequest.Method.get, .post].map { method in
            Route(method, path, .token) { request in try await respond(to: request, byName) }
        }
    }

    private func respond(to request: APIRequest, _ procedures: [String: Procedure]) async throws -> Response {
        let isQuery = request.method != .post
        let text = isQuery ? Array((request.query["input"] ?? "").utf8) : try await request.bytes()
        let names = DokployFace.names(in: request)
        guard names.count <= DokployFace.mostCalls else {
            throw Problem(.badRequest, code: "too_many", "a batch has at most \(DokployFace.mostCalls) procedures")
        }
        let whole = Result { () throws(Problem) in try DokployFace.object(parsing: text) }
        let isBatch = DokployFace.isBatch(request)
        var answers: [ProcedureAnswer] = []
        for (index, name) in names.enumerated() {
            let input = whole.map { isBatch ? $0[String(index)] ?? .null : .object($0) }
            let id = names.count > 1 ? "\(request.id).\(index)" : request.id
            answers.append(await answer(name, procedures[name], input, isQuery: isQuery, request, requestID: id))
        }
        // One header for all that a batch wants repeated: the longest time.
        let wait = answers.compactMap(\.retryAfter).max()
        let headers: HTTPFields = wait.map { [.retryAfter: String($0)] } ?? [:]
        guard isBatch else { return .json(answers[0].body, status: answers[0].status, headers: headers) }
        let statuses = Set(answers.map(\.status.code))
        return .json(
            .array(answers.map(\.body)),
            status: statuses.count == 1
                ? answers[0].status : HTTPResponse.Status(code: 207, reasonPhrase: "Multi-Status"),
            headers: headers
        )
    }

    /// What a procedure answered.
    private struct ProcedureAnswer {
        var status: HTTPResponse.Status
        var body: JSON
        /// In seconds.
        var retryAfter: Int?
    }

    private func answer(
        _ name: String,
        _ procedure: Procedure?,
        _ input: Result<JSON, Problem>,
        isQuery: Bool,
        _ request: APIRequest,
        requestID: String
    ) async -> ProcedureAnswer {
        var wrapping = Wrapping.unknown
        do {
            let (own, value) = DokployFace.unwrap(try input.get())
            wrapping = own
            guard let procedure else {
                throw Problem(.notFound, code: "no_such_procedure", "No procedure found on path \"\(name)\"")
            }
            guard (procedure.kind == .query) == isQuery else {
                let kind = procedure.kind == .query ? "query" : "mutation"
                throw Problem(
                    .methodNotAllowed,
                    code: "method_not_allowed",
                    "Unsupported \(request.method)-request to \(kind) procedure at path \"\(name)\""
                )
            }
            guard request.caller.may(procedure.scope) else {
                throw Authenticator.forbidden(lacking: procedure.scope)
            }
            let object = value.isNull ? [:] : value.objectValue
            guard let object else {
                throw Problem(.badRequest, code: "invalid_input", "the input must be an object, not \(value.kind)")
            }
            let call = Procedure.Call(
                input: try Input(object, procedure.fields),
                requestID: requestID,
                caller: request.caller
            )
            return ProcedureAnswer(status: .ok, body: wrapping.result(try await procedure.run(call)))
        } catch {
            if Problem(error) == nil {
                request.logger.error(
                    "a procedure failed",
                    metadata: ["requestId": "\(request.id)", "procedure": "\(name)", "error": "\(error)"]
                )
            }
            let problem = DokployError(error)
            let body = wrapping.error(problem.rpc(path: name))
            return ProcedureAnswer(status: problem.status, body: body, retryAfter: problem.retryAfter)
        }
    }

    /// An error of the whole request, in the shape of its answer.
    func remoteError(_ error: DokployError, of request: APIRequest) -> JSON {
        let bodies = DokployFace.names(in: request).map { Wrapping.unknown.error(error.rpc(path: $0)) }
        return DokployFace.isBatch(request) ? .array(bodies) : bodies.first ?? .null
    }

    private static func isBatch(_ request: APIRequest) -> Bool { request.query["batch"] == "1" }

    /// The procedures that a request names, which only those of a batch part with commas.
    private static func names(in request: APIRequest) -> [String] {
        let last = request.path.split(separator: "/").last.flatMap { Percent.decode($0) } ?? ""
        return isBatch(request) ? last.split(separator: ",").map(String.init) : [last]
    }

    private static func unwrap(_ value: JSON) -> (Wrapping, JSON) {
        guard let object = value.objectValue, let inner = object["json"],
            object.keys.allSatisfy({ $0 == "json" || $0 == "meta" })
        else { return (.bare, value) }
        return (.superjson, inner)
    }
}
