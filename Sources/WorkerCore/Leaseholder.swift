import Glibc
import HoistwayModel
import HoistwayStore
import Logging
import RedisClient
import Supervision
import Synchronization

/// Renews the leases of the worker's attempts once a second, first in Redis and then with their monitors, ends what was
/// given away, and writes back what Redis lost.
///
/// A monitor is told the moment before the renewal was sent, so that its clock never runs behind what others see in Redis.
final class Leaseholder: Sendable {
    private struct State {
        /// How long others wait before they end the leases.
        var window: Int64
        /// What monitors are told.
        var lease: Duration?
        var isRegistered = false
        /// Every living attempt of the folder is known.
        var isComplete = false
        /// Every monitor was told the lease: those of a former worker are over.
        var isShort = false
        /// The next renewal says so.
        var isExact = false
        /// The hold on claims that was told of in the log.
        var hold: String?
        var watch = Watch()
        /// Of the last beat that was answered.
        var connections: Int?
    }

    private let identity: WorkerIdentity
    private let client: RedisClient
    private let store: Store
    private let board: SlotBoard
    private let settings: WorkerSettings
    private let fences: FenceMemory
    private let chores = Chores()
    private let logger: Logger
    private let state: Mutex<State>

    private static let interval = Duration.seconds(1)
    /// A lease is renewed at least so often.
    private static let renewals = 4
    private static let batch = 100

    init(
        identity: WorkerIdentity,
        client: RedisClient,
        store: Store,
        board: SlotBoard,
        settings: WorkerSettings,
        logger: Logger
    ) {
        self.identity = identity
        self.client = client
        self.store = store
        self.board = board
        self.settings = settings
        self.logger = logger
        fences = FenceMemory(data: settings.data, prefix: settings.prefix)
        state = Mutex(State(window: 0, lease: settings.fenceAfter == .zero ? nil : settings.fenceAfter.duration))
    }

    /// The lease that monitors get; nil for no limit.
    var lease: Duration? { state.withLock(\.lease) }

    /// What goes with every beat and every claim.
    var terms: LeaseTerms {
        LeaseTerms(window: state.withLock(\.window), hold: holdWindow, highestFence: fences.highest)
    }

    private var window: Int64 { window(settings.fenceAfter) }

    private func window(_ lease: TimeSpan) -> Int64 {
        settings.fenceAfter == .zero ? 0 : lease.milliseconds + settings.fenceMargin.milliseconds
    }

    /// Who has leases without limit waits for those of others, which usually have one.
    private var holdWindow: Int64 {
        let lease = settings.fenceAfter == .zero ? WorkerSettings.standardFenceAfter : settings.fenceAfter
        return lease.milliseconds + settings.fenceMargin.milliseconds
    }

    /// Works until the task is cancelled. Before `begin()` it renews nothing, but lets no outage of Redis end anything.
    func run() async {
        while !Task.isCancelled {
            await round()
            try? await Task.sleep(
                for: lease.map { min(Leaseholder.interval, $0 / Leaseholder.renewals) } ?? Leaseholder.interval
            )
        }
    }

    /// The worker is on record: renews what was adopted.
    /// - Parameter claims: the jobs that Redis believes it has.
    func begin(_ claims: [String]) async {
        var isUnlimited = false
        // Without a sign of life, what a former worker left has leases without limit.
        if !claims.isEmpty { isUnlimited = (try? await store.signOfLife(of: identity.id)) == .some(nil) }
        state.withLock { state in
            state.window = isUnlimited ? 0 : window
            state.isRegistered = true
        }
        await round()
    }

    /// Every living attempt of the folder was found.
    func complete() { state.withLock { $0.isComplete = true } }

    /// Notes the fences that a claim brought.
    func took(_ jobs: [Job]) {
        for job in jobs { if let fence = job.fence { fences.see(fence) } }
    }

    /// Looks at what a beat brought.
    /// - Parameters:
    ///   - sent: when it was sent, and `connections` how many connections there were then.
    func observe(_ tick: Tick, sent: Int64, connections: Int) {
        fences.see(tick.fence)
        tell(tick.hold)
        var signs = tick.signsOfLife
        signs[identity.id] = nil
        signs[""] = tick.hold
        let received = ProcessIdentity.boottime()
        let isSame = connections == client.connections
        let isBack = state.withLock { state in
            defer { state.connections = connections }
            return state.connections.map { $0 != connections } ?? false
        }
        // A Redis that was away may be back with older data, and no fence need be missing in them.
        if isBack { board.tellAgain() }
        let ripe = state.withLock { state in
            if !isSame { state.watch.interrupt() }
            return state.watch.observe(signs, sent: sent, received: received, connection: connections)
        }
        for (owner, sign) in ripe {
            chores.start("end:\(owner)") { [self] in await end(owner, sign) }
        }
    }

    /// A beat had no answer.
    func missedBeat() { state.withLock { $0.watch.interrupt() } }

    /// Says loudly that Redis lost data, once.
    private func tell(_ hold: SignOfLife?) {
        let former = state.withLock { state in
            defer { state.hold = hold?.value }
            return state.hold
        }
        if let hold, former == nil {
            board.tellAgain()
            logger.critical(
                """
                Redis has lost data: it knows less than this worker has seen (an old dump, FLUSHALL, a failover). What runs \
                is written back; no job is handed out for \(TimeSpan(milliseconds: hold.window)). Jobs that waited \
                and are not there any more have to be sent again
                """
            )
        } else if hold == nil, former != nil {
            logger.notice("jobs are handed out again")
        }
    }

    private func end(_ owner: String, _ sign: SignOfLife) async {
        do {
            if owner.isEmpty {
                _ = try await store.endHold(seen: sign, watcher: identity.id)
            } else if let count = try await store.endLeases(of: owner, seen: sign, watcher: identity.id) {
                logger.warning(
                    "worker \(owner) was not heard of for \(TimeSpan(milliseconds: sign.window)): its \(count) attempts are lost"
                )
            }
        } catch {
            logger.debug("ending the leases of \(owner): \(error)")
        }
    }

    private func round() async {
        do {
            try fences.keep()
        } catch {
            logger.debug("\(error)")
        }
        let (isRegistered, isComplete) = state.withLock { ($0.isRegistered, $0.isComplete) }
        let held = board.leased
        guard !held.isEmpty || isRegistered else { return }
        do {
            // A command would wait for a connection, longer perhaps than a lease lasts.
            guard isRegistered, client.isConnected else { return await standStill() }
            var areTold = true
            for start in stride(from: 0, to: held.count, by: Leaseholder.batch) {
                let batch = Array(held[start..<min(start + Leaseholder.batch, held.count)])
                areTold = try await renew(batch) && areTold
            }
            if isComplete, areTold { shorten() }
        } catch {
            logger.debug("renewing leases: \(error)")
            await standStill()
        }
    }

    /// Every monitor has been told its lease: others need not wait for longer ones any more.
    private func shorten() {
        state.withLock { state in
            guard !state.isShort else { return }
            state.isShort = true
            state.isExact = true
            state.window = window
        }
    }

    /// Renews the lease of a job of which nothing runs yet, when much of it has gone since it was claimed.
    /// - Returns: false when it was given away meanwhile.
    func confirm(_ id: String, fence: Int64) async -> Bool {
        guard let lease = lease, let renewed = board.renewedAt(id, fence: fence) else { return true }
        guard ProcessIdentity.boottime() - renewed > lease.milliseconds / 2 else { return true }
        _ = try? await renew([(id: id, fence: fence)])
        return !board.isKilled(id)
    }

    /// - Returns: whether all that go on have been told.
    @discardableResult
    private func renew(_ held: [(id: String, fence: Int64)]) async throws -> Bool {
        let before = ProcessIdentity.boottime()
        var terms = terms
        terms.isExact = state.withLock { state in
            defer { state.isExact = false }
            return state.isExact
        }
        let answers = try await store.renew(held, worker: identity.id, terms)
        let lease = lease ?? .zero
        for (attempt, answer) in zip(held, answers) {
            switch answer {
            case .renewed: board.renewed(attempt.id, fence: attempt.fence, at: before, lease: lease)
            case .stale: endGivenAway(attempt.id, attempt.fence)
            case .forgotten:
                chores.start("restore:\(attempt.id)") { [self] in await restore(attempt.id, attempt.fence) }
            }
        }
        return !answers.contains(.forgotten)
    }

    private func endGivenAway(_ id: String, _ fence: Int64) {
        let request = SlotBoard.KillRequest(
            requestedAt: Timestamp.now().description,
            signal: "KILL",
            by: identity.id,
            why: "its attempt was given away"
        )
        if board.end(id, fence: fence, request) {
            logger.warning("\(id) was given away while it ran here: it is ended")
        }
    }

    private func restore(_ id: String, _ fence: Int64) async {
        // Before its recipe runs there is nothing to protect.
        guard let attempt = board.attempt(of: id, fence: fence), attempt.started != nil else { return }
        do {
            let reporter = board.reporter(of: id, fence: fence)
            if try await restore(attempt.info, reporter?.fold ?? EventFold(of: attempt.info)) == .ok {
                logger.notice("\(id) was written back to Redis, which had lost it")
            }
            // What came since then may have been told to a Redis that did not know the attempt.
            reporter?.tellAgain()
        } catch {
            logger.debug("writing \(id) back: \(error)")
        }
    }

    /// Writes an attempt back that Redis lost, as it stands in its folder.
    /// - Parameter told: what its events add up to.
    func restore(_ info: AttemptInfo, _ told: EventFold) async throws -> StoreCode {
        guard var fields = AttemptContext(info.record).fields else { return .notFound }
        if let payload = try? SmallFile.bytes("\(info.folder)/payload.json") {
            fields["payload"] = String(decoding: payload, as: UTF8.self)
        }
        fields["logPath"] = info.logPath
        fields["logBytes"] = String(info.log.size)
        fields["progress"] = "0"
        fields["startedAt"] = Timestamp.now().description
        if let started = info.started {
            fields["pid"] = String(started.pid)
            fields["pidStartTime"] = String(started.startTime)
            fields["startedAt"] = max(started.startedAt.description, fields["updatedAt"] ?? "")
            fields["revision"] = String((Int(fields["revision"] ?? "") ?? 0) + Leaseholder.mostChanges(since: started))
        }
        for (name, value) in told.all { fields[name] = value }
        return try await store.restore(info.jobID, fence: info.fence, worker: identity.id, terms, fields: fields)
    }

    /// At least as many changes as the store can have seen since a recipe began: nobody counts them but Redis, and a revision
    /// must not fall.
    private static func mostChanges(since started: StartedRecord) -> Int {
        let begun = Int64(started.startTime) * 1000 / Int64(sysconf(Int32(_SC_CLK_TCK)))
        let seconds = max(0, ProcessIdentity.boottime() - begun) / 1000
        return 20 * (Int(seconds) + 1)
    }

    /// Redis does not serve. As long as its own host says so the clocks of the leases stand still: nobody else has a Redis
    /// to see them run out in either. Whatever else it may be, others may see what this worker does not.
    private func standStill() async {
        guard client.url.isFixed else { return }
        let before = ProcessIdentity.boottime()
        guard let error = await client.probe(), error.isRefusal else { return }
        // Only what runs: a monitor that runs proves that its lease had not run out, a job that was claimed proves nothing.
        for (id, fence) in board.monitored { board.renewed(id, fence: fence, at: before, lease: nil) }
    }

    /// The worker leaves, its attempts go on: their leases last for `detachFor` from now on.
    func detach() async {
        guard lease != nil else { return }
        state.withLock { state in
            state.window = window(settings.detachFor)
            state.isShort = true
            state.isExact = false
        }
        do {
            // Others first: from then on no window is shorter than what monitors are told.
            try await renew([])
            state.withLock { $0.lease = settings.detachFor.duration }
            await round()
        } catch {
            logger.warning(
                "Redis could not be told that jobs go on without a worker: they are ended in \(settings.fenceAfter) unless one is back: \(error)"
            )
        }
    }
}

extension Duration {
    fileprivate var milliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}
