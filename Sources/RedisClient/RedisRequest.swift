import NIOCore
import RESP
import Synchronization

/// Commands that were submitted together, and the one who waits for their replies.
final class RedisRequest: Sendable {
    private enum State {
        /// Nobody waits yet.
        case new
        case waiting(UnsafeContinuation<RedisReplies, Never>)
        /// The answer came before anybody waited.
        case answered(RedisReplies)
        case finished
    }

    let commands: [[RedisArgument]]
    let deadline: NIODeadline
    private let state = Mutex(State.new)

    init(_ commands: [[RedisArgument]], deadline: NIODeadline) {
        self.commands = commands
        self.deadline = deadline
    }

    /// Whether nobody needs the replies any more.
    var isFinished: Bool {
        state.withLock { state in
            switch state {
            case .new, .waiting: false
            case .answered, .finished: true
            }
        }
    }

    /// Waits for the replies. May be called once.
    func replies() async -> RedisReplies {
        await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                let answer: RedisReplies? = state.withLock { state in
                    guard case .answered(let replies) = state else {
                        state = .waiting(continuation)
                        return nil
                    }
                    state = .finished
                    return replies
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            complete(.failed(RedisError(.cancelled, "the command to Redis was cancelled")))
        }
    }

    /// Only the first answer counts.
    func complete(_ replies: RedisReplies) {
        let waiting: UnsafeContinuation<RedisReplies, Never>? = state.withLock { state in
            switch state {
            case .new:
                state = .answered(replies)
                return nil
            case .waiting(let continuation):
                state = .finished
                return continuation
            case .answered, .finished:
                return nil
            }
        }
        waiting?.resume(returning: replies)
    }
}
