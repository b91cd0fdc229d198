import HTTPTypes
import HoistwayModel
import Hummingbird
import NIOCore

/// The deployments API of Dokploy, for its clients: `/api/<entity>.<action>`, the same by tRPC under `/api/trpc`, and
/// the WebSocket of the live log.
package struct DokployFace: Face {
    static let prefix = "/api"

    let services: Services

    package init(services: Services) {
        self.services = services
    }

    var procedures: [Procedure] {
        deploymentProcedures + deployingProcedures + settingsProcedures
    }

    package var routes: [Route] {
        let rest = procedures.map { procedure in
            Route(
                procedure.kind == .query ? .get : .post,
                "\(DokployFace.prefix)/\(procedure.name)",
                .scope(procedure.scope)
            ) { request in
                let input = try Input(try await DokployFace.object(of: request, procedure), procedure.fields)
                let call = Procedure.Call(input: input, requestID: request.id, caller: request.caller)
                return .json(try await procedure.run(call))
            }
        }
        return rest + remoteProcedureRoutes + [.get("/listen-deployment", listen)]
    }

    /// Everything that looks like an action, so that its clients understand that it is not there.
    package func owns(_ path: String) -> Bool {
        let parts = DokployFace.parts(path)
        if parts == ["listen-deployment"] { return true }
        return parts.count >= 2 && parts[0] == "api" && (parts[1] == "trpc" || parts[1].contains("."))
    }

    /// Clients build paths with a slash too many.
    package func canonical(_ path: String) -> String { "/" + DokployFace.parts(path).joined(separator: "/") }

    package func response(to problem: Problem, of request: APIRequest) -> Response {
        let error = DokployError(problem)
        let parts = DokployFace.parts(request.path)
        let body = parts.dropFirst().first == "trpc" ? remoteError(error, of: request) : error.rest
        var response = problem.response(ByteBuffer(bytes: body.utf8), type: "application/json")
        response.status = error.status
        return response
    }

    private static func parts(_ path: String) -> [Substring] { path.split(separator: "/") }

    /// The input of a REST request: the query, or the body's object.
    private static func object(of request: APIRequest, _ procedure: Procedure) async throws -> JSONObject {
        guard procedure.kind == .mutation else {
            return JSONObject(
                pairs: procedure.fields.compactMap { field in
                    request.query[field.name].map { (field.name, .string($0)) }
                }
            )
        }
        let bytes = try await request.bytes()
        return try object(parsing: bytes)
    }

    /// - Throws: ``Problem`` (400) for what is no JSON object.
    static func object(parsing bytes: [UInt8]) throws(Problem) -> JSONObject {
        if bytes.isEmpty { return [:] }
        guard let object = (try? JSON(parsing: bytes))?.objectValue else {
            throw Problem(.badRequest, code: "invalid_json", "the input is not a JSON object")
        }
        return object
    }

    private var settingsProcedures: [Procedure] {
        [
            .query("settings.health", "Whether the server lives.", [], .health) { _ in ["status": "ok"] },
            .query("settings.getOpenApiDocument", "This document.", [], .document) { _ in openAPI },
        ]
    }
}

extension JSONObject {
    init(pairs: [(key: String, value: JSON)]) {
        self.init()
        for pair in pairs { append(pair.key, pair.value) }
    }
}
