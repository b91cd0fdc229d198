import HoistwayModel
import HoistwayStore
import Logging
import Synchronization

/// Removes ended jobs that retention does not keep. Looks every ten seconds whether anything has happened since the
/// last time, or a job has become too old; only then does it go through the jobs.
final class Pruner: Sendable {
    private let store: Store
    private let rules: RetentionRules
    private let logger: Logger
    private let state = Mutex(State())

    private struct State {
        var lastLook: ContinuousClock.Instant?
        /// The newest event at the last look that left nothing to remove.
        var settled: String?
        var next: Timestamp?
    }

    private static let interval = Duration.seconds(10)

    init(store: Store, rules: RetentionRules, logger: Logger) {
        self.store = store
        self.rules = rules
        self.logger = logger
    }

    func run() async {
        let isTime = state.withLock { state in
            let now = ContinuousClock.now
            if let last = state.lastLook, now - last < Pruner.interval { return false }
            state.lastLook = now
            return true
        }
        guard isTime else { return }
        do {
            let newest = try await store.newestEvent() ?? ""
            let (settled, next) = state.withLock { ($0.settled, $0.next) }
            if newest == settled {
                guard let next, try await store.now() >= next else { return }
            }
            let result = try await store.prune(rules)
            if result.removed > 0 { logger.info("retention: removed \(result.removed) jobs") }
            state.withLock { state in
                state.settled = result.removed > 0 ? nil : newest
                state.next = result.next
                if result.hasMore { state.lastLook = nil }
            }
        } catch {
            logger.debug("retention: \(error)")
        }
    }
}
