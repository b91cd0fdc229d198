import Glibc
import HoistwayModel
import HoistwayStore
import Logging
import RedisClient
import Supervision
import Synchronization
import UnixSignals

/// A worker: takes jobs, runs each under a monitor of its own, and keeps what Redis knows of them true.
///
/// Start: the data folder is taken, living attempts are adopted (which needs no Redis), Redis is reached, the worker
/// announces itself, settles what ended meanwhile, gives back what never began, and takes jobs.
package struct WorkerDaemon: Sendable {
    let settings: WorkerSettings
    let logger: Logger
    let onReady: @Sendable (String) -> Void

    /// - Parameter onReady: called with the worker's id once it takes jobs.
    package init(settings: WorkerSettings, logger: Logger, onReady: @escaping @Sendable (String) -> Void) {
        self.settings = settings
        self.logger = logger
        self.onReady = onReady
    }

    /// Says which limits are kept in another way than together for all processes of a job.
    private func limit(with supervisor: Supervisor) {
        let missing = Set(settings.resources.controllers).subtracting(supervisor.enable(settings.resources))
        guard !missing.isEmpty else { return }
        let names = [
            "memory": "memory per process", "cpu": "CPUs by affinity", "pids": "processes per user, not for root",
        ]
        let ways = missing.sorted().compactMap { names[$0] }.joined(separator: ", ")
        logger.notice("no cgroup controller for some of the limits of jobs here; they are kept otherwise: \(ways)")
    }

    /// Works until it is told to stop: by SIGTERM or SIGINT (again: kills what runs; a third time: leaves at once), or by
    /// the command `stopWorker`.
    /// - Throws: `WorkerError`, `StoreError.newerSchema`.
    package func run() async throws {
        let user = try RecipeUser(named: settings.user)
        try DataFolder.make(settings.data)
        let identity = try WorkerIdentity(data: settings.data)
        let supervisor = try Supervisor(data: settings.data, workerID: identity.id, monitor: settings.monitorPath)
        defer { supervisor.close() }
        limit(with: supervisor)
        let client = RedisClient(
            url: settings.redis,
            name: "hoistway:\(identity.id)",
            scripts: Scripts.all,
            keys: Keys(prefix: settings.prefix).together,
            logger: logger
        )
        let work = Work(
            settings: settings,
            identity: identity,
            user: user,
            supervisor: supervisor,
            client: client,
            logger: logger
        )

        let orders = StopOrders()
        let signals = Task {
            await orders.follow(await UnixSignalsSequence(trapping: .sigterm, .sigint), settings.onStop)
        }
        defer { signals.cancel() }
        let outcome = try await withTaskExecutorPreference(client.executor) {
            try await work.run(orders: orders, onReady: onReady)
        }
        logger.info("\(outcome)")
        await client.close()
    }
}

/// What to do about stopping, from signals and from commands.
final class StopOrders: Sendable {
    enum Order: Sendable, Hashable {
        case drain, detach, kill, leave
    }

    let stream: AsyncStream<Order>
    private let continuation: AsyncStream<Order>.Continuation
    private let stopping = Mutex(false)

    /// Whether the worker was told to stop.
    var isStopping: Bool { stopping.withLock { $0 } }

    init() {
        (stream, continuation) = AsyncStream.makeStream()
    }

    /// The first request wins: a command is repeated with every beat until the worker is gone.
    func request(_ mode: ControlDocument.StopMode) {
        let isFirst = stopping.withLock { stopping in
            defer { stopping = true }
            return !stopping
        }
        if isFirst { order(mode) }
    }

    private func order(_ mode: ControlDocument.StopMode) { continuation.yield(mode == .drain ? .drain : .detach) }

    /// A worker that a command has told to stop was not signalled yet: its first signal kills nothing either.
    /// - Parameter count: how many signals came, this one included.
    func signalled(_ count: Int, _ mode: ControlDocument.StopMode) {
        switch count {
        case 1 where isStopping: order(mode)
        case 1: request(mode)
        case 2: continuation.yield(.kill)
        default: continuation.yield(.leave)
        }
    }

    func follow(_ signals: UnixSignalsSequence, _ mode: ControlDocument.StopMode) async {
        var count = 0
        for await _ in signals {
            count += 1
            signalled(count, mode)
        }
    }
}

/// The data folder: the worker's own, mode 0700 unless recipes of another user must pass through.
enum DataFolder {
    static func make(_ path: String) throws(WorkerError) {
        guard path.hasPrefix("/") else {
            throw WorkerError("the data folder must be an absolute path, not \"\(path)\"")
        }
        var current = ""
        for part in path.split(separator: "/") {
            current += "/\(part)"
            if mkdir(current, 0o700) != 0, errno != EEXIST {
                throw WorkerError("\(current): \(String(cString: strerror(errno))); choose another folder with --data")
            }
        }
        guard access(path, R_OK | W_OK | X_OK) == 0 else {
            throw WorkerError(
                "\(path) cannot be written: \(String(cString: strerror(errno))); choose another with --data"
            )
        }
    }
}
