import Synchronization

/// Tells what lasts long that the server is to stop.
package final class Quiescence: Sendable {
    private let state = Mutex(false)

    package init() {}

    package var isStopping: Bool { state.withLock { $0 } }

    /// Begins to stop.
    package func begin() { state.withLock { $0 = true } }
}
