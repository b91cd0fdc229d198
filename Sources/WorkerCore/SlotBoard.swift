import HoistwayModel
import Supervision
import Synchronization

/// Which jobs the worker has, and how many more it may take. The one place that the roles share.
final class SlotBoard: Sendable {
    struct Entry: Sendable {
        var fence: Int64
        /// Nil while the launch is prepared.
        var attempt: Attempt?
        /// Gives its preparation up.
        var cancel: (@Sendable () -> Void)?
        /// Tells of the attempt.
        var reporter: Reporter?
        /// The newest kill that was asked for, and whether the attempt's monitor has been told.
        var kill: KillRequest?
        var isKillDelivered = false
        var killGrace: Duration
        /// The lease holds from here on, in ms of CLOCK_BOOTTIME; 0 when that is not known here.
        var renewedAt: Int64
        /// Its monitor knows that its lease is without limit.
        var isUnlimited = false
    }

    struct KillRequest: Sendable, Hashable {
        var requestedAt: String
        var signal: String?
        var grace: Duration?
        var by: String?
        var why: String?
    }

    fileprivate struct State {
        var entries: [String: Entry] = [:]
        /// Jobs whose attempts ended while no worker was here, until the store knows.
        var settling: Set<String> = []
        var isAccepting = true
        var waiting: [CheckedContinuation<Void, Never>] = []
        var isFinished: Bool { !isAccepting && entries.isEmpty && settling.isEmpty }
    }

    let capacity: Int
    fileprivate let state = Mutex(State())

    init(capacity: Int) {
        self.capacity = capacity
    }

    var count: Int { state.withLock { $0.entries.count } }
    var isAccepting: Bool { state.withLock { $0.isAccepting } }
    var free: Int { state.withLock { $0.isAccepting ? max(0, capacity - $0.entries.count) : 0 } }
    /// The fence of each job's attempt.
    var fences: [String: Int64] { state.withLock { $0.entries.mapValues(\.fence) } }
    var ids: [String] { state.withLock { Array($0.entries.keys) } }
    /// Whether a job is being launched at this moment.
    var isLaunching: Bool { state.withLock { $0.entries.values.contains { $0.attempt == nil } } }
    /// Whether the end of an attempt is not told to the store yet.
    var isRecording: Bool {
        state.withLock { !$0.settling.isEmpty || $0.entries.values.contains { $0.attempt?.isFinished == true } }
    }

    /// Whether something here will still tell the store about a job.
    func has(_ id: String) -> Bool { state.withLock { $0.entries[id] != nil || $0.settling.contains(id) } }

    func beginSettling(_ id: String) { state.withLock { _ = $0.settling.insert(id) } }
    func endSettling(_ id: String) { wake { $0.settling.remove(id) } }

    /// A job that was given back or retried may be claimed again before its former attempt has left: the newer fence
    /// takes the entry over.
    /// - Returns: false when this attempt is here already.
    func add(
        _ id: String,
        fence: Int64,
        attempt: Attempt? = nil,
        killGrace: Duration,
        renewedAt: Int64 = 0
    ) -> Bool {
        state.withLock { state in
            if let entry = state.entries[id], entry.fence >= fence { return false }
            state.entries[id] = Entry(
                fence: fence,
                attempt: attempt,
                killGrace: killGrace,
                renewedAt: renewedAt
            )
            return true
        }
    }

    /// The job's attempt was launched; a kill that came before is passed on.
    func launched(_ id: String, _ attempt: Attempt) {
        let entry = state.withLock { state in
            // A newer attempt may have taken the entry over.
            guard state.entries[id]?.fence == attempt.fence else { return Entry?.none }
            state.entries[id]?.attempt = attempt
            state.entries[id]?.cancel = nil
            return state.entries[id]
        }
        if let entry { deliver(id, entry) }
    }

    /// The job's launch is prepared, which may take its time: a kill gives it up.
    func prepares(_ id: String, fence: Int64, cancel: @escaping @Sendable () -> Void) {
        let isKilled = state.withLock { state in
            guard state.entries[id]?.fence == fence else { return false }
            state.entries[id]?.cancel = cancel
            return state.entries[id]?.kill != nil
        }
        if isKilled { cancel() }
    }

    func remove(_ id: String, fence: Int64) {
        wake { if $0.entries[id]?.fence == fence { $0.entries[id] = nil } }
    }

    /// From now on nothing is taken.
    func stopAccepting() {
        wake { $0.isAccepting = false }
    }

    /// Passes a kill on to the job's monitor, once for each request.
    /// - Returns: false when the job is not here.
    func kill(_ id: String, _ request: KillRequest) -> Bool {
        let entry = state.withLock { state -> Entry? in
            guard state.entries[id] != nil else { return nil }
            if state.entries[id]?.kill != request {
                state.entries[id]?.kill = request
                state.entries[id]?.isKillDelivered = false
            }
            return state.entries[id]
        }
        guard let entry else { return false }
        deliver(id, entry)
        return true
    }

    /// Ends one attempt of a job, unless it has ended.
    /// - Returns: whether that was news.
    func end(_ id: String, fence: Int64, _ request: KillRequest) -> Bool {
        let isNews = state.withLock { state in
            guard let entry = state.entries[id], entry.fence == fence, entry.attempt?.isFinished != true else {
                return false
            }
            return entry.kill?.why != request.why
        }
        return isNews && kill(id, request)
    }

    func isKilled(_ id: String) -> Bool { state.withLock { $0.entries[id]?.kill != nil } }

    /// Ends every job that runs, each with its own grace.
    func killAll(by: String, why: String) {
        let request = KillRequest(requestedAt: Timestamp.now().description, by: by, why: why)
        for id in ids { _ = kill(id, request) }
    }

    private func deliver(_ id: String, _ entry: Entry) {
        guard let attempt = entry.attempt, let kill = entry.kill else {
            entry.cancel?()
            return
        }
        let isFirst = state.withLock { state in
            guard let current = state.entries[id], !current.isKillDelivered else { return false }
            state.entries[id]?.isKillDelivered = true
            return true
        }
        guard isFirst else { return }
        attempt.kill(
            signal: kill.signal ?? "TERM",
            grace: kill.grace ?? entry.killGrace,
            by: kill.by,
            why: kill.why,
            requestedAt: Timestamp(parsing: kill.requestedAt) ?? .now()
        )
    }

    /// Waits until a slot is free or nothing is taken any more.
    func waitForFree() async {
        while isAccepting, free == 0 { await waitUnless { !$0.isAccepting || $0.entries.count < self.capacity } }
    }

    /// Waits until nothing is taken any more, no job is left, and the store knows of all that ended.
    func waitUntilFinished() async {
        while !state.withLock(\.isFinished) { await waitUnless(\.isFinished) }
    }

    private func waitUnless(_ condition: @Sendable (State) -> Bool) async {
        await withCheckedContinuation { continuation in
            let isTrue = state.withLock { state in
                if condition(state) { return true }
                state.waiting.append(continuation)
                return false
            }
            if isTrue { continuation.resume() }
        }
    }

    private func wake(_ change: (inout State) -> Void) {
        let waiting = state.withLock { state in
            change(&state)
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}

extension SlotBoard {
    /// The attempts that have not ended, with their fences.
    var leased: [(id: String, fence: Int64)] {
        state.withLock { state in
            state.entries.filter { $0.value.attempt?.isFinished != true }.map { ($0.key, $0.value.fence) }
        }
    }

    /// Those of them that have a monitor.
    var monitored: [(id: String, fence: Int64)] {
        state.withLock { state in
            state.entries.filter { $0.value.attempt?.isFinished == false }.map { ($0.key, $0.value.fence) }
        }
    }

    /// Since when the lease of an attempt holds; nil when it is not here, or its monitor counts by itself.
    func renewedAt(_ id: String, fence: Int64) -> Int64? {
        state.withLock { state in
            guard let entry = state.entries[id], entry.fence == fence, entry.renewedAt > 0 else { return nil }
            return entry.renewedAt
        }
    }

    func attempt(of id: String, fence: Int64) -> Attempt? {
        state.withLock { state in state.entries[id].flatMap { $0.fence == fence ? $0.attempt : nil } }
    }

    func reports(_ id: String, fence: Int64, _ reporter: Reporter) {
        state.withLock { if $0.entries[id]?.fence == fence { $0.entries[id]?.reporter = reporter } }
    }

    func reporter(of id: String, fence: Int64) -> Reporter? {
        state.withLock { state in state.entries[id].flatMap { $0.fence == fence ? $0.reporter : nil } }
    }

    /// Redis may have lost what was told of the attempts: it is told again.
    func tellAgain() {
        for reporter in state.withLock({ $0.entries.values.compactMap(\.reporter) }) { reporter.tellAgain() }
    }

    /// The lease of an attempt was renewed: its monitor is told.
    /// - Parameters:
    ///   - moment: the moment before that was asked for, in ms of CLOCK_BOOTTIME.
    ///   - lease: its length, zero for no limit; nil to leave it as it is.
    func renewed(_ id: String, fence: Int64, at moment: Int64, lease: Duration?) {
        let attempt = state.withLock { state -> Attempt? in
            guard let entry = state.entries[id], entry.fence == fence else { return nil }
            state.entries[id]?.renewedAt = max(entry.renewedAt, moment)
            if entry.isUnlimited, lease == .zero { return nil }
            if entry.attempt != nil { state.entries[id]?.isUnlimited = lease == .zero }
            return entry.attempt
        }
        attempt?.renew(boottime: moment, lease: lease)
    }
}
