import Glibc
import HoistwayModel
import HoistwayStore
import Logging
import RedisClient
import Supervision
import Synchronization

/// Beats once a second, and at once when the worker is woken: heartbeat, due jobs, kills, inboxes, schedules,
/// notifications, retention, what Redis believes the worker has.
final class Beat: Sendable {
    let identity: WorkerIdentity
    let client: RedisClient
    let store: Store
    let board: SlotBoard
    let supervisor: Supervisor
    let leases: Leaseholder
    let announcement: @Sendable () -> WorkerAnnouncement
    let stop: @Sendable (ControlDocument.StopMode) -> Void
    /// Follows or settles an attempt that was found on disk.
    let take: @Sendable (FoundAttempt) -> Void
    let notifier: Notifier
    let shipping: LogShipping
    let logger: Logger

    private let scheduler: Scheduler
    private let pruner: Pruner
    private let process = Identifier.ulid()
    private let chores = Chores()
    private let suspects = Mutex<Set<Claim>>([])
    private let listener = Mutex<Task<Void, Never>?>(nil)

    /// Beats between two looks at what Redis believes the worker has.
    private static let sweepInterval = 10

    init(
        identity: WorkerIdentity,
        client: RedisClient,
        store: Store,
        board: SlotBoard,
        supervisor: Supervisor,
        leases: Leaseholder,
        announcement: @escaping @Sendable () -> WorkerAnnouncement,
        stop: @escaping @Sendable (ControlDocument.StopMode) -> Void,
        take: @escaping @Sendable (FoundAttempt) -> Void,
        notifier: Notifier,
        shipping: LogShipping,
        retention: RetentionRules,
        logger: Logger
    ) {
        self.identity = identity
        self.client = client
        self.store = store
        self.board = board
        self.supervisor = supervisor
        self.leases = leases
        self.announcement = announcement
        self.stop = stop
        self.take = take
        self.notifier = notifier
        self.shipping = shipping
        self.logger = logger
        scheduler = Scheduler(store: store, logger: logger)
        pruner = Pruner(store: store, rules: retention, logger: logger)
    }

    /// Beats until the task is cancelled.
    func run(wakes: AsyncStream<Void>, announce: @Sendable @escaping (_ isUnknown: Bool) async -> Void) async {
        await withTaskGroup { group in
            group.addTask { [self] in
                var count = 0
                while !Task.isCancelled {
                    if await beat() { await announce(true) }
                    count += 1
                    if count % Beat.sweepInterval == 0 {
                        await announce(false)
                        await sweep()
                    }
                    try? await Task.sleep(for: .seconds(1))
                }
            }
            group.addTask { [self] in
                for await _ in wakes { _ = await beat() }
            }
            await group.waitForAll()
        }
        listener.withLock { $0?.cancel() }
    }

    /// - Returns: whether the worker is not on record.
    private func beat() async -> Bool {
        var isUnknown = false
        do {
            var hasMore = true
            while hasMore {
                let fields = [("running", String(board.count))]
                let (sent, connections) = (ProcessIdentity.boottime(), client.connections)
                let tick = try await store.tick(
                    process: process,
                    canListen: true,
                    worker: (identity.id, fields),
                    leases: leases.terms
                )
                leases.observe(tick, sent: sent, connections: connections)
                listen(tick.isListener)
                deliver(tick.kills)
                if let mode = tick.stopMode { stop(mode) }
                start(tick)
                isUnknown = tick.mustRegister
                hasMore = tick.hasMoreDue && !Task.isCancelled
            }
        } catch {
            leases.missedBeat()
            logger.debug("beat: \(error)")
        }
        return isUnknown
    }

    /// Starts what a beat found to do. A full inbox takes a while, and neither heartbeat nor kills wait for it.
    private func start(_ tick: Tick) {
        chores.start(tick, Admitter(store: store, logger: logger), scheduler)
        if !tick.removed.isEmpty {
            chores.start("removed") { [self] in await remove(tick.removed) }
        }
        if !tick.wantedLogs.isEmpty {
            chores.start("logs") { [self] in await provide(tick.wantedLogs) }
        }
        if tick.hasDueNotifications {
            chores.start("notifications") { [notifier] in await notifier.run() }
        }
        if tick.isListener {
            chores.start("retention") { [pruner] in await pruner.run() }
        }
    }

    private func listen(_ isListener: Bool) {
        listener.withLock { task in
            if isListener, task == nil {
                let listener = Listener(client: client, store: store, logger: logger)
                task = Task { await listener.run() }
            } else if !isListener {
                task?.cancel()
                task = nil
            }
        }
    }

    private func deliver(_ kills: [String: JSON]) {
        for (id, kill) in kills {
            let request = SlotBoard.KillRequest(
                requestedAt: kill["requestedAt"]?.stringValue ?? "",
                signal: kill["signal"]?.stringValue,
                grace: kill["grace"].flatMap { TimeSpan($0)?.duration },
                by: kill["by"]?.stringValue,
                why: kill["why"]?.stringValue
            )
            _ = board.kill(id, request)
        }
    }

    /// What could not be removed stays on the list, and is tried again with a later beat. An id that a new job has by
    /// now keeps its folder.
    private func remove(_ ids: [String]) async {
        do {
            let ids = ids.filter { !board.has($0) }
            var gone = try await store.jobs(ids).map(\.id)
            for id in Set(ids).subtracting(gone) {
                do {
                    try supervisor.remove(jobID: id)
                    gone.append(id)
                } catch {
                    logger.warning("removing the folder of \(id): \(error)")
                }
            }
            if !gone.isEmpty { try await store.forget(gone, worker: identity.id) }
        } catch {
            logger.debug("removing folders: \(error)")
        }
    }

    /// Copies logs that are read after their copies are gone. One that cannot be copied is not waited for.
    private func provide(_ ids: [String]) async {
        do {
            for id in ids {
                if let job = try await store.job(id) { await shipping.provide(job, from: supervisor) }
                try await store.provided(id, worker: identity.id)
            }
        } catch {
            logger.debug("copying logs: \(error)")
        }
    }

    /// Finds jobs that Redis believes are here and that are not. One whose attempt is missing in two looks has nothing
    /// under way that could still tell.
    private func sweep() async {
        do {
            let missing = try await missing()
            let confirmed = suspects.withLock { suspects in
                defer { suspects = missing }
                return missing.intersection(suspects)
            }
            for claim in confirmed { try await giveBack(claim) }
        } catch {
            logger.debug("sweep: \(error)")
        }
    }

    /// Attempts that Redis believes are here and that nobody here tells about.
    private func missing() async throws -> Set<Claim> {
        var claims: Set<Claim> = []
        for id in try await store.claims(of: identity.id) where !board.has(id) {
            guard let job = try await store.job(id), let fence = job.fence, job.workerID == identity.id else {
                continue
            }
            claims.insert(Claim(id: id, attempt: job.attempt, fence: fence, isRunning: job.status == .running))
        }
        return claims
    }

    /// Gives back all that is missing; only for a time when no claim is under way.
    func giveBackMissing() async {
        do {
            for claim in try await missing() { try await giveBack(claim) }
        } catch {
            logger.debug("giving back: \(error)")
        }
    }

    /// Gives back a job whose attempt does not exist: the answer to its claim was lost. One that has a folder ended
    /// here, and Redis has refused or forgotten its end: it is told again.
    private func giveBack(_ claim: Claim) async throws {
        guard !board.has(claim.id) else { return }
        if supervisor.info(jobID: claim.id, attempt: claim.attempt)?.fence == claim.fence {
            if let found = await supervisor.lookAgain(jobID: claim.id, attempt: claim.attempt) { take(found) }
        } else if claim.isRunning {
            let error: JSON = ["code": "lost", "message": "its folder is gone from the worker"]
            let fields = [("message", "its folder is gone from the worker"), ("error", error.text)]
            _ = try await store.finish(claim.id, fence: claim.fence, HoistwayStore.Outcome(.lost, fields: fields))
        } else {
            logger.notice("giving back \(claim.id), of which nothing ran")
            _ = try await store.release(claim.id, fence: claim.fence)
        }
    }
}

/// An attempt that Redis believes to be on this worker.
private struct Claim: Hashable {
    var id: String
    var attempt: Int
    var fence: Int64
    var isRunning: Bool
}

/// What a worker says of itself.
struct WorkerAnnouncement: Sendable {
    var types: [JobType]
    var fields: [(String, String)]
}

/// Who a worker is: an id that stays with its data folder, and the host it runs on.
struct WorkerIdentity: Sendable {
    var id: String
    var host: String

    /// Reads `<data>/worker-id`, or makes it.
    /// - Throws: `WorkerError` when the folder cannot be written.
    init(data: String) throws(WorkerError) {
        var name = [CChar](repeating: 0, count: 256)
        gethostname(&name, name.count - 1)
        let host = name.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } } ?? "localhost"
        self.host = host
        let path = "\(data)/worker-id"
        if let kept = try? SmallFile.read(path)?.trimmed, Identifier.isName(kept) {
            id = kept
            return
        }
        let base = host.utf8.prefix(40).map { byte -> Character in
            let character = Character(Unicode.Scalar(byte))
            return character.isASCII && (character.isLetter || character.isNumber || character == "-") ? character : "-"
        }
        let suffix = Identifier.ulid().suffix(6).lowercased()
        let text = String(base)
        id = Identifier.isName(text) ? "\(text)-\(suffix)" : "worker-\(suffix)"
        try SmallFile.write("\(id)\n", to: path)
    }
}
