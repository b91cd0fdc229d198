import HTTPTypes
import Hoistway
import HoistwayModel
import HoistwayStore
import Hummingbird
import NIOCore
import RedisClient

/// Why a request was not answered as wished. The native faces write it as a problem detail (RFC 9457).
package struct Problem: Error, Sendable {
    package var status: HTTPResponse.Status
    /// What a program branches on.
    package var code: String
    /// A sentence for people, without secrets.
    package var detail: String
    package var fieldErrors: FieldErrors
    /// Whether the same request may succeed later; `nil` where that is not known.
    package var isRetryable: Bool?
    /// When to try again, in seconds.
    package var retryAfter: Int?
    /// Further headers of the answer.
    package var headers: HTTPFields

    package init(
        _ status: HTTPResponse.Status,
        code: String,
        _ detail: String,
        fieldErrors: FieldErrors = FieldErrors(),
        isRetryable: Bool? = nil,
        retryAfter: Int? = nil,
        headers: HTTPFields = [:]
    ) {
        self.status = status
        self.code = code
        self.detail = detail
        self.fieldErrors = fieldErrors
        self.isRetryable = isRetryable
        self.retryAfter = retryAfter
        self.headers = headers
    }

    /// A field with a wrong value: 422.
    package init(field: String, _ message: String) {
        var errors = FieldErrors()
        errors.add(field, message)
        self.init(.unprocessableContent, code: "invalid_field", "\(field): \(message)", fieldErrors: errors)
    }

    package static func notFound(_ detail: String) -> Problem { Problem(.notFound, code: "not_found", detail) }

    package static func conflict(_ code: String, _ detail: String) -> Problem { Problem(.conflict, code: code, detail) }

    /// The members of the problem detail.
    package func json(requestID: String) -> JSONObject {
        var object: JSONObject = [
            "type": "about:blank", "title": .string(status.reasonPhrase), "status": .int(status.code),
            "detail": .string(detail), "code": .string(code), "requestId": .string(requestID),
        ]
        if !fieldErrors.isEmpty { object.append("fieldErrors", fieldErrors.json) }
        if let isRetryable { object.append("retryable", .bool(isRetryable)) }
        if let retryAfter { object.append("retryAfter", .int(retryAfter)) }
        return object
    }

    package func response(requestID: String) -> Response {
        let body = JSON.object(json(requestID: requestID)).utf8
        return response(ByteBuffer(bytes: body), type: "application/problem+json")
    }

    /// An answer with the status and headers of the problem and a body of the face's own.
    package func response(_ body: ByteBuffer, type: String) -> Response {
        var fields = headers
        fields[.contentType] = type
        if let retryAfter { fields[.retryAfter] = String(retryAfter) }
        return Response(status: status, headers: fields, body: ResponseBody(byteBuffer: body))
    }
}

extension Problem {
    /// What an error of the services means to a client; `nil` for one that is none of theirs, which is ours.
    package init?(_ error: any Error) {
        switch error {
        case let problem as Problem: self = problem
        case let refusal as Refusal: self.init(refusal)
        case let error as RedisError: self.init(error)
        case let error as HoistwayError: self.init(error)
        case is CancellationError: self = .stopping
        default: return nil
        }
    }

    static let stopping = Problem(
        .serviceUnavailable,
        code: "stopping",
        "the server is about to stop",
        isRetryable: true,
        retryAfter: 1
    )

    package init(_ refusal: Refusal) {
        let status: HTTPResponse.Status =
            switch refusal.code {
            case .invalidJSON: .badRequest
            case .invalidDocument, .unknownType, .unknownCommand, .unknownDependency: .unprocessableContent
            case .tooLarge: .contentTooLarge
            case .idInUse, .conflict, .wrongState, .alreadyEnded, .quarantined: .conflict
            case .notFound: .notFound
            case .queueFull: .tooManyRequests
            case .versionChanged: .preconditionFailed
            }
        self.init(status, code: refusal.code.rawValue, refusal.message, fieldErrors: refusal.fieldErrors)
        if refusal.code == .queueFull {
            isRetryable = true
            retryAfter = 5
        }
    }

    private init(_ error: RedisError) {
        if error.code == .cancelled {
            self = .stopping
            return
        }
        var isGone = error.isConnectionLoss || error.isRefusal
        if case .server = error.code, !error.isRefusal { isGone = false }
        self.init(
            .serviceUnavailable,
            code: isGone ? "unavailable" : "redis",
            isGone ? "Redis cannot be reached at the moment" : "Redis refused: \(error.serverCode ?? "?")",
            isRetryable: true,
            retryAfter: isGone ? 1 : 5
        )
    }

    private init(_ error: HoistwayError) {
        switch error.code {
        case .invalid:
            self.init(.unprocessableContent, code: "invalid_document", error.message, fieldErrors: error.fieldErrors)
        case .idInUse: self.init(.conflict, code: "id_in_use", error.message, fieldErrors: error.fieldErrors)
        case .conflict: self.init(.conflict, code: "conflict", error.message, fieldErrors: error.fieldErrors)
        case .quarantined: self.init(.conflict, code: "quarantined", error.message)
        case .wrongState: self.init(.conflict, code: "wrong_state", error.message)
        case .alreadyEnded: self.init(.conflict, code: "already_ended", error.message)
        case .notFound: self.init(.notFound, code: "not_found", error.message)
        case .queueFull:
            self.init(.tooManyRequests, code: "queue_full", error.message, isRetryable: true, retryAfter: 5)
        case .logUnavailable: self.init(.serviceUnavailable, code: "log_unavailable", error.message)
        case .cancelled: self = .stopping
        case .timeout, .unreachable, .redis, .newerSchema:
            self.init(.serviceUnavailable, code: "unavailable", error.message, isRetryable: true, retryAfter: 1)
        }
    }
}
