import NIOCore
import RESP
import Synchronization

/// One connection, used until it ends. Commands submitted while the event loop is busy are written together.
final class RedisConnection: Sendable {
    private struct Inbox {
        var requests: [RedisRequest] = []
        var isDrainScheduled = false
        var end: RedisError?
    }

    let eventLoop: any EventLoop
    let address: RedisURL.Address
    private let inbox = Mutex(Inbox())
    private let handler: NIOLoopBoundBox<RedisChannelHandler?>
    private let closePromise: EventLoopPromise<RedisError>

    /// Adds the connection to a channel. Has to be called on its event loop.
    init(
        channel: any Channel,
        address: RedisURL.Address,
        keepAlive: TimeAmount? = nil,
        onPush: (@Sendable (RESPValue) -> Void)? = nil
    ) throws {
        eventLoop = channel.eventLoop
        self.address = address
        handler = NIOLoopBoundBox(nil, eventLoop: eventLoop)
        closePromise = eventLoop.makePromise()
        let handler = RedisChannelHandler(
            address: address,
            keepAlive: keepAlive,
            onPush: onPush,
            onClose: { self.ended($0) }
        )
        do {
            try channel.pipeline.syncOperations.addHandler(handler)
        } catch {
            closePromise.succeed(RedisError(.unreachable, "\(error)"))
            throw error
        }
        self.handler.value = handler
    }

    /// Why the connection ended, once it has.
    var closed: EventLoopFuture<RedisError> { closePromise.futureResult }

    var hasEnded: Bool {
        inbox.withLock { $0.end != nil }
    }

    /// Carries out commands. A failure `notSent` means that the connection had ended before they were written.
    func execute(_ commands: [[RedisArgument]], deadline: NIODeadline) async -> RedisReplies {
        let request = RedisRequest(commands, deadline: deadline)
        // `replies` fails it; submitted, it could be written before that.
        if !Task.isCancelled { submit(request) }
        return await request.replies()
    }

    /// Carries out one command.
    /// - Throws: ``RedisError``; an error that Redis answered is thrown as `server`.
    func answer(to command: [RedisArgument], timeout: Duration) async throws(RedisError) -> RESPValue {
        let replies = await execute([command], deadline: .now() + TimeAmount(timeout))
        if let failure = replies.failure { throw failure }
        if let message = replies.values[0].error { throw .server(message) }
        return replies.values[0]
    }

    func close(_ error: RedisError = RedisError(.notSent, "the connection to Redis was closed on this side")) {
        eventLoop.execute { self.handler.value?.close(error) }
    }

    private func submit(_ request: RedisRequest) {
        var end: RedisError?
        let mustSchedule = inbox.withLock { inbox in
            end = inbox.end
            guard end == nil else { return false }
            inbox.requests.append(request)
            defer { inbox.isDrainScheduled = true }
            return !inbox.isDrainScheduled
        }
        if let end {
            request.complete(.failed(end))
        } else if mustSchedule {
            eventLoop.execute { self.drain() }
        }
    }

    private func drain() {
        let requests = inbox.withLock { inbox in
            defer { inbox.requests = [] }
            inbox.isDrainScheduled = false
            return inbox.requests
        }
        handler.value?.send(requests)
    }

    private func ended(_ error: RedisError) {
        let requests = inbox.withLock { inbox in
            inbox.end = error
            defer { inbox.requests = [] }
            return inbox.requests
        }
        for request in requests {
            request.complete(.failed(error))
        }
        handler.value = nil
        closePromise.succeed(error)
    }
}
