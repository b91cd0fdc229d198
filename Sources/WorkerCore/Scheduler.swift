import HoistwayModel
import HoistwayStore
import Logging
import Synchronization

/// Enqueues what schedules have due. Any number of processes may do so at a time: each run is enqueued once.
final class Scheduler: Sendable {
    private let store: Store
    private let logger: Logger
    /// Schedules that cannot be served here, and why: it is said once.
    private let problems = Mutex<[String: String]>([:])

    init(store: Store, logger: Logger) {
        self.store = store
        self.logger = logger
    }

    func run(_ ids: [String]) async {
        for id in ids {
            do {
                for run in try await store.runDue(try await store.schedule(id), now: try await store.now()) {
                    if case .enqueued(let job) = run { logger.debug("schedule \(id): enqueued \(job)") }
                }
                problems.withLock { _ = $0.removeValue(forKey: id) }
            } catch let refusal as Refusal {
                let isNew = problems.withLock { $0.updateValue(refusal.message, forKey: id) } != refusal.message
                if isNew, refusal.code != .notFound { logger.warning("schedule \(id): \(refusal)") }
            } catch {
                logger.debug("schedule \(id): \(error)")
            }
        }
    }
}
