import NIOCore
import RESP

/// Does what the state machine says: writes commands, reads replies, keeps the deadlines. Lives on the event loop.
final class RedisChannelHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// A write buffer larger than this is not kept for the next write.
    private static let largestKeptBuffer = 1 << 20

    private let address: RedisURL.Address
    private let keepAlive: TimeAmount?
    private let onPush: (@Sendable (RESPValue) -> Void)?
    private let onClose: (RedisError) -> Void

    private var machine: ConnectionStateMachine<RedisRequest>
    private var reader = RESPReader()
    private var outgoing = ByteBuffer()
    private var context: ChannelHandlerContext?
    private var timer: Scheduled<Void>?
    private var heartbeat: Scheduled<Void>?
    private var failure: RedisError?

    /// - Parameters:
    ///   - keepAlive: how often a connection without traffic is tried with a PING; nil for never.
    ///   - onPush: receives messages; makes the connection one of a subscriber.
    ///   - onClose: called once, when the connection has ended.
    init(
        address: RedisURL.Address,
        keepAlive: TimeAmount?,
        onPush: (@Sendable (RESPValue) -> Void)?,
        onClose: @escaping (RedisError) -> Void
    ) {
        self.address = address
        self.keepAlive = keepAlive
        self.onPush = onPush
        self.onClose = onClose
        machine = ConnectionStateMachine(isSubscriber: onPush != nil)
    }

    /// Writes the commands of all requests at once.
    func send(_ requests: [RedisRequest]) {
        outgoing.clear()
        for request in requests where !request.isFinished {
            guard let context, case .write(let deadline) = submit(request) else {
                request.complete(.failed(notSent))
                continue
            }
            for command in request.commands {
                outgoing.writeCommand(command)
            }
            if let deadline { arm(deadline, context) }
        }
        guard let context, outgoing.readableBytes > 0 else { return }
        context.writeAndFlush(wrapOutboundOut(outgoing), promise: nil)
        if outgoing.capacity > Self.largestKeptBuffer { outgoing = ByteBuffer() }
    }

    /// Ends the connection; the first reason given is the one that is told.
    func close(_ error: RedisError) {
        if failure == nil { failure = error }
        end()
        context?.close(promise: nil)
    }

    private func submit(_ request: RedisRequest) -> ConnectionStateMachine<RedisRequest>.SendAction {
        machine.send(request, replies: request.commands.count, deadline: request.deadline)
    }

    private func end() {
        timer?.cancel()
        heartbeat?.cancel()
        let reason = failure?.message ?? "the connection to Redis at \(address) was closed"
        for failed in machine.close(now: context?.eventLoop.now ?? .now()) {
            let error =
                failed.isOverdue
                ? RedisError(.timeout, "Redis at \(address) did not answer in time")
                : RedisError(.closed, "\(reason), before it had answered")
            failed.request.complete(RedisReplies(values: failed.values, failure: error))
        }
    }

    private var notSent: RedisError {
        RedisError(.notSent, failure?.message ?? "the connection to Redis at \(address) was closed")
    }

    private func arm(_ deadline: NIODeadline, _ context: ChannelHandlerContext) {
        timer?.cancel()
        timer = context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { self.deadlineReached() }
    }

    private func deadlineReached() {
        switch machine.deadlineReached(now: context?.eventLoop.now ?? .now()) {
        case .none: break
        case .arm(let deadline): if let context { arm(deadline, context) }
        case .close: close(RedisError(.timeout, "Redis at \(address) did not answer in time"))
        }
    }

    private func scheduleHeartbeat() {
        guard let keepAlive, let loop = context?.eventLoop else { return }
        heartbeat = loop.assumeIsolated().scheduleTask(in: keepAlive) {
            if self.machine.isIdle {
                self.send([RedisRequest([["PING"]], deadline: loop.now + keepAlive)])
            }
            self.scheduleHeartbeat()
        }
    }
}

extension RedisChannelHandler {
    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { scheduleHeartbeat() }
    }

    func channelActive(context: ChannelHandlerContext) {
        scheduleHeartbeat()
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = unwrapInboundIn(data)
        do {
            try reader.read(&buffer) { received($0) }
        } catch {
            close(RedisError(.protocolError, "\(address) does not speak the protocol of Redis: \(error.message)"))
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        let host = if case .tcp(let host, _) = address { host } else { "" }
        let reason = TLSFailure.reason(of: error, host: host) ?? "\(error)"
        close(RedisError(.closed, "the connection to Redis at \(address) broke (\(reason))"))
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        end()
        self.context = nil
        onClose(notSent)
    }

    private func received(_ value: RESPValue) {
        switch machine.receive(value) {
        case .none: break
        case .complete(let request, let values): request.complete(RedisReplies(values: values, failure: nil))
        case .push(let value): onPush?(value)
        case .close(let error): close(error)
        }
    }
}
