import Logging
import NIOCore
import NIOPosix
import RESP
import Synchronization

/// What happens to the connection of a client.
package enum RedisConnectionEvent: Sendable, Equatable {
    case connected
    case disconnected(RedisError)
    /// An attempt to connect again failed; others follow.
    case attemptFailed(RedisError)
}

/// Commands of many tasks over one connection, which is made anew when it breaks. Has to be closed.
///
/// Replies come in the order of the commands, so a command may wait for those before it. While there is no connection a
/// command waits for one until its timeout and then fails with `notSent`. A command that was written when the connection broke
/// fails with `closed` and is never sent again. A command without a reply in time fails with `timeout` and ends the connection.
package final class RedisClient: RedisCommands {
    let connector: RedisConnector
    /// Runs tasks on the thread that serves the connections of this client.
    package let executor: EventLoopTaskExecutor
    private let logger: Logger
    private let state = Mutex(ClientState())

    /// - Parameters:
    ///   - name: what `CLIENT LIST` shows.
    ///   - scripts: are loaded on each new connection.
    ///   - keys: some of those that commands will use. Where Redis is a cluster, connections lead to the node that has them,
    ///     and it is an error when no one node has them all.
    ///   - commandTimeout: for a command that names none: how long it waits for a connection, and then for the reply.
    package init(
        url: RedisURL,
        name: String,
        scripts: [RedisScript],
        keys: [String] = [],
        commandTimeout: Duration = .seconds(5),
        logger: Logger,
        eventLoopGroup: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
    ) {
        self.logger = logger
        let eventLoop = eventLoopGroup.next()
        executor = EventLoopTaskExecutor(eventLoop)
        connector = RedisConnector(
            url: url,
            name: name,
            scripts: scripts,
            keys: keys,
            timeout: commandTimeout,
            eventLoop: eventLoop,
            logger: logger
        )
    }

    package var url: RedisURL { connector.url }

    /// Where the present connection leads to; nil without one.
    package var address: RedisURL.Address? {
        state.withLock { $0.connection?.address }
    }

    package var isConnected: Bool {
        state.withLock { $0.connection != nil }
    }

    /// How many connections were made so far. While it stays the same, one and the same Redis served without a break.
    package var connections: Int {
        state.withLock { $0.connections }
    }

    /// Tries at this moment, on a connection of its own, whether Redis serves.
    /// - Returns: why not; nil when it does.
    package func probe() async -> RedisError? {
        do throws(RedisError) {
            try await connector.open().close()
            return nil
        } catch {
            return error
        }
    }

    /// Makes the first connection. Commands do so too, but wait; this fails at once.
    /// - Throws: ``RedisError``: `unreachable`, `needsHashTag`, or `server` when Redis does not let us in.
    package func connect() async throws(RedisError) {
        guard state.withLock({ $0.keeper == nil && !$0.isClosed }) else {
            _ = try await connection(until: .now() + TimeAmount(connector.timeout)).get()
            return
        }
        let connection = try await connector.open()
        let waiters = state.withLock { state in
            guard state.keeper == nil, !state.isClosed else { return [ConnectionWaiter]?.none }
            state.keeper = Task { await self.keep(connection) }
            return state.publish(connection)
        }
        if let waiters {
            serve(waiters, connection)
        } else {
            connection.close()
        }
    }

    package func execute(_ commands: [[RedisArgument]], timeout: Duration?) async -> RedisReplies {
        let limit = TimeAmount(timeout ?? connector.timeout)
        let deadline = NIODeadline.now() + limit
        while true {
            switch await connection(until: deadline) {
            case .failure(let error):
                return .failed(error)
            case .success(let connection):
                // The time to reply starts anew, or what is left after an outage would end the new connection for all.
                let replies = await connector.execute(commands, on: connection, timeout: timeout)
                // Where every try ends so, as on a node that has not the keys of just this command, time is the limit.
                guard replies.failure?.code == .notSent, NIODeadline.now() < deadline else { return replies }
                state.withLock { $0.drop(connection) }
            }
        }
    }

    /// Every change of the connection from now on.
    package func connectionEvents() -> AsyncStream<RedisConnectionEvent> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: RedisConnectionEvent.self,
            bufferingPolicy: .bufferingNewest(64)
        )
        let id = state.withLock { $0.add(continuation) }
        guard let id else {
            continuation.finish()
            return stream
        }
        continuation.onTermination = { [weak self] _ in
            self?.state.withLock { $0.listeners[id] = nil }
        }
        return stream
    }

    /// A connection for blocking commands.
    package func blocking() -> RedisBlockingConnection {
        RedisBlockingConnection(connector: connector)
    }

    /// Ends the connection. Commands that wait for replies fail with `closed`, others with `notSent`.
    package func close() async {
        let (keeper, connection, waiters, listeners) = state.withLock { $0.close() }
        keeper?.cancel()
        connection?.close()
        for waiter in waiters {
            waiter.complete(.failure(ClientState.closedError))
        }
        for listener in listeners {
            listener.finish()
        }
        if let connection { _ = try? await connection.closed.get() }
    }

    /// The present connection, or the next one.
    private func connection(until deadline: NIODeadline) async -> Result<RedisConnection, RedisError> {
        let waiter: ConnectionWaiter
        switch state.withLock({ $0.connectionOrWaiter() }) {
        case .connection(let connection): return .success(connection)
        case .closed: return .failure(ClientState.closedError)
        case .waiter(let new): waiter = new
        }
        keepConnected()
        let timer = connector.eventLoop.scheduleTask(deadline: deadline) { self.expire(waiter) }
        let result = await waiter.wait()
        timer.cancel()
        state.withLock { $0.waiters[ObjectIdentifier(waiter)] = nil }
        return result
    }

    private func expire(_ waiter: ConnectionWaiter) {
        let cause = state.withLock { $0.lastFailure }
        let reason = cause?.message ?? "there is no connection to Redis at \(url.place)"
        waiter.complete(
            .failure(RedisError(.notSent, "the command was not sent: \(reason)", isRefusal: cause?.isRefusal ?? false))
        )
    }

    /// Starts the task that keeps a connection, unless there is one.
    private func keepConnected() {
        state.withLock { state in
            guard state.keeper == nil, !state.isClosed else { return }
            state.keeper = Task { await self.keep(nil) }
        }
    }

    /// - Parameter first: is in use already.
    private func keep(_ first: RedisConnection?) async {
        var backoff = Backoff()
        if let first { await watch(first) }
        while !Task.isCancelled {
            do throws(RedisError) {
                let connection = try await connector.open()
                guard let waiters = state.withLock({ $0.publish(connection) }) else { return connection.close() }
                serve(waiters, connection)
                backoff.reset()
                logger.info("connected to Redis", metadata: ["address": "\(connection.address)"])
                await watch(connection)
            } catch {
                state.withLock { $0.attemptFailed(error) }
                logger.debug("cannot connect to Redis", metadata: ["error": "\(error)"])
            }
            try? await Task.sleep(for: backoff.next())
        }
    }

    private func serve(_ waiters: [ConnectionWaiter], _ connection: RedisConnection) {
        for waiter in waiters {
            waiter.complete(.success(connection))
        }
    }

    /// Until the connection has ended.
    private func watch(_ connection: RedisConnection) async {
        let ending = connection.closed
        let guardian = Task { await connector.leaveWhenDeposed(connection) }
        defer { guardian.cancel() }
        guard let reason = try? await ending.get() else { return }
        state.withLock { $0.ended(connection, reason) }
        if !Task.isCancelled {
            logger.warning("the connection to Redis ended", metadata: ["reason": "\(reason)"])
        }
    }
}
