import HoistwayModel
import HoistwayStore

/// What happens to jobs, queues, workers and schedules.
package struct EventService: Sendable {
    let store: Store
    let hub: Hub
    let quiescence: Quiescence
    private let reads = SharedReads<String, Page>(most: 4 << 20) { $0.size }

    init(store: Store, hub: Hub, quiescence: Quiescence) {
        self.store = store
        self.hub = hub
        self.quiescence = quiescence
    }

    /// An event and its place among all.
    package typealias Event = (position: String, fields: JSONObject)

    private struct Page: Sendable {
        var events: [Event]
        var isComplete: Bool
        var size: Int { events.isEmpty ? 0 : events.count * 300 }
    }

    /// What a follower is told.
    package enum Step: Sendable {
        case events([Event])
        /// Events before this place are not kept any more and were missed: what was learnt from events has to be asked for anew.
        case resync(String)
        case beat
    }

    /// Tells every event after a position, at the pace of who is told, until the server stops.
    /// - Parameter position: `nil` begins with what happens from now on.
    package func follow(
        after position: String?,
        beat: Duration,
        _ tell: (Step) async throws -> Void
    ) async throws {
        let following = Following(hub, .events, quiescence)
        var last: String
        if let position { last = position } else { last = try await newest() }
        var told = ContinuousClock.now
        while true {
            let page = try await page(after: last)
            if !page.isComplete, let first = page.events.first { try await tell(.resync(first.position)) }
            if let newest = page.events.last {
                try await tell(.events(page.events))
                last = newest.position
                told = .now
                continue
            }
            while try await following.next() == .tick {
                guard ContinuousClock.now - told >= beat else { continue }
                try await tell(.beat)
                told = .now
            }
        }
    }

    private func newest() async throws -> String {
        try await OutagePatience.insist { try await store.recentEvents(1).last?.id ?? "0-0" }
    }

    private func page(after position: String) async throws -> Page {
        let store = store
        return try await reads.value(position) {
            let page = try await OutagePatience.insist { try await store.eventPage(after: position) }
            return Page(events: page.events.map { ($0.id, $0.event) }, isComplete: page.isComplete)
        }
    }
}
