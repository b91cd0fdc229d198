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
        var logBytes: Int?
        var kill: JSON?
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

    func logGrew(to bytes: Int) { change { $0.logBytes = bytes } }
    func killed(_ receipt: JSON) { change { $0.kill = receipt } }

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
            await flush()
            await pause()
        }
    }

    /// Waits between two batches, unless there will be no other.
    private func pause() async {
        let pause = state.withLock { state -> Task<Void, Never>? in
            guard !state.isStopped else { return nil }
            let pause = Task<Void, Never> { try? await Task.sleep(for: Reporter.pause) }
            state.pause = pause
            return pause
        }
        await pause?.value
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

    private func flush() async {
        await recall()
        let (fields, newest, logBytes) = state.withLock { state -> ([(String, String)], JSON?, Int?) in
            var fields = state.fold.takeChanges()
            if let bytes = state.logBytes { fields.append(("logBytes", String(bytes))) }
            if let kill = state.kill { fields.append(("kill", kill.text)) }
            defer {
                state.newest = nil
                state.logBytes = nil
                state.kill = nil
            }
            return (fields, state.newest, state.logBytes)
        }
        if let logBytes { await shipping.ship(attempt.info, upTo: logBytes) }
        guard !fields.isEmpty else { return }
        let data = newest.map { Reporter.summary(of: $0) }
        _ = await persistence.insist("reporting \(attempt.jobID)") {
            try await store.report(attempt.jobID, fence: attempt.fence, fields: fields, data: data)
        }
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
