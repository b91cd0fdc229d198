import NIOCore
import RESP
import Synchronization

/// A connection for one task that waits inside Redis. It is made at the first command, and made anew at the next one after it
/// broke, was overdue, or the task was cancelled. While Redis cannot be reached commands fail at once.
package final class RedisBlockingConnection: RedisCommands {
    /// How much longer than Redis was told to wait we wait for the reply.
    private static let grace = Duration.seconds(2)

    private struct State {
        var connection: RedisConnection?
        var isClosed = false
    }

    private let connector: RedisConnector
    private let state = Mutex(State())

    init(connector: RedisConnector) {
        self.connector = connector
    }

    deinit {
        state.withLock { $0.connection }?.close()
    }

    /// Pops the first element of the first list that has one.
    /// - Parameter seconds: how long Redis waits for an element, more than 0.
    /// - Returns: nil when none came.
    package func blpop(
        _ keys: [String],
        seconds: Double
    ) async throws(RedisError) -> (key: String, value: [UInt8])? {
        let wait = max(seconds, 0.001)
        let command: [RedisArgument] = ["BLPOP"] + keys.map { .string($0) } + [.string("\(wait)")]
        let reply = try await send(command, timeout: .seconds(wait) + Self.grace)
        guard let pair = reply.array else { return nil }
        guard pair.count == 2, let key = pair[0].string, let value = pair[1].bytes else {
            throw RedisError(.protocolError, "Redis answered BLPOP with something else")
        }
        return (key, value)
    }

    /// Pops as `blpop(_:seconds:)` does, and runs a command right after it, whether an element came or not. Both are sent at
    /// once: Redis runs the second as soon as the first is answered, without waiting for us.
    /// - Returns: what the second answered.
    package func blpop(
        _ keys: [String],
        seconds: Double,
        then command: [RedisArgument]
    ) async throws(RedisError) -> Result<RESPValue, RedisError> {
        let wait = max(seconds, 0.001)
        let pop: [RedisArgument] = ["BLPOP"] + keys.map { .string($0) } + [.string("\(wait)")]
        let replies = await execute([pop, command], timeout: .seconds(wait) + Self.grace)
        if let failure = replies.failure { throw failure }
        let isDirect = replies.isDirect
        if case .error(let message) = replies.values[0] { throw .server(message, isDirect: isDirect) }
        if case .error(let message) = replies.values[1] { return .failure(.server(message, isDirect: isDirect)) }
        return .success(replies.values[1])
    }

    package func execute(_ commands: [[RedisArgument]], timeout: Duration?) async -> RedisReplies {
        do throws(RedisError) {
            let connection = try await connection()
            let replies = await connector.execute(commands, on: connection, timeout: timeout)
            if let failure = replies.failure {
                connection.close(failure)
                state.withLock { if $0.connection === connection { $0.connection = nil } }
            }
            return replies
        } catch {
            return .failed(error)
        }
    }

    /// Ends the connection for good.
    package func close() async {
        let connection = state.withLock { state in
            state.isClosed = true
            defer { state.connection = nil }
            return state.connection
        }
        guard let connection else { return }
        connection.close()
        _ = try? await connection.closed.get()
    }

    private func connection() async throws(RedisError) -> RedisConnection {
        let (present, isClosed) = state.withLock { ($0.connection, $0.isClosed) }
        if isClosed { throw ClientState.closedError }
        if let present, !present.hasEnded { return present }
        let new = try await connector.open()
        let isWanted = state.withLock { state in
            guard !state.isClosed else { return false }
            state.connection = new
            return true
        }
        guard isWanted else {
            new.close()
            throw ClientState.closedError
        }
        return new
    }
}
