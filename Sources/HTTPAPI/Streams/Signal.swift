import Synchronization

/// Wakes one follower.
final class Signal: Sendable {
    enum Wake: Sendable {
        /// Something happened to what is followed, or may have.
        case changed
        /// There is more of its log, or may be.
        case grown
        /// Time passes.
        case tick
    }

    private struct State {
        var pending: Wake?
        var waiter: CheckedContinuation<Wake?, Never>?
        var isCancelled = false
    }

    private let state = Mutex(State())

    func raise(_ wake: Wake) {
        let waiter = state.withLock { state -> CheckedContinuation<Wake?, Never>? in
            guard let waiter = state.waiter else {
                if state.pending.map({ $0.weight < wake.weight }) ?? true { state.pending = wake }
                return nil
            }
            state.waiter = nil
            return waiter
        }
        waiter?.resume(returning: wake)
    }

    /// Waits for the next wake; only one task may.
    /// - Returns: `nil` once the task is cancelled.
    func next() async -> Wake? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let result = state.withLock { state -> Wake?? in
                    if state.isCancelled { return .some(nil) }
                    if let pending = state.pending {
                        state.pending = nil
                        return .some(pending)
                    }
                    state.waiter = continuation
                    return nil
                }
                if let result { continuation.resume(returning: result) }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                state.isCancelled = true
                defer { state.waiter = nil }
                return state.waiter
            }
            waiter?.resume(returning: nil)
        }
    }
}

extension Signal.Wake {
    /// What is told when several wakes meet.
    fileprivate var weight: Int {
        switch self {
        case .tick: 0
        case .grown: 1
        case .changed: 2
        }
    }
}
