import HoistwayModel
import HoistwayStore
import RedisClient

/// Something that tells when something happened to jobs.
package protocol ChangeWatching: Sendable {
    /// Waits until something happened to one of the jobs, or may have.
    /// - Parameter seconds: how long at most.
    /// - Returns: those that something happened to.
    mutating func changes(of ids: Set<String>, within seconds: Double) async throws -> Set<String>
}

/// Tells when something happened to jobs, from the stream of events.
package struct JobWatch: ChangeWatching {
    private let store: Store
    private let connection: RedisBlockingConnection
    private var position: String

    /// Begins with what happens from now on.
    package init(_ store: Store, _ client: RedisClient) async throws {
        self.store = store
        connection = client.blocking()
        position = try await store.recentEvents(1).last?.id ?? "0-0"
    }

    /// The jobs among `ids` that something happened to; none when nothing did within `seconds`.
    package mutating func changes(of ids: Set<String>, within seconds: Double) async throws -> Set<String> {
        let clock = ContinuousClock()
        let deadline = clock.now + .seconds(seconds)
        while true {
            let rest = max(0.001, (deadline - clock.now) / .seconds(1))
            let events = try await store.events(after: position, block: rest, on: connection)
            position = events.last?.id ?? position
            let changed = Set(events.compactMap { $0.event["id"]?.stringValue }).intersection(ids)
            if !changed.isEmpty || clock.now >= deadline { return changed }
        }
    }
}

/// Waits for the end of jobs.
package enum JobWait {
    /// How often a job is looked at though no event told of it, in seconds.
    private static let look = 5.0

    /// - Parameter deadline: `nil` waits for ever.
    /// - Returns: the ended jobs in the order of the ids; `nil` when the deadline passed.
    /// - Throws: `Refusal` when one of them is not there (any more).
    package static func ended(
        _ ids: [String],
        _ store: Store,
        _ client: RedisClient,
        deadline: ContinuousClock.Instant? = nil,
        patience: Patience
    ) async throws -> [Job]? {
        var patience = patience
        while true {
            do {
                return try await watched(ids, store, client, deadline, &patience)
            } catch {
                try await patience.absorb(error)
            }
        }
    }

    private static func watched(
        _ ids: [String],
        _ store: Store,
        _ client: RedisClient,
        _ deadline: ContinuousClock.Instant?,
        _ patience: inout Patience
    ) async throws -> [Job]? {
        var watch = try await JobWatch(store, client)
        patience.recovered()
        var ended: [String: Job] = [:]
        var open = Set(ids)
        var changed = open
        while true {
            for id in changed {
                guard let job = try await store.job(id) else { throw Refusal.noJob(id) }
                guard job.status.isTerminal else { continue }
                ended[id] = job
                open.remove(id)
            }
            if open.isEmpty { return ids.compactMap { ended[$0] } }
            let rest = deadline.map { ($0 - ContinuousClock.now) / .seconds(1) } ?? look
            if rest <= 0 { return nil }
            changed = try await watch.changes(of: open, within: min(rest, look))
            patience.recovered()
            if changed.isEmpty { changed = open }
        }
    }
}
