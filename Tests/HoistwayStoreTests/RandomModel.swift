import HoistwayModel
import HoistwayStore

/// What a store should hold after a run of operations, kept the simplest way there is. Fails nothing, knows no keys.
struct RandomModel {
    struct Entry {
        var id: String
        var type: JobType
        var key: String
        var limit: Int
        var priority: Int
        var maxAttempts: Int
        var state: JobState
        var revision = 1
        var attempt = 0
        var failures = 0
        var spawnFaults = 0
        var lostFaults = 0
        var temporaries = 0
        var fence: Int64?
        var isKilled = false
        var isSuperseded = false
        var isDelayed = false
        var open: Set<String> = []
        /// Place in the order of acceptance.
        var number = 0
        /// Place among those who wait for a turn.
        var place = 0
        var onConflict = OnConflict.queue

        var supersedes: Bool { onConflict == .supersede || onConflict == .supersedeRunning }
    }

    private(set) var jobs: [String: Entry] = [:]
    /// Ids in the order of acceptance.
    private(set) var order: [String] = []
    private(set) var holders: [String: [String]] = [:]
    private(set) var lanes: [String: [String]] = [:]
    private(set) var paused: Set<JobType> = []
    private var places = 0

    func ids(_ fits: (JobState) -> Bool) -> [String] { order.filter { jobs[$0].map { fits($0.state) } ?? false } }

    static func lane(_ entry: Entry) -> String { "\(entry.type):\(entry.priority)" }

    private func waiting(_ key: String) -> [String] {
        jobs.values.filter { $0.key == key && $0.state == .blocked && $0.open.isEmpty }.sorted { $0.place < $1.place }
            .map(\.id)
    }

    private mutating func change(_ id: String, _ body: (inout Entry) -> Void) {
        guard var entry = jobs[id] else { return }
        body(&entry)
        entry.revision += 1
        jobs[id] = entry
    }

    private mutating func set(_ id: String, _ state: JobState) {
        change(id) { $0.state = state }
    }

    private mutating func stand(_ id: String, first: Bool = false, placed: Bool = false) {
        guard let entry = jobs[id] else { return }
        set(id, paused.contains(entry.type) ? .paused : .queued)
        if placed { return }
        let lane = RandomModel.lane(entry)
        lanes[lane, default: []].insert(id, at: first ? 0 : lanes[lane, default: []].count)
    }

    private mutating func giveTurns(_ key: String) {
        while let next = waiting(key).first, let entry = jobs[next], hasRoom(entry) {
            holders[key, default: []].append(next)
            stand(next)
        }
    }

    private func isFree(_ entry: Entry) -> Bool {
        hasRoom(entry) && waiting(entry.key).isEmpty
    }

    /// Whether the limits of all holders and its own allow one more.
    private func hasRoom(_ entry: Entry) -> Bool {
        let held = holders[entry.key, default: []]
        return held.count < held.reduce(entry.limit) { min($0, jobs[$1]?.limit ?? 1) }
    }

    private mutating func comeDue(_ id: String) {
        guard let entry = jobs[id] else { return }
        if entry.state == .retrying { return stand(id) }
        // It does not stand in line itself while this is decided.
        jobs[id]?.state = .delayed
        let (turn, place) = entry.supersedes ? supersede(with: entry) : (nil, nil)
        if turn != nil || isFree(entry) {
            if turn == nil { holders[entry.key, default: []].append(id) }
            return stand(id, placed: turn == .inQueue)
        }
        if entry.state == .delayed {
            places += 1
            jobs[id]?.place = place ?? places
            set(id, .blocked)
        } else {
            jobs[id]?.place = place ?? entry.place
            jobs[id]?.state = .blocked
        }
    }

    /// The end of a job and everything that follows from it.
    mutating func end(_ id: String, _ state: JobState) {
        guard let entry = jobs[id] else { return }
        set(id, state)
        lanes[RandomModel.lane(entry)]?.removeAll { $0 == id }
        if let index = holders[entry.key]?.firstIndex(of: id) {
            holders[entry.key]?.remove(at: index)
            giveTurns(entry.key)
        }
        jobs[id]?.open = []
        for dependent in order where jobs[dependent]?.open.contains(id) ?? false {
            guard let other = jobs[dependent], other.open.contains(id) else { continue }
            if state.status == .error {
                end(dependent, .error(.skipped))
            } else {
                jobs[dependent]?.open.remove(id)
                guard jobs[dependent]?.open.isEmpty ?? false else { continue }
                if other.isDelayed { set(dependent, .delayed) } else { comeDue(dependent) }
            }
        }
    }

    mutating func accept(_ document: JobDocument, id: String) {
        places += 1
        var entry = Entry(
            id: id,
            type: document.type,
            key: document.concurrencyKey,
            limit: document.concurrencyLimit,
            priority: document.priority,
            maxAttempts: document.maxAttempts,
            state: .blocked
        )
        entry.place = places
        entry.number = places
        entry.onConflict = document.onConflict
        entry.isDelayed = document.delay > .zero
        let dependencies = document.dependsOn.compactMap { jobs[$0] }
        entry.open = Set(dependencies.filter { !$0.state.status.isTerminal }.map(\.id))
        let failed = dependencies.contains { $0.state.status == .error }
        order.append(id)
        if !entry.open.isEmpty || failed || entry.isDelayed {
            entry.state = entry.open.isEmpty && !failed ? .delayed : .blocked
            jobs[id] = entry
            if failed { end(id, .error(.skipped)) }
            return
        }
        let (inherited, place) = entry.supersedes ? supersede(with: entry) : (nil, nil)
        entry.place = place ?? entry.place
        if inherited != nil || isFree(entry) {
            if inherited == nil { holders[entry.key, default: []].append(id) }
            entry.state = paused.contains(entry.type) ? .paused : .queued
            if inherited != .inQueue { lanes[RandomModel.lane(entry), default: []].append(id) }
        }
        jobs[id] = entry
    }

    private enum Turn {
        case held, inQueue
    }

    private mutating func supersede(with entry: Entry) -> (Turn?, place: Int?) {
        let running = entry.onConflict == .supersedeRunning
        func isOlder(_ id: String) -> Bool { jobs[id].map { $0.number < entry.number } ?? false }
        let line = waiting(entry.key).filter(isOlder)
        let place = line.first.flatMap { jobs[$0]?.place }
        let later = order.filter { id in
            jobs[id].map { $0.key == entry.key && ($0.state == .delayed || $0.state == .blocked && !$0.open.isEmpty) }
                ?? false
        }
        for older in line + later.filter(isOlder) where jobs[older]?.state.status == .pending {
            end(older, .error(.superseded))
        }
        var turn: Turn?
        for holder in holders[entry.key, default: []] where isOlder(holder) {
            guard let other = jobs[holder] else { continue }
            if other.state.status == .pending, other.state != .starting {
                let held = holders[entry.key, default: []]
                if turn == nil, held.count <= entry.limit, let index = held.firstIndex(of: holder) {
                    turn = .held
                    holders[entry.key]?[index] = entry.id
                    let lane = RandomModel.lane(entry)
                    if let index = lanes[lane]?.firstIndex(of: holder) {
                        lanes[lane]?[index] = entry.id
                        turn = .inQueue
                    }
                }
                end(holder, .error(.superseded))
            } else if running, !other.isKilled {
                change(holder) {
                    $0.isKilled = true; $0.isSuperseded = true
                }
            }
        }
        return (turn, place)
    }

    /// Whether the key of a document is in use, so that `onConflict: reject` refuses it.
    func isBusy(_ key: String) -> Bool { !holders[key, default: []].isEmpty || !waiting(key).isEmpty }

    /// What the next claim of this type and priority must hand out.
    func head(_ id: String) -> String? {
        jobs[id].flatMap { lanes[RandomModel.lane($0)]?.first }
    }

    mutating func claim(_ id: String, fence: Int64?) {
        guard let entry = jobs[id] else { return }
        lanes[RandomModel.lane(entry)]?.removeAll { $0 == id }
        change(id) { job in
            job.state = .starting
            job.attempt += 1
            job.fence = fence
        }
    }

    mutating func start(_ id: String) { set(id, .running) }

    mutating func report(_ id: String) { change(id) { _ in } }

    mutating func release(_ id: String) {
        guard let entry = jobs[id] else { return }
        if entry.isKilled { return end(id, .error(entry.isSuperseded ? .superseded : .killed)) }
        jobs[id]?.attempt -= 1
        jobs[id]?.fence = nil
        stand(id, first: true)
    }

    mutating func finish(_ id: String, _ outcome: Outcome) {
        guard var entry = jobs[id] else { return }
        if entry.state == .starting, [.done, .timeout, .idle].contains(outcome.kind) { start(id) }
        if outcome.kind == .done { return end(id, .done) }
        var again = false
        if outcome.kind != .spawn { entry.spawnFaults = 0 }
        if outcome.kind != .lost { entry.lostFaults = 0 }
        switch outcome.kind {
        case .spawn:
            entry.spawnFaults += 1
            again = outcome.isRepeatable && entry.spawnFaults <= 3
        case .lost:
            entry.lostFaults += 1
            again = entry.maxAttempts > 1 && entry.lostFaults <= 3
        case .killed: break
        default:
            entry.failures += 1
            again = outcome.isRepeatable && entry.failures < entry.maxAttempts
            if outcome.isTemporary {
                entry.temporaries += 1
                again = again || outcome.isRepeatable && entry.temporaries <= 3
            }
        }
        entry.revision = jobs[id]?.revision ?? 0
        entry.state = jobs[id]?.state ?? entry.state
        jobs[id] = entry
        if entry.isKilled { return end(id, .error(entry.isSuperseded ? .superseded : .killed)) }
        guard again else { return end(id, .error(JobReason(rawValue: outcome.kind.rawValue) ?? .failed)) }
        set(id, .retrying)
    }

    mutating func kill(_ id: String) {
        guard let entry = jobs[id] else { return }
        if entry.state.status == .pending, entry.state != .starting { return end(id, .error(.cancelled)) }
        if !entry.isKilled { change(id) { $0.isKilled = true } }
    }

    mutating func promote(_ id: String) {
        jobs[id]?.isDelayed = false
        comeDue(id)
    }

    mutating func pause(_ type: JobType, _ pausing: Bool) {
        if pausing { paused.insert(type) } else { paused.remove(type) }
        for id in order where jobs[id]?.type == type && jobs[id]?.state == (pausing ? .queued : .paused) {
            set(id, pausing ? .paused : .queued)
        }
    }

    mutating func remove(_ id: String) {
        if jobs[id]?.state.status == .pending { end(id, .error(.cancelled)) }
        jobs[id] = nil
        order.removeAll { $0 == id }
    }
}
