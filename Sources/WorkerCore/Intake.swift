import HoistwayModel
import HoistwayStore
import Logging
import RedisClient
import Synchronization

/// What every process does for all: makes jobs of what lies in the inboxes, carries out commands, enqueues what schedules have
/// due. A process that is no worker has nothing else to do once a second.
package struct Intake: Sendable {
    private let client: RedisClient
    private let store: Store
    private let logger: Logger
    private let scheduler: Scheduler
    private let chores = Chores()
    private let process = Identifier.ulid()

    package init(client: RedisClient, store: Store, logger: Logger) {
        self.client = client
        self.store = store
        self.logger = logger
        scheduler = Scheduler(store: store, logger: logger)
    }

    /// Works until the task is cancelled.
    package func run() async {
        var listener: Task<Void, Never>?
        while !Task.isCancelled {
            do {
                let tick = try await store.tick(process: process, canListen: true)
                if tick.isListener, listener == nil {
                    let new = Listener(client: client, store: store, logger: logger)
                    listener = Task { await new.run() }
                } else if !tick.isListener {
                    listener?.cancel()
                    listener = nil
                }
                start(tick)
                if tick.hasMoreDue { continue }
            } catch {
                logger.debug("tick: \(error)")
            }
            try? await Task.sleep(for: .seconds(1))
        }
        listener?.cancel()
    }

    private func start(_ tick: Tick) {
        let admitter = Admitter(store: store, logger: logger)
        for type in tick.inboxes {
            chores.start("inbox:\(type)") { await admitter.admit(type) }
        }
        if tick.waitingCommands > 0 {
            chores.start("control") { await admitter.obey() }
        }
        if !tick.dueSchedules.isEmpty {
            chores.start("schedules") { [scheduler] in await scheduler.run(tick.dueSchedules) }
        }
    }
}
