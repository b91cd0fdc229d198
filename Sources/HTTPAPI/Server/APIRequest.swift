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
    /// The host that was asked for, with its port where the client names it.
    let authority: String?
    /// Without the query.
    package internal(set) var path = "/"
    package let headers: HTTPFields
    package internal(set) var query = Query.empty
    /// The captured segments of the route's path, without escapes.
    package internal(set) var parameters: [String: String] = [:]
    /// Who asks.
    package internal(set) var caller = Caller.nobody
    /// Whether who asks still may, where a token can be revoked while an answer lasts.
    var isAllowed: (@Sendable () async -> Bool)?
    package let remoteAddress: String
    package let logger: Logger
    let channel: any Channel
    let body: RequestBody
    /// How long a client may take to send a body.
    let patience: TimeAmount

    /// Largest body that is read, in bytes.
    package static let maximumBody = JobDocument.maximumSize

    /// A captured segment of the path.
    package func parameter(_ name: String) -> String { parameters[name] ?? "" }

    /// Sends an answer that lasts, and ends the connection when who asked loses the right to it.
    func whileAllowed(_ body: () async throws -> Void) async rethrows {
        guard let isAllowed else { return try await body() }
        let watch = Task { [channel] in
            repeat { try await Task.sleep(for: .milliseconds(500)) } while await isAllowed()
            channel.close(promise: nil)
        }
        defer { watch.cancel() }
        try await body()
    }

    /// Of a request that says all by its path.
    /// - Throws: ``Problem``: 422 for a body with members, else as ``members()``.
    func refuseMembers() async throws {
        guard let member = try await members().first else { return }
        throw Problem(field: member.key, "unknown field")
    }

    /// All of the body; empty when there is none.
    /// - Parameter requiresJSON: refuses another content type; one that is missing is let pass.
    /// - Throws: ``Problem``: 413, 415, 408.
    package func bytes(requiresJSON: Bool = true) async throws -> [UInt8] {
        if let length = headers[.contentLength].flatMap({ Int($0) }), length > APIRequest.maximumBody {
            throw tooLarge()
        }
        let deadline = channel.eventLoop.scheduleTask(in: patience) { channel.close(promise: nil) }
        defer { deadline.cancel() }
        let buffer: ByteBuffer
        do {
            buffer = try await body.collect(upTo: APIRequest.maximumBody)
        } catch is NIOTooManyBytesError {
            throw tooLarge()
        } catch {
            throw Problem(.requestTimeout, code: "incomplete_body", "the body did not come whole")
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

    private func tooLarge() -> Problem {
        Problem(.contentTooLarge, code: "too_large", "a body has at most \(APIRequest.maximumBody) bytes")
    }

    /// Ends the connection soon when there may be a body that nobody has read: it is not taken for ever.
    func leaveUnreadBody(_ response: inout Response) {
        let hasBody = headers[.transferEncoding] != nil || headers[.contentLength].map { $0 != "0" } ?? false
        guard hasBody, APIRequest.beforeBody.contains(response.status.code) else { return }
        response.headers[.connection] = "close"
        channel.eventLoop.scheduleTask(in: .seconds(2)) { channel.close(promise: nil) }
    }

    /// What is answered before a body is read, or read to its end.
    private static let beforeBody: Set = [401, 403, 404, 405, 413, 414, 429]
}
