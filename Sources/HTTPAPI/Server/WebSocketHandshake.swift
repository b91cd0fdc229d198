import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTP1
import NIOWebSocket

/// A request that turns its connection into a WebSocket (RFC 6455).
///
/// The server stays what it is: the answer is 101, and its body, which such an answer sends as it is, are the frames.
/// What the client sends from then on is taken from the connection before it reaches the reader of HTTP.
package struct WebSocketHandshake: Sendable {
    private let request: APIRequest
    private let headers: HTTPFields

    /// - Throws: ``Problem``: 426 for a request that asks for no WebSocket of version 13, 400 for an invalid handshake.
    package init(_ request: APIRequest) async throws {
        guard request.method == .get, request.headers[.upgrade]?.lowercased() == "websocket",
            WebSocketHandshake.names(in: request.headers[.connection]).contains("upgrade")
        else {
            throw WebSocketHandshake.upgradeRequired
        }
        guard request.headers["sec-websocket-version"] == "13" else { throw WebSocketHandshake.upgradeRequired }
        self.request = request
        headers = try await WebSocketHandshake.answer(request)
    }

    private static let upgradeRequired = Problem(
        .upgradeRequired,
        code: "upgrade_required",
        "this is a WebSocket of version 13",
        headers: [.upgrade: "websocket", .secWebSocketVersion: "13"]
    )

    private static func names(in list: String?) -> [String] {
        (list ?? "").split(separator: ",").map { $0.filter { $0 != " " }.lowercased() }
    }

    private static func answer(_ request: APIRequest) async throws -> HTTPFields {
        var head = HTTPRequestHead(version: .http1_1, method: .GET, uri: request.path)
        for name in ["sec-websocket-key", "sec-websocket-version"] {
            if let value = request.headers[name] { head.headers.add(name: name, value: value) }
        }
        let asked = head
        let channel = request.channel
        let upgrader = NIOWebSocketServerUpgrader(
            shouldUpgrade: { channel, _ in channel.eventLoop.makeSucceededFuture([:]) },
            upgradePipelineHandler: { channel, _ in channel.eventLoop.makeSucceededVoidFuture() }
        )
        do {
            let answer = try await upgrader.buildUpgradeResponse(
                channel: channel,
                upgradeRequest: asked,
                initialResponseHeaders: [:]
            ).get()
            var fields = HTTPFields()
            for header in answer { fields[header.name] = header.value }
            return fields
        } catch is NIOWebSocketUpgradeError {
            throw Problem(.badRequest, code: "invalid_handshake", "the handshake of the WebSocket is not a valid one")
        }
    }

    /// Answers 101 and goes on with a body that writes to the client, until it ends, the client leaves or the server
    /// stops; then the WebSocket is closed.
    package func accept(
        _ body: @escaping @Sendable (inout WebSocketWriter) async throws -> Void
    ) async throws -> Response {
        let farewell = WebSocketFarewell()
        try await WebSocketListener.install(in: request.channel, farewell)
        let (request, headers) = (request, headers)
        let content = ResponseBody { writer in
            let root = writer
            do {
                try await request.body.consumeWithCancellationOnInboundClose { _ in
                    var socket = WebSocketWriter(root, farewell)
                    do {
                        try await request.whileAllowed { try await body(&socket) }
                        try await socket.close(1000, "")
                    } catch is CancellationError {
                        try await socket.close(1001, "the server is about to stop")
                    } catch {
                        try await socket.close(1011, Problem(error)?.detail ?? "the server failed")
                    }
                }
            } catch is CancellationError {
                // The client is gone.
            }
            farewell.expectAnswer(on: request.channel)
            try await root.finish(nil)
        }
        return Response(status: .switchingProtocols, headers: headers, body: content)
    }
}

/// Writes to the client of a WebSocket, at its pace.
package struct WebSocketWriter {
    private var writer: any ResponseBodyWriter
    private let farewell: WebSocketFarewell

    init(_ writer: any ResponseBodyWriter, _ farewell: WebSocketFarewell) {
        self.writer = writer
        self.farewell = farewell
    }

    /// Sends text, which must be UTF-8; none for no text.
    package mutating func send(_ text: [UInt8]) async throws {
        guard !text.isEmpty else { return }
        try await writer.write(WebSocketFrame.bytes(.text, text))
    }

    package mutating func ping() async throws { try await writer.write(WebSocketFrame.bytes(.ping, [])) }

    /// Says the last word, unless that was said.
    /// - Parameters:
    ///   - code: of RFC 6455 §7.4, or one of 4000 to 4999.
    ///   - reason: for people.
    package mutating func close(_ code: UInt16, _ reason: String) async throws {
        guard farewell.begin() else { return }
        try await writer.write(WebSocketFrame.farewell(code, reason))
    }
}

extension WebSocketFrame {
    /// A whole message from the server in one frame.
    static func bytes(_ opcode: WebSocketOpcode, _ data: some Collection<UInt8>) -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.writeInteger(0x80 | UInt8(webSocketOpcode: opcode))
        switch data.count {
        case ..<126: buffer.writeInteger(UInt8(data.count))
        case ...Int(UInt16.max):
            buffer.writeInteger(UInt8(126))
            buffer.writeInteger(UInt16(data.count))
        default:
            buffer.writeInteger(UInt8(127))
            buffer.writeInteger(UInt64(data.count))
        }
        buffer.writeBytes(data)
        return buffer
    }

    /// - Parameter reason: cut where a control frame ends.
    static func farewell(_ code: UInt16, _ reason: String) -> ByteBuffer {
        var text = reason
        while text.utf8.count > 123 { text.removeLast() }
        return bytes(.connectionClose, [UInt8(code >> 8), UInt8(code & 0xFF)] + Array(text.utf8))
    }
}
