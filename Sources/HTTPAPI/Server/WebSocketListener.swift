import NIOCore
import NIOHTTP1
import NIOWebSocket
import Synchronization

/// Whether the last word of a WebSocket was said.
final class WebSocketFarewell: Sendable {
    /// How long the other side may take to say its own.
    private static let patience = TimeAmount.seconds(2)

    private let isSaid = Mutex(false)

    /// - Returns: whether it was not said before.
    func begin() -> Bool {
        isSaid.withLock { isSaid in
            defer { isSaid = true }
            return !isSaid
        }
    }

    /// Ends the connection when the other side does not.
    func expectAnswer(on channel: any Channel) {
        let timer = channel.eventLoop.scheduleTask(in: WebSocketFarewell.patience) { channel.close(promise: nil) }
        channel.closeFuture.whenComplete { _ in timer.cancel() }
    }
}

/// Takes what the client of a WebSocket sends: answers pings and the farewell, lets everything else be.
final class WebSocketListener: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = ByteBuffer

    /// Nobody waits for long messages here.
    private static let mostBytes = 4096

    private let farewell: WebSocketFarewell

    private init(_ farewell: WebSocketFarewell) {
        self.farewell = farewell
    }

    /// From here on the connection's bytes are frames.
    static func install(in channel: any Channel, _ farewell: WebSocketFarewell) async throws {
        try await channel.eventLoop.submit {
            let pipeline = channel.pipeline.syncOperations
            // The first of what reads and writes HTTP: what is written here goes around all of it.
            let http = try pipeline.handler(type: HTTPResponseEncoder.self)
            let frames = ByteToMessageHandler(WebSocketFrameDecoder(maxFrameSize: mostBytes))
            try pipeline.addHandlers([frames, WebSocketListener(farewell)], position: .before(http))
        }.get()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        guard frame.maskKey != nil else { return end(context, WebSocketFrame.farewell(1002, "a frame lacks its mask")) }
        var content = frame.unmaskedData
        switch frame.opcode {
        case .ping:
            let pong = WebSocketFrame.bytes(.pong, content.readableBytesView)
            context.writeAndFlush(wrapOutboundOut(pong), promise: nil)
        case .connectionClose:
            let code = content.readInteger(as: UInt16.self)
            end(context, code.map { WebSocketFrame.farewell($0, "") } ?? WebSocketFrame.bytes(.connectionClose, []))
        default: return
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard error is NIOWebSocketError else { return context.fireErrorCaught(error) }
        end(context, WebSocketFrame.farewell(1002, "a frame is not a valid one, or too large"))
    }

    private func end(_ context: ChannelHandlerContext, _ frame: ByteBuffer) {
        if farewell.begin() { context.write(wrapOutboundOut(frame), promise: nil) }
        context.flush()
        context.close(promise: nil)
    }
}
