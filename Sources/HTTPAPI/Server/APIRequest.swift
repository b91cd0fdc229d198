import HTTPTypes
import HoistwayModel
import Hummingbird
import Logging
import NIOCore

/// A request on its way through the server, as a face sees it.
package struct APIRequest: Sendable {
    /// The client's own `X-Request-Id`, or one of ours.
    package let id: String
    package let method: HTTPRequest.Method
    /// Without the query.
    package let path: String
    package let headers: HTTPFields
    package let query: Query
    /// The captured segments of the route's path, without escapes.
    package internal(set) var parameters: [String: String] = [:]
    /// Who asks.
    package internal(set) var caller = Caller.nobody
    package let remoteAddress: String
    package let logger: Logger
    let channel: any Channel
    let body: RequestBody

    /// Largest body that is read, in bytes.
    package static let maximumBody = JobDocument.maximumSize
    /// How long a client may take to send a body.
    private static let bodyTime = TimeAmount.seconds(30)

    /// A captured segment of the path.
    package func parameter(_ name: String) -> String { parameters[name] ?? "" }

    /// All of the body; empty when there is none.
    /// - Parameter requiresJSON: refuses another content type; one that is missing is let pass.
    /// - Throws: ``Problem``: 413, 415, 408.
    package func bytes(requiresJSON: Bool = true) async throws -> [UInt8] {
        if let length = headers[.contentLength].flatMap({ Int($0) }), length > APIRequest.maximumBody {
            throw tooLarge()
        }
        let deadline = channel.eventLoop.scheduleTask(in: APIRequest.bodyTime) { channel.close(promise: nil) }
        defer { deadline.cancel() }
        let buffer: ByteBuffer
        do {
            buffer = try await body.collect(upTo: APIRequest.maximumBody)
        } catch is NIOTooManyBytesError {
            throw tooLarge()
        }
        if requiresJSON, buffer.readableBytes > 0, let type = headers[.contentType], !APIRequest.isJSON(type) {
            throw Problem(.unsupportedMediaType, code: "unsupported_media_type", "the body must be application/json")
        }
        return Array(buffer.readableBytesView)
    }

    /// The members of the body's object, each with the bytes its value came in; none for an empty body.
    /// - Throws: ``Problem``: 400 for what is no JSON object, 413, 415.
    package func members() async throws -> [(key: String, value: JSON, json: [UInt8])] {
        let bytes = try await bytes()
        if bytes.isEmpty { return [] }
        do throws(JSONError) {
            return try JSON.members(of: bytes).map { ($0.key, $0.value, Array(bytes[$0.range])) }
        } catch {
            throw Problem(.badRequest, code: "invalid_json", "the body is not a JSON object: \(error)")
        }
    }

    private static func isJSON(_ type: String) -> Bool {
        let essence = type.prefix { $0 != ";" }.lowercased().filter { $0 != " " }
        return essence == "application/json" || essence.hasPrefix("application/") && essence.hasSuffix("+json")
    }

    /// What is still to come is not read for ever.
    private func tooLarge() -> Problem {
        channel.eventLoop.scheduleTask(in: .seconds(1)) { channel.close(promise: nil) }
        return Problem(
            .contentTooLarge,
            code: "too_large",
            "a body has at most \(APIRequest.maximumBody) bytes",
            headers: [.connection: "close"]
        )
    }
}
