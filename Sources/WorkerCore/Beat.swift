import Glibc
import HoistwayModel
import HoistwayStore
import Logging
import RedisClient
import Supervision
import Synchronization

/// Beats once a second, and at once when the worker is woken: heartbeat, due jobs, kills, inboxes, what Redis believes
/// the worker has.
final class Beat: Sendable {
    let identity: WorkerIdentity
    let client: RedisClient
    let store: Store
    let board: SlotBoard
    let supervisor: Supervisor
    let announcement: @Sendable () -> WorkerAnnouncement
    let stop: @Sendable (ControlDocument.StopMode) -> Void
    let logger: Logger

    private let process = Identifier.ulid()
    private let suspects = Mutex<Set<String>>([])
    private let listener = Mutex<Task<Void, Never>?>(nil)

    /// Beats between two looks at what Redis believes the worker has.
    private static let sweepInterval = 10

    init(
        identity: WorkerIdentity,
        client: RedisClient,
        store: Store,
        board: SlotBoard,
        supervisor: Supervisor,
        announcement: @escaping @Sendable () -> WorkerAnnouncement,
        stop: @escaping @Sendable (ControlDocument.StopMode) -> Void,
        logger: Logger
    ) {
        self.identity = identity
        self.client = client
        self.store = store
        self.board = board
        self.supervisor = supervisor
        self.announcement = announcement
        self.stop = stop
        self.logger = logger
    }

    /// Beats until the task is cancelled.
    func run(wakes: AsyncStream<Void>, announce: @Sendable @escaping () async -> Void) async {
        await withTaskGroup { group in
            group.addTask { [self] in
                var count = 0
                while !Task.isCancelled {
                    await beat()
                    count += 1
                    if count % Beat.sweepInterval == 0 {
                        await announce()
                        await sweep()
                    }
                    try? await Task.sleep(for: .seconds(1))
                }
            }
            group.addTask { [self] in
                for await _ in wakes { await beat() }
            }
            await group.waitForAll()
        }
        listener.withLock { $0?.cancel() }
    }

    private func beat() async {
        do {
            let fields = [("running", String(board.count))]
            let tick = try await store.tick(process: process, canListen: true, worker: (identity.id, fields))
            listen(tick.isListener)
            deliver(tick.kills)
            if let mode = tick.stopMode { stop(mode) }
            let admitter = Admitter(store: store, logger: logger)
            for type in tick.inboxes { await admitter.admit(type) }
            if tick.waitingCommands > 0 { await admitter.obey() }
            await remove(tick.removed)
            if tick.hasMoreDue { await beat() }
        } catch {
            logger.debug("beat: \(error)")
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
                by: kill["by"]?.stringValue ?? "",
                why: kill["why"]?.stringValue ?? ""
            )
            _ = board.kill(id, request)
        }
    }

    private func remove(_ ids: [String]) async {
        guard !ids.isEmpty else { return }
        for id in ids where !board.has(id) {
            do {
                try supervisor.remove(jobID: id)
            } catch {
                logger.warning("removing the folder of \(id): \(error)")
            }
        }
        try? await store.forget(ids, worker: identity.id)
    }

    /// Finds jobs that Redis believes are here and that are not: the answer to their claim was lost. A job that is
    /// missing in two looks has no attempt that could still come.
    private func sweep() async {
        do {
            let claimed = try await store.claims(of: identity.id)
            let missing = Set(claimed.filter { !board.has($0) })
            let confirmed = suspects.withLock { suspects in
                defer { suspects = missing }
                return missing.intersection(suspects)
            }
            for id in confirmed where !board.has(id) { try await giveBack(id) }
        } catch {
            logger.debug("sweep: \(error)")
        }
    }

    /// Gives back a job whose attempt does not exist.
    func giveBack(_ id: String) async throws {
        guard let job = try await store.job(id), let fence = job.fence, job.workerID == identity.id else { return }
        // A folder of this very attempt is told by whoever watches or settles it.
        guard supervisor.info(jobID: id, attempt: job.attempt)?.fence != fence else { return }
        if job.reason == .starting {
            logger.notice("giving back \(id), of which nothing ran")
            _ = try await store.release(id, fence: fence)
        } else if job.status == .running {
            let error: JSON = ["code": "lost", "message": "its folder is gone from the worker"]
            let fields = [("message", "its folder is gone from the worker"), ("error", error.text)]
            _ = try await store.finish(id, fence: fence, HoistwayStore.Outcome(.lost, fields: fields))
        }
    }
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
