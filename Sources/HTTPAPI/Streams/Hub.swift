import Hoistway
import HoistwayModel
import HoistwayStore
import Logging
import RedisClient
import Synchronization

/// Hears of every event and of the growth of logs over one connection, and wakes who follows: as many as there are.
package final class Hub: Sendable {
    /// What somebody follows.
    enum Subject: Hashable, Sendable {
        case events
        case job(String)
        /// A job and its log.
        case log(String)
    }

    private struct Follower {
        var subject: Subject
        var signal: Signal
    }

    private struct State {
        var next = 0
        var followers: [Int: Follower] = [:]
        var byJob: [String: Set<Int>] = [:]
        var ofEvents: Set<Int> = []
        /// The position behind the last piece that was seen of each log that is followed; empty before the first look.
        var logs: [String: String] = [:]
        var logFollowers: [String: Int] = [:]

        mutating func drop(_ id: Int, of job: String) {
            byJob[job]?.remove(id)
            if byJob[job]?.isEmpty == true { byJob[job] = nil }
        }
    }

    /// How long one look lasts, in seconds; who comes is heard within it.
    private static let look = 0.25
    private static let tick = Duration.milliseconds(500)
    private static let pause = Duration.milliseconds(200)
    /// Events after which another attempt has a log of its own.
    private static let newLog: Set = ["claimed", "started", "restored", "retrying"]

    private let store: Store
    private let client: RedisClient
    private let logger: Logger
    private let state = Mutex(State())
    private let arrivals = Signal()

    init(store: Store, client: RedisClient, logger: Logger) {
        self.store = store
        self.client = client
        self.logger = logger
    }

    /// How many follow.
    package var count: Int { state.withLock { $0.followers.count } }

    /// Listens while a body runs.
    func whileRunning(_ body: @escaping @Sendable () async throws -> Void) async throws {
        let listening = Task { await run() }
        defer { listening.cancel() }
        try await body()
    }

    /// Begins to follow; ended by ``leave(_:)``.
    func join(_ subject: Subject) -> (id: Int, signal: Signal) {
        let signal = Signal()
        let (id, isFirst) = state.withLock { state in
            state.next += 1
            let id = state.next
            state.followers[id] = Follower(subject: subject, signal: signal)
            switch subject {
            case .events: state.ofEvents.insert(id)
            case .job(let job): state.byJob[job, default: []].insert(id)
            case .log(let job):
                state.byJob[job, default: []].insert(id)
                state.logFollowers[job, default: 0] += 1
                if state.logs[job] == nil { state.logs[job] = "" }
            }
            return (id, state.followers.count == 1)
        }
        if isFirst { arrivals.raise(.changed) }
        return (id, signal)
    }

    func leave(_ id: Int) {
        state.withLock { state in
            guard let follower = state.followers.removeValue(forKey: id) else { return }
            switch follower.subject {
            case .events: state.ofEvents.remove(id)
            case .job(let job): state.drop(id, of: job)
            case .log(let job):
                state.drop(id, of: job)
                let left = (state.logFollowers[job] ?? 1) - 1
                state.logFollowers[job] = left > 0 ? left : nil
                if left <= 0 { state.logs[job] = nil }
            }
        }
    }

    private func run() async {
        let connection = client.blocking()
        var position: String?
        var lastTick = ContinuousClock.now
        while !Task.isCancelled {
            if count == 0 {
                position = nil
                // An idle server sends nothing to Redis for this.
                guard await arrivals.next() != nil else { break }
                continue
            }
            do {
                position = try await listen(after: position, connection)
            } catch {
                logger.debug("following: \(error)")
                position = nil
                try? await Task.sleep(for: Hub.pause)
            }
            if ContinuousClock.now - lastTick >= Hub.tick {
                lastTick = .now
                raise(.tick) { _ in true }
            }
        }
        await connection.close()
    }

    /// - Returns: the position of the last event seen.
    private func listen(after position: String?, _ connection: RedisBlockingConnection) async throws -> String {
        guard var position else {
            let newest = try await store.recentEvents(1).last?.id ?? "0-0"
            state.withLock { state in
                for id in state.logs.keys { state.logs[id] = "" }
            }
            // What happened before this moment they have to look for themselves.
            raise(.changed) { _ in true }
            return newest
        }
        try await beginLogs()
        let followed = state.withLock { $0.logs.filter { !$0.value.isEmpty } }
        let news = try await store.news(after: position, logs: followed, block: Hub.look, on: connection)
        if let last = news.events.last { position = last.id }
        tell(news)
        return position
    }

    /// Finds the ends of logs that are new here.
    private func beginLogs() async throws {
        let new = state.withLock { $0.logs.filter(\.value.isEmpty).map(\.key) }
        guard !new.isEmpty else { return }
        let positions = try await store.logPositions(new)
        state.withLock { state in
            for (id, position) in positions where state.logs[id] != nil { state.logs[id] = position }
        }
        wake(jobs: Set(new), .grown)
    }

    private func tell(_ news: StreamNews) {
        var changed: Set<String> = []
        for (_, event) in news.events {
            guard let id = event["id"]?.stringValue else { continue }
            changed.insert(id)
            if let name = event["event"]?.stringValue, Hub.newLog.contains(name) {
                // Another attempt's log begins at its beginning.
                state.withLock { if $0.logs[id] != nil { $0.logs[id] = "0-0" } }
            }
        }
        state.withLock { state in
            for (id, last) in news.logs where state.logs[id] != nil && !changed.contains(id) { state.logs[id] = last }
        }
        wake(jobs: changed, .changed)
        wake(jobs: Set(news.logs.keys).subtracting(changed), .grown)
        if !news.events.isEmpty { raise(.changed) { $0 == .events } }
    }

    private func wake(jobs: Set<String>, _ wake: Signal.Wake) {
        guard !jobs.isEmpty else { return }
        let signals = state.withLock { state in
            jobs.flatMap { state.byJob[$0] ?? [] }.compactMap { state.followers[$0]?.signal }
        }
        for signal in signals { signal.raise(wake) }
    }

    private func raise(_ wake: Signal.Wake, _ isMeant: (Subject) -> Bool) {
        let signals = state.withLock { state in
            state.followers.values.filter { isMeant($0.subject) }.map(\.signal)
        }
        for signal in signals { signal.raise(wake) }
    }
}

/// One follower's place in the hub, for as long as somebody holds it.
final class Following: Sendable {
    private let hub: Hub
    private let id: Int
    private let signal: Signal
    private let quiescence: Quiescence

    init(_ hub: Hub, _ subject: Hub.Subject, _ quiescence: Quiescence) {
        self.hub = hub
        self.quiescence = quiescence
        (id, signal) = hub.join(subject)
    }

    deinit { hub.leave(id) }

    /// - Throws: `CancellationError` when the task is cancelled or the server is to stop.
    func next() async throws -> Signal.Wake {
        guard !quiescence.isStopping, let wake = await signal.next(), !quiescence.isStopping else {
            throw CancellationError()
        }
        return wake
    }
}

/// Tells a follower of a log what the hub hears of its job.
struct HubWatch: ChangeWatching {
    let following: Following

    mutating func changes(of ids: Set<String>, within seconds: Double) async throws -> Set<String> {
        try await following.next() == .changed ? ids : []
    }
}
