import NIOCore
import NIOPosix
import TestSupport

/// What came through a WebSocket until its server closed it.
struct SocketRecord: Sendable {
    struct Frame: Sendable, Equatable {
        var opcode: UInt8
        var data: [UInt8]
    }

    /// The head of the HTTP answer.
    var head = ""
    var frames: [Frame] = []
    var rest: [UInt8] = []

    var status: Int { head.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0 }
    /// All text frames, each of which has to be whole text.
    var text: String? {
        let parts = frames.filter { $0.opcode == 1 }.map { String(validating: $0.data, as: UTF8.self) }
        return parts.contains(nil) ? nil : parts.compactMap { $0 }.joined()
    }
    /// The code of the farewell.
    var code: Int? {
        guard let data = frames.last(where: { $0.opcode == 8 })?.data, data.count >= 2 else { return nil }
        return Int(data[0]) << 8 | Int(data[1])
    }

    fileprivate mutating func append(_ bytes: [UInt8]) {
        rest += bytes
        if head.isEmpty {
            guard let end = rest.firstRange(of: [13, 10, 13, 10]) else { return }
            head = String(decoding: rest[..<end.lowerBound], as: UTF8.self)
            rest.removeSubrange(..<end.upperBound)
        }
        guard status == 101 else { return }
        while let frame = nextFrame() { frames.append(frame) }
    }

    private mutating func nextFrame() -> Frame? {
        guard rest.count >= 2 else { return nil }
        let further = rest[1] == 127 ? 8 : rest[1] == 126 ? 2 : 0
        guard rest.count >= 2 + further else { return nil }
        let length = further == 0 ? Int(rest[1]) : rest[2..<(2 + further)].reduce(0) { $0 << 8 | Int($1) }
        guard rest.count >= 2 + further + length else { return nil }
        let frame = Frame(opcode: rest[0] & 0x0F, data: Array(rest[(2 + further)..<(2 + further + length)]))
        rest.removeFirst(2 + further + length)
        return frame
    }
}

extension HTTPClient {
    /// The example of RFC 6455 §1.3.
    private static let key = "dGhlIHNhbXBsZSBub25jZQ=="
    static let accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

    /// Opens a WebSocket and reads until the server ends the connection, answering its farewell.
    /// - Parameters:
    ///   - changing: changes the headers of the handshake.
    ///   - toTheEnd: reads on behind an answer that is no WebSocket, until the server ends the connection.
    ///   - reply: frames to send for each that comes.
    func listen(
        _ path: String,
        changing: (inout [String: String]) -> Void = { _ in },
        toTheEnd: Bool = false,
        reply: @Sendable (SocketRecord.Frame) -> [UInt8] = { _ in [] }
    ) async throws -> SocketRecord {
        var headers = [
            "Host": "127.0.0.1", "Connection": "keep-alive, Upgrade", "Upgrade": "WebSocket",
            "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": HTTPClient.key,
        ]
        if let token { headers["x-api-key"] = token }
        changing(&headers)
        let lines = ["GET \(path) HTTP/1.1"] + headers.map { "\($0.key): \($0.value)" }
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        var record = SocketRecord()
        do {
            try await channel.executeThenClose { inbound, outbound in
                try await outbound.write(ByteBuffer(string: lines.joined(separator: "\r\n") + "\r\n\r\n"))
                var seen = 0
                for try await buffer in inbound {
                    record.append(Array(buffer.readableBytesView))
                    if !record.head.isEmpty, record.status != 101 {
                        if toTheEnd { continue }
                        return
                    }
                    for frame in record.frames[seen...] {
                        let answer = frame.opcode == 8 ? HTTPClient.frame(8, frame.data) : reply(frame)
                        seen += 1
                        if !answer.isEmpty { try await outbound.write(ByteBuffer(bytes: answer)) }
                    }
                }
            }
        } catch ChannelError.ioOnClosedChannel {
            // The server was the first to end the connection.
        }
        return record
    }

    /// A frame as clients send it, masked.
    static func frame(_ opcode: UInt8, _ data: [UInt8]) -> [UInt8] {
        let mask: [UInt8] = [1, 2, 3, 4]
        let masked = data.enumerated().map { $1 ^ mask[$0 % 4] }
        return [0x80 | opcode, 0x80 | UInt8(data.count)] + mask + masked
    }
}
