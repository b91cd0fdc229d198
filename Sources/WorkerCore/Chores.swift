import HoistwayStore
import Synchronization

/// Work beside the beat, which must not wait for it: each kind at most once at a time.
final class Chores: Sendable {
    private let underWay = Mutex<Set<String>>([])

    /// Starts a chore, unless one of the same name is under way.
    func start(_ name: String, _ body: @escaping @Sendable () async -> Void) {
        guard underWay.withLock({ $0.insert(name).inserted }) else { return }
        Task {
            await body()
            underWay.withLock { _ = $0.remove(name) }
        }
    }

    /// Starts what a tick found that any process may do.
    func start(_ tick: Tick, _ admitter: Admitter, _ scheduler: Scheduler) {
        for type in tick.inboxes {
            start("inbox:\(type)") { await admitter.admit(type) }
        }
        if tick.waitingCommands > 0 {
            start("control") { await admitter.obey() }
        }
        if !tick.dueSchedules.isEmpty {
            start("schedules") { await scheduler.run(tick.dueSchedules) }
        }
    }
}
