import HoistwayModel
import HoistwayStore
import RedisClient
import Supervision
import Synchronization

/// Passes on what one attempt tells while it runs, in batches: at most ten times a second, and only when there is news.
final class Reporter: Sendable {
    private struct State {
        var fold: EventFold
        var newest: JSON?
        var started: StartedRecord?
        var logBytes: Int?
        var kill: JSON?
        /// The log or the receipt of a kill has changed since it was told of.
        var isDue = false
        /// Redis knows less than it was told: it is told everything again.
        var isBehind = false
        var task: Task<Void, Never>?
        var isStopped = false
        /// The worker before may know when something was registered.
        var recalls = false
        var pause: Task<Void, Never>?
    }

    private let attempt: Attempt
    private let store: Store
    private let executor: EventLoopTaskExecutor
    private let persistence: Persistence
    private let shipping: LogShipping
    private let state: Mutex<State>
    private let signal: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    /// Shortest time between two batches.
    private static let pause = Duration.milliseconds(100)
    /// Time until what Redis does not know is told again: the attempt is written back first.
    private static let longPause = Duration.seconds(1)

    init(
        attempt: Attempt,
        isAdopted: Bool,
        store: Store,
        executor: EventLoopTaskExecutor,
        persistence: Persistence,
        shipping: LogShipping
    ) {
        self.attempt = attempt
        self.store = store
        self.executor = executor
        self.persistence = persistence
        self.shipping = shipping
        let fold = EventFold(isRemote: AttemptContext(attempt.record).isRemote)
        state = Mutex(State(fold: fold, recalls: isAdopted))
        (signal, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    func logGrew(to bytes: Int) {
        change {
            $0.logBytes = bytes
            $0.isDue = true
        }
    }

    func killed(_ receipt: JSON) {
        change {
            $0.kill = receipt
            $0.isDue = true
        }
    }

    /// The recipe runs. Returns once Redis knows.
    func started(_ record: StartedRecord) async {
        state.withLock { $0.started = record }
        let code = await persistence.insist("recording the start of \(attempt.jobID)") {
            try await store.started(attempt.info, record)
        }
        if code.isForgotten { tellAgain() }
    }

    /// Redis may know less than it was told.
    func tellAgain() {
        change { $0.isBehind = true }
    }

    /// What the attempt has told so far, for a Redis that has lost it.
    var fold: EventFold { state.withLock { $0.fold } }

    func add(_ lines: [JSON]) {
        change { state in
            for line in lines { state.fold.add(line) }
            state.newest = lines.last ?? state.newest
        }
    }

    /// Ends the batches; what was not passed on yet goes with the end of the attempt.
    func stop() async -> EventFold {
        continuation.finish()
        let pause = state.withLock { state in
            state.isStopped = true
            return state.pause
        }
        pause?.cancel()
        await state.withLock { $0.task }?.value
        return state.withLock { $0.fold }
    }

    private func change(_ body: (inout State) -> Void) {
        state.withLock { state in
            body(&state)
            if state.task == nil { state.task = Task(executorPreference: executor) { await self.run() } }
        }
        continuation.yield()
    }

    private func run() async {
        for await _ in signal {
            while await !flush() { if await !pause(Reporter.longPause) { break } }
            _ = await pause(Reporter.pause)
        }
    }

    /// Waits between two batches.
    /// - Returns: false, and at once, when there will be no other.
    private func pause(_ time: Duration) async -> Bool {
        let pause = state.withLock { state -> Task<Void, Never>? in
            guard !state.isStopped else { return nil }
            let pause = Task<Void, Never> { try? await Task.sleep(for: time) }
            state.pause = pause
            return pause
        }
        await pause?.value
        return state.withLock { !$0.isStopped }
    }

    private func recall() async {
        let isDue = state.withLock { $0.recalls && $0.fold.hasArrivals }
        guard isDue else { return }
        let earlier = await persistence.insist("reading what \(attempt.jobID) registered") {
            try await store.job(attempt.jobID)?.json("registrations")
        }
        state.withLock { state in
            state.recalls = false
            state.fold.recall(earlier ?? nil)
        }
    }

    /// - Returns: false when Redis does not know the attempt, so that it must be told again.
    private func flush() async -> Bool {
        await recall()
        let isBehind = state.withLock { state in
            defer { state.isBehind = false }
            return state.isBehind
        }
        if isBehind, await !tellStart() {
            state.withLock { $0.isBehind = true }
            return false
        }
        let (fields, newest, logBytes) = state.withLock { state -> ([(String, String)], JSON?, Int?) in
            var fields = isBehind ? state.fold.takeAll() : state.fold.takeChanges()
            let isDue = isBehind || state.isDue
            let logBytes = isDue ? state.logBytes : nil
            if let logBytes { fields.append(("logBytes", String(logBytes))) }
            if isDue, let kill = state.kill { fields.append(("kill", kill.text)) }
            defer {
                state.newest = nil
                state.isDue = false
            }
            return (fields, state.newest, logBytes)
        }
        if let logBytes { await shipping.ship(attempt.info, upTo: logBytes) }
        guard !fields.isEmpty else { return true }
        let data = newest.map { Reporter.summary(of: $0) }
        let code = await persistence.insist("reporting \(attempt.jobID)") {
            try await store.report(attempt.jobID, fence: attempt.fence, fields: fields, data: data)
        }
        if code == nil || code.isForgotten { state.withLock { $0.isBehind = true } }
        return !code.isForgotten
    }

    /// Redis may have forgotten that the attempt runs.
    private func tellStart() async -> Bool {
        guard let started = state.withLock(\.started) else { return true }
        let code = await persistence.insist("recording the start of \(attempt.jobID)") {
            try await store.started(attempt.info, started)
        }
        if code.isForgotten { shipping.restart(attempt.info) }
        return !code.isForgotten
    }

    /// What the stream of events shows of an event: where it stands, not its whole content.
    private static func summary(of event: JSON) -> JSON {
        var summary = JSONObject()
        for name in ["progress", "stage", "component", "message"] {
            if let value = event[name] { summary.append(name, value) }
        }
        return .object(summary)
    }
}

extension StoreCode? {
    /// Redis has lost the attempt, or it was given away.
    fileprivate var isForgotten: Bool { self == .notFound || self == .staleFence }
}
