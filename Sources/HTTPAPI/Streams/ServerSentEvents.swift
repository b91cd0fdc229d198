import HTTPTypes
import Hummingbird
import NIOCore

/// Text of the format `text/event-stream`.
enum ServerSentEvent {
    /// - Parameters:
    ///   - name: `nil` for a plain message.
    ///   - id: what a client sends as `Last-Event-ID` when it comes again.
    static func write(
        _ data: some Collection<UInt8>,
        name: String? = nil,
        id: String? = nil,
        into buffer: inout ByteBuffer
    ) {
        if let name { buffer.writeString("event: \(name)\n") }
        if let id { buffer.writeString("id: \(id)\n") }
        buffer.writeString("data: ")
        var rest = data[...]
        // A carriage return would end the field: what follows it is another line of the same data.
        while let end = rest.firstIndex(where: { $0 == UInt8(ascii: "\r") || $0 == UInt8(ascii: "\n") }) {
            buffer.writeBytes(rest[..<end])
            buffer.writeString("\ndata: ")
            rest = rest[rest.index(after: end)...]
        }
        buffer.writeBytes(rest)
        buffer.writeString("\n\n")
    }

    static let heartbeat = ByteBuffer(string: ": \n\n")
    /// How long a client waits before it comes again, in milliseconds; it makes the head go out at once, too.
    static let beginning = ByteBuffer(string: "retry: 1000\n\n")
    /// Between two signs of life.
    static let beat = Duration.seconds(15)
}

/// Takes the text of a stream, at the pace of its client.
package struct StreamWriter {
    private var writer: any ResponseBodyWriter

    init(_ writer: any ResponseBodyWriter) {
        self.writer = writer
    }

    package mutating func write(_ buffer: ByteBuffer) async throws {
        if buffer.readableBytes > 0 { try await writer.write(buffer) }
    }
}

extension Response {
    /// An answer that goes on until its body ends, the client leaves or the server stops.
    package static func stream(
        _ request: APIRequest,
        headers: HTTPFields = [:],
        _ body: @escaping @Sendable (inout StreamWriter) async throws -> Void
    ) -> Response {
        var headers = headers
        headers[.contentType] = "text/event-stream; charset=utf-8"
        headers["x-accel-buffering"] = "no"
        let content = ResponseBody { writer in
            let root = writer
            do {
                try await request.body.consumeWithCancellationOnInboundClose { _ in
                    var stream = StreamWriter(root)
                    try await stream.write(ServerSentEvent.beginning)
                    try await request.whileAllowed { try await body(&stream) }
                }
            } catch is CancellationError {
                // The client is gone or is to come again: what it got ends at an event.
            }
            try await root.finish(nil)
        }
        return Response(status: .ok, headers: headers, body: content)
    }
}
