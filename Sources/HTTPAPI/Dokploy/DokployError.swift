import HTTPTypes
import HoistwayModel

/// What went wrong, in the words of the product's clients.
struct DokployError: Sendable {
    /// `BAD_REQUEST`, `NOT_FOUND`…
    var code: String
    /// That of JSON-RPC, which tRPC has in its errors.
    var number: Int
    var status: HTTPResponse.Status
    var message: String
    var fieldErrors: FieldErrors
    /// In seconds.
    var retryAfter: Int?

    private static let words: [Int: (code: String, number: Int)] = [
        400: ("BAD_REQUEST", -32600), 401: ("UNAUTHORIZED", -32001), 403: ("FORBIDDEN", -32003),
        404: ("NOT_FOUND", -32004), 405: ("METHOD_NOT_SUPPORTED", -32005), 408: ("TIMEOUT", -32008),
        409: ("CONFLICT", -32009), 412: ("PRECONDITION_FAILED", -32012), 413: ("PAYLOAD_TOO_LARGE", -32013),
        414: ("BAD_REQUEST", -32600), 415: ("UNSUPPORTED_MEDIA_TYPE", -32015), 426: ("BAD_REQUEST", -32600),
        429: ("TOO_MANY_REQUESTS", -32029), 503: ("SERVICE_UNAVAILABLE", -32603),
    ]

    init(_ problem: Problem) {
        // These clients know one status for input that is wrong.
        status = problem.status == .unprocessableContent ? .badRequest : problem.status
        (code, number) = DokployError.words[status.code] ?? ("INTERNAL_SERVER_ERROR", -32603)
        message = problem.detail
        fieldErrors = problem.fieldErrors
        retryAfter = problem.retryAfter
    }

    /// An error of a procedure, whatever it was; one that is none of the services' is the server's.
    init(_ error: any Error) {
        let failed = Problem(.internalServerError, code: "internal", "the server failed; its log says why")
        self.init(Problem(error) ?? failed)
    }

    /// `{"message","code","issues"}`.
    var rest: JSON {
        let issues = fieldErrors.entries.map { entry -> JSON in
            [
                "message": .string(entry.message),
                "path": .array(entry.field.split(separator: ".").map { .string(String($0)) }),
            ]
        }
        return ["message": .string(message), "code": .string(code), "issues": .array(issues)]
    }

    /// The error of tRPC: `{"message","code","data"}`.
    /// - Parameter path: the procedure.
    func rpc(path: String) -> JSONObject {
        var zod = JSON.null
        if !fieldErrors.isEmpty {
            let fields = fieldErrors.entries.map { (key: $0.field, value: [.string($0.message)] as JSON) }
            zod = ["formErrors": [], "fieldErrors": .object(JSONObject(pairs: fields))]
        }
        return [
            "message": .string(message), "code": .int(number),
            "data": [
                "code": .string(code), "httpStatus": .int(status.code), "path": .string(path), "zodError": zod,
            ],
        ]
    }
}
