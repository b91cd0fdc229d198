import Synchronization

/// Calls back when everything that was added is done, itself included.
final class Countdown: Sendable {
    private let open = Mutex(1)
    private let end: @Sendable () -> Void

    init(_ end: @escaping @Sendable () -> Void) {
        self.end = end
    }

    func add() {
        open.withLock { $0 += 1 }
    }

    func done() {
        let isLast = open.withLock { open in
            open -= 1
            return open == 0
        }
        if isLast { end() }
    }
}
