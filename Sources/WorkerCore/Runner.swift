import HoistwayModel
import HoistwayStore
import Logging
import RedisClient
import Supervision

/// Runs claimed jobs: launches each, follows it to its end, tells the store, and takes the next one.
struct Runner: Sendable {
    let store: Store
    let supervisor: Supervisor
    let planner: LaunchPlanner
    let leases: Leaseholder
    let board: SlotBoard
    let executor: EventLoopTaskExecutor
    let claimant: @Sendable () -> Claimant
    let persistence: Persistence
    let shipping: LogShipping
    let logger: Logger

    /// Runs a claimed job and then, in the same slot, whatever is next.
    /// - Parameter moment: of CLOCK_BOOTTIME in ms, before the claim was sent.
    func run(_ job: Job, claimedAt moment: Int64) {
        guard let fence = job.fence, add(job, fence, moment) else { return }
        CrashPoint.claimed.reached()
        Task(executorPreference: executor) {
            var next: Job? = job
            while let job = next { next = await runOnce(job) }
        }
    }

    private func add(_ job: Job, _ fence: Int64, _ moment: Int64) -> Bool {
        let grace = job.options.killGrace ?? planner.settings.killGrace
        return board.add(job.id, fence: fence, killGrace: grace.duration, renewedAt: moment)
    }

    /// - Returns: the next job for this slot.
    private func runOnce(_ job: Job) async -> Job? {
        let context = AttemptContext(job)
        let fence = job.fence ?? 0
        do throws(LaunchFailure) {
            var launch = try await plan(job, fence: fence)
            _ = await leases.confirm(job.id, fence: fence)
            launch.lease = leases.lease
            launch.leaseFrom = board.renewedAt(job.id, fence: fence)
            CrashPoint.planned.reached()
            if board.isKilled(job.id) { return await giveUp(job.id, fence: fence) }
            let attempt: Attempt
            do throws(SupervisionError) {
                attempt = try supervisor.launch(launch)
            } catch {
                throw LaunchFailure(message: error.description, isRepeatable: true)
            }
            board.launched(job.id, attempt)
            CrashPoint.launched.reached()
            return await follow(attempt, context)
        } catch {
            if board.isKilled(job.id) { return await giveUp(job.id, fence: fence) }
            logger.warning("\(job.id) could not be started: \(error.message)")
            return await end(job.id, fence: fence, Ending.outcome(of: error, context))
        }
    }

    /// Prepares a launch: a kill ends that, for a command that is asked for a secret may take its time.
    private func plan(_ job: Job, fence: Int64) async throws(LaunchFailure) -> Launch {
        let planning = Task(executorPreference: executor) { [planner] () -> Result<Launch, LaunchFailure> in
            do throws(LaunchFailure) {
                return .success(try await planner.launch(for: job))
            } catch {
                return .failure(error)
            }
        }
        board.prepares(job.id, fence: fence) { planning.cancel() }
        return try await planning.value.get()
    }

    /// What was killed before it began is not begun. The store ends it.
    private func giveUp(_ id: String, fence: Int64) async -> Job? {
        await release(id, fence: fence)
        board.remove(id, fence: fence)
        return nil
    }

    /// Follows an attempt that a former worker started.
    func adopt(_ attempt: Attempt) {
        let context = AttemptContext(attempt.record)
        guard
            board.add(
                attempt.jobID,
                fence: attempt.fence,
                attempt: attempt,
                killGrace: (context.killGrace ?? planner.settings.killGrace).duration
            )
        else { return }
        Task(executorPreference: executor) {
            var next = await follow(attempt, context, isAdopted: true)
            while let job = next { next = await runOnce(job) }
        }
    }

    /// Settles an attempt that ended while no worker was there.
    func settle(_ found: FoundAttempt) async {
        var fold: EventFold
        let info: AttemptInfo
        let outcome: HoistwayStore.Outcome
        switch found {
        case .alive: return
        case .ended(let ended, let exit):
            info = ended
            fold = EventFold(of: info)
            if fold.hasArrivals { fold.recall(await registrations(of: info)) }
            await recordStart(info, exit)
            outcome = Ending.outcome(of: exit, &fold, AttemptContext(info.record))
            await shipping.finish(info, size: exit.logBytes)
        case .neverStarted(let voided):
            await release(voided)
            return
        case .lost(let lost, let record):
            info = lost
            fold = EventFold(of: info)
            if fold.hasArrivals { fold.recall(await registrations(of: info)) }
            outcome = Ending.outcome(of: record, &fold, AttemptContext(info.record))
            await shipping.finish(info, size: info.log.size)
        }
        let code = await persistence.insist("settling \(info.jobID)") {
            try await store.finish(info.jobID, fence: info.fence, outcome)
        }
        if let code { await settled(info, outcome, code) }
    }

    /// What the worker before has told of an attempt.
    private func registrations(of info: AttemptInfo) async -> JSON? {
        await persistence.insist("reading what \(info.jobID) registered") {
            try await store.job(info.jobID)?.json("registrations")
        } ?? nil
    }

    /// A job that ended while nobody told that it had begun has run all the same.
    private func recordStart(_ info: AttemptInfo, _ exit: ExitRecord) async {
        guard exit.startedAt != nil, let started = info.started else { return }
        _ = await persistence.insist("recording the start of \(info.jobID)") {
            try await store.started(info, started)
        }
    }

    /// The store knows of an end, or will not: an attempt that Redis lost is written back first. The answer to that may be
    /// lost, and whoever renews its lease may have done it.
    private func settled(_ info: AttemptInfo, _ outcome: HoistwayStore.Outcome, _ code: StoreCode) async {
        if code == .staleFence || code == .notFound {
            let told = EventFold(of: info)
            let restored = await persistence.insist("writing \(info.jobID) back") {
                try await leases.restore(info, told)
            }
            if restored == .ok || restored == .already {
                logger.notice("\(info.jobID) was written back to Redis, which had lost it, and is over")
                _ = await persistence.insist("recording the end of \(info.jobID)") {
                    try await store.finish(info.jobID, fence: info.fence, outcome)
                }
            } else {
                logger.notice("\(info.jobID)#\(info.attempt) was given away or removed: its result is not recorded")
            }
        }
        supervisor.settled(info)
    }

    /// Tells the store what an attempt does until it ended.
    /// - Parameter isAdopted: a worker before has told of it already.
    /// - Returns: the next job for this slot.
    private func follow(_ attempt: Attempt, _ context: AttemptContext, isAdopted: Bool = false) async -> Job? {
        let reporter = Reporter(
            attempt: attempt,
            isAdopted: isAdopted,
            store: store,
            executor: executor,
            persistence: persistence,
            shipping: shipping
        )
        board.reports(attempt.jobID, fence: attempt.fence, reporter)
        for await event in attempt.events {
            switch event {
            case .started(let started):
                CrashPoint.started.reached()
                await reporter.started(started)
                CrashPoint.startRecorded.reached()
            case .logGrew(let bytes): reporter.logGrew(to: bytes)
            case .events(let lines, _): reporter.add(lines)
            case .kill(let receipt): reporter.killed(receipt)
            case .ended(let exit):
                var fold = await reporter.stop()
                await shipping.finish(attempt.info, size: exit.logBytes)
                return await end(attempt, Ending.outcome(of: exit, &fold, context))
            case .lost(let record) where record.reason == .neverStarted:
                _ = await reporter.stop()
                await release(attempt.info)
                board.remove(attempt.jobID, fence: attempt.fence)
                return nil
            case .lost(let record):
                var fold = await reporter.stop()
                await shipping.finish(attempt.info, size: attempt.info.log.size)
                return await end(attempt, Ending.outcome(of: record, &fold, context))
            }
        }
        // The supervisor was closed: the attempt goes on without this worker.
        _ = await reporter.stop()
        board.remove(attempt.jobID, fence: attempt.fence)
        return nil
    }

    /// Gives a job back of which nothing ran. Its folder goes first: whoever takes the job next gives the same number to
    /// its attempt.
    private func release(_ info: AttemptInfo) async {
        do {
            try supervisor.remove(info)
        } catch {
            logger.warning("removing the folder of \(info.jobID): \(error)")
        }
        await release(info.jobID, fence: info.fence)
    }

    private func release(_ id: String, fence: Int64) async {
        _ = await persistence.insist("releasing \(id)") { try await store.release(id, fence: fence) }
    }

    private func end(_ attempt: Attempt, _ outcome: HoistwayStore.Outcome) async -> Job? {
        await end(attempt.jobID, fence: attempt.fence, outcome) { await settled(attempt.info, outcome, $0) }
    }

    /// Records an end; takes the next job in the same round trip while the worker takes jobs.
    private func end(
        _ id: String,
        fence: Int64,
        _ outcome: HoistwayStore.Outcome,
        recorded: (StoreCode) async -> Void = { _ in }
    ) async -> Job? {
        CrashPoint.ended.reached()
        var claimedAt: Int64 = 0
        var isFirst = true
        let reply = await persistence.insist("recording the end of \(id)") {
            // What is told only after an outage takes no job with it: see `Claimer`.
            let takes = isFirst && board.isAccepting && board.count <= board.capacity
            isFirst = false
            guard takes else { return (try await store.finish(id, fence: fence, outcome), [Job]()) }
            claimedAt = ProcessIdentity.boottime()
            return try await store.finish(id, fence: fence, outcome, thenClaim: claimant(), count: 1)
        }
        CrashPoint.endRecorded.reached()
        if let reply {
            leases.took(reply.1)
            await recorded(reply.0)
        }
        // The next one takes the slot before the old one leaves it, so that nobody else fills it in between.
        let next = reply?.1.first.flatMap { job in job.fence.flatMap { add(job, $0, claimedAt) } == true ? job : nil }
        board.remove(id, fence: fence)
        return next
    }
}

extension Store {
    /// The process of an attempt runs.
    func started(_ info: AttemptInfo, _ record: StartedRecord) async throws -> StoreCode {
        try await started(
            info.jobID,
            fence: info.fence,
            pid: record.pid,
            startTime: record.startTime,
            log: info.logPath,
            at: record.startedAt
        )
    }
}
