import Synchronization

/// What a client remembers, behind its lock.
struct ClientState {
    enum Lookup {
        case connection(RedisConnection)
        case waiter(ConnectionWaiter)
        case closed
    }

    static let closedError = RedisError(.notSent, "the connection to Redis was closed on this side")

    var connection: RedisConnection?
    /// How many connections there were.
    var connections = 0
    var keeper: Task<Void, Never>?
    var lastFailure: RedisError?
    var isClosed = false
    var waiters: [ObjectIdentifier: ConnectionWaiter] = [:]
    var listeners: [Int: AsyncStream<RedisConnectionEvent>.Continuation] = [:]
    private var lastListener = 0

    mutating func connectionOrWaiter() -> Lookup {
        if isClosed { return .closed }
        if let connection { return .connection(connection) }
        let waiter = ConnectionWaiter()
        waiters[ObjectIdentifier(waiter)] = waiter
        return .waiter(waiter)
    }

    /// - Returns: those who waited for it; nil when the client was closed.
    mutating func publish(_ new: RedisConnection) -> [ConnectionWaiter]? {
        guard !isClosed else { return nil }
        connection = new
        connections += 1
        lastFailure = nil
        tell(.connected)
        defer { waiters = [:] }
        return Array(waiters.values)
    }

    mutating func drop(_ old: RedisConnection) {
        if connection === old { connection = nil }
    }

    mutating func ended(_ old: RedisConnection, _ reason: RedisError) {
        drop(old)
        lastFailure = reason
        tell(.disconnected(reason))
    }

    mutating func attemptFailed(_ error: RedisError) {
        lastFailure = error
        tell(.attemptFailed(error))
    }

    private func tell(_ event: RedisConnectionEvent) {
        for listener in listeners.values {
            listener.yield(event)
        }
    }

    /// - Returns: the number of the listener; nil when the client was closed.
    mutating func add(_ listener: AsyncStream<RedisConnectionEvent>.Continuation) -> Int? {
        guard !isClosed else { return nil }
        lastListener += 1
        listeners[lastListener] = listener
        return lastListener
    }

    mutating func close() -> (
        Task<Void, Never>?, RedisConnection?, [ConnectionWaiter], [AsyncStream<RedisConnectionEvent>.Continuation]
    ) {
        defer {
            isClosed = true
            connection = nil
            waiters = [:]
            listeners = [:]
        }
        return (keeper, connection, Array(waiters.values), Array(listeners.values))
    }
}

/// A command that waits for a connection.
final class ConnectionWaiter: Sendable {
    typealias Answer = Result<RedisConnection, RedisError>

    private enum State {
        case new
        case waiting(CheckedContinuation<Answer, Never>)
        case answered(Answer)
    }

    private let state = Mutex(State.new)

    func wait() async -> Answer {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer: Answer? = state.withLock { state in
                    guard case .answered(let answer) = state else {
                        state = .waiting(continuation)
                        return nil
                    }
                    return answer
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            complete(.failure(RedisError(.cancelled, "the command to Redis was cancelled before it was sent")))
        }
    }

    /// Only the first answer counts.
    func complete(_ answer: Answer) {
        let continuation: CheckedContinuation<Answer, Never>? = state.withLock { state in
            switch state {
            case .new:
                state = .answered(answer)
                return nil
            case .waiting(let continuation):
                state = .answered(answer)
                return continuation
            case .answered:
                return nil
            }
        }
        continuation?.resume(returning: answer)
    }
}
