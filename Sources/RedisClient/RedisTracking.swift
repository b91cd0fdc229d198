import Logging
import NIOCore
import RESP
import Synchronization

/// Tells which keys under some prefixes were changed by others, as Redis reports them to its caching clients.
///
/// One connection is subscribed to the reports, a second one asks for them; commands sent here go over the second one, and
/// what they change is not reported. When either breaks both are made anew.
package final class RedisTracking: RedisCommands {
    private static let channel: RedisArgument = "__redis__:invalidate"
    private static let keepAlive = TimeAmount.seconds(5)

    private let connector: RedisConnector
    private let prefixes: [String]
    private let logger: Logger
    private let changed = ChangedKeys()
    private let connection = Mutex<RedisConnection?>(nil)
    private let keeper = Mutex<Task<Void, Never>?>(nil)

    /// - Parameter prefixes: none may be the beginning of another one.
    package init(client: RedisClient, prefixes: [String]) {
        connector = client.connector
        logger = client.connector.logger
        self.prefixes = prefixes
    }

    /// The names of keys that were changed, each once however often it changed since the last element. An empty array says
    /// that any key may have changed: it comes first, and whenever reports may have been missed. To be called once; ending
    /// the iteration or cancelling its task ends the connections.
    /// - Throws: ``RedisError`` with `server` when Redis refuses; nothing when Redis cannot be reached, which is tried again.
    package func changes() -> AsyncThrowingStream<[String], any Error> {
        let task = Task { await keep() }
        keeper.withLock { old in
            old?.cancel()
            old = task
        }
        let guardian = TaskGuardian(task)
        return AsyncThrowingStream {
            try await withTaskCancellationHandler {
                try await self.changed.next()
            } onCancel: {
                guardian.task.cancel()
            }
        }
    }

    /// Carries out commands on the connection whose changes are not reported. Fails with `notSent` at once while there is none.
    package func execute(_ commands: [[RedisArgument]], timeout: Duration?) async -> RedisReplies {
        guard let connection = connection.withLock({ $0 }) else {
            return .failed(RedisError(.notSent, "there is no tracking connection to Redis at \(connector.url.place)"))
        }
        return await connector.execute(commands, on: connection, timeout: timeout)
    }

    /// Ends the connections and the sequence of changes.
    package func close() async {
        let task = keeper.withLock { $0 }
        task?.cancel()
        await task?.value
        changed.finish(nil)
    }

    private func keep() async {
        var backoff = Backoff()
        while !Task.isCancelled {
            do throws(RedisError) {
                let subscriber = try await connector.open(
                    RedisConnector.Options(keepAlive: Self.keepAlive, onPush: { self.received($0) })
                )
                defer { subscriber.close() }
                let tracker = try await track(redirectingTo: subscriber)
                defer { tracker.close() }
                backoff.reset()
                await use(subscriber, tracker)
            } catch {
                if case .server = error.code, !error.isRefusal { return changed.finish(error) }
                logger.debug("cannot track changes in Redis", metadata: ["error": "\(error)"])
            }
            try? await Task.sleep(for: backoff.next())
        }
        changed.finish(nil)
    }

    private func track(redirectingTo subscriber: RedisConnection) async throws(RedisError) -> RedisConnection {
        let id = try await subscriber.answer(to: ["CLIENT", "ID"], timeout: connector.timeout)
        _ = try await subscriber.answer(to: ["SUBSCRIBE", Self.channel], timeout: connector.timeout)
        let options = RedisConnector.Options(keepAlive: Self.keepAlive)
        let tracker = try await connector.open(beside: subscriber, options)
        var command: [RedisArgument] = ["CLIENT", "TRACKING", "ON", "REDIRECT", .int(id.int ?? 0), "BCAST", "NOLOOP"]
        for prefix in prefixes {
            command += ["PREFIX", .string(prefix)]
        }
        do {
            _ = try await tracker.answer(to: command, timeout: connector.timeout)
        } catch {
            tracker.close()
            throw error
        }
        return tracker
    }

    /// Until one of the two has ended.
    private func use(_ subscriber: RedisConnection, _ tracker: RedisConnection) async {
        subscriber.closed.whenSuccess { tracker.close($0) }
        connection.withLock { $0 = tracker }
        changed.addAll()
        let ended = tracker.closed
        let reason = await withTaskCancellationHandler {
            try? await ended.get()
        } onCancel: {
            tracker.close()
        }
        connection.withLock { $0 = nil }
        if let reason, !Task.isCancelled {
            logger.warning("changes in Redis are not tracked for now", metadata: ["reason": "\(reason)"])
        }
    }

    /// A report is `message`, the channel, and the names of keys; null when the database was emptied.
    private func received(_ message: RESPValue) {
        guard let parts = message.array, parts.count == 3 else { return }
        if let keys = parts[2].array {
            changed.add(keys.compactMap(\.string))
        } else {
            changed.addAll()
        }
    }
}

/// Ends a task when nobody holds it any more.
private final class TaskGuardian: Sendable {
    let task: Task<Void, Never>

    init(_ task: Task<Void, Never>) {
        self.task = task
    }

    deinit {
        task.cancel()
    }
}
