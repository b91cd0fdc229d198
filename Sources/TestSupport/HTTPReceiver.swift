import NIOCore
import NIOPosix
import Synchronization

/// A server on the loopback address that keeps what is posted to it, and answers the statuses it is given in their
/// order, the last one from then on.
package final class HTTPReceiver: Sendable {
    package struct Request: Sendable {
        /// Request line and headers, a line each.
        package var head: [String]
        package var body: [UInt8]

        /// The value of a header.
        package func header(_ name: String) -> String? {
            let prefix = "\(name.lowercased()): "
            return head.first { $0.lowercased().hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
        }
    }

    private let state: Mutex<(statuses: [Int], requests: [Request])>
    private let channel = Mutex<(any Channel)?>(nil)

    private init(_ statuses: [Int]) {
        state = Mutex((statuses, []))
    }

    package static func start(_ statuses: Int...) async throws -> HTTPReceiver {
        let receiver = HTTPReceiver(statuses)
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(RequestReader(receiver: receiver))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        receiver.channel.withLock { $0 = channel }
        return receiver
    }

    package var port: Int { channel.withLock { $0?.localAddress?.port } ?? 0 }
    package var requests: [Request] { state.withLock { $0.requests } }

    package func stop() async throws { try await channel.withLock { $0.take() }?.close() }

    fileprivate func receive(_ request: Request) -> Int {
        state.withLock { state in
            state.requests.append(request)
            return state.statuses.count > 1 ? state.statuses.removeFirst() : state.statuses[0]
        }
    }
}

private final class RequestReader: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let receiver: HTTPReceiver
    private var bytes: [UInt8] = []

    init(receiver: HTTPReceiver) {
        self.receiver = receiver
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        bytes += unwrapInboundIn(data).readableBytesView
        let text = String(decoding: bytes, as: UTF8.self)
        guard let end = text.firstRange(of: "\r\n\r\n") else {
            // A handshake of TLS, say: no server of HTTP would listen to it for long.
            if bytes.first == 0x16 { context.close(promise: nil) }
            return
        }
        let head = text[..<end.lowerBound].split(separator: "\r\n").map(String.init)
        var request = HTTPReceiver.Request(head: head, body: [])
        let length = request.header("Content-Length").flatMap { Int($0) } ?? 0
        let start = text[..<end.upperBound].utf8.count
        guard bytes.count >= start + length else { return }
        request.body = Array(bytes[start..<start + length])
        let status = receiver.receive(request)
        let answer = ByteBuffer(string: "HTTP/1.1 \(status) X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        context.writeAndFlush(wrapOutboundOut(answer)).whenComplete { [channel = context.channel] _ in
            channel.close(promise: nil)
        }
    }
}
