import HoistwayModel
import HoistwayStore
import RedisClient

/// Something that happened to a job, a queue or a worker.
public struct HoistwayEvent: Sendable, Hashable {
    /// Where to go on behind it, to be kept by whoever may have to begin again.
    public var position: String
    public var at: Timestamp?
    /// What happened, in the word of the history; ``JobEvent`` has those of jobs.
    public var name: String
    /// The job; `nil` for an event of a queue or a worker.
    public var jobID: String?
    public var status: JobStatus?
    public var reason: JobReason?
    public var workerID: String?
    public var attempt: Int?
    /// The event as it stands in the stream, with what only some events have.
    public var fields: JSONObject

    /// What happened to the job; `nil` for other events.
    public var event: JobEvent? { jobID == nil ? nil : JobEvent(rawValue: name) }

    init(position: String, fields: JSONObject) {
        func text(_ field: String) -> String? { fields[field]?.stringValue }
        self.position = position
        self.fields = fields
        at = text("at").flatMap { Timestamp(parsing: $0) }
        name = text("event") ?? ""
        jobID = text("id")
        status = text("status").flatMap(JobStatus.init)
        reason = text("reason").flatMap(JobReason.init)
        workerID = text("workerId")
        attempt = fields["attempt"]?.intValue
    }
}

/// What happens to jobs, queues and workers, as it happens; made by ``HoistwayClient/events(after:)``.
///
/// It goes on until its task is cancelled. Redis keeps about the last 10,000 events. Each iterator has a connection of its own.
public struct HoistwayEvents: AsyncSequence, Sendable {
    public typealias Element = HoistwayEvent
    public typealias Failure = HoistwayError

    let store: Store
    let client: RedisClient
    let patience: Duration
    let start: String?

    public func makeAsyncIterator() -> Iterator { Iterator(self) }

    public struct Iterator: AsyncIteratorProtocol {
        private let store: Store
        private let connection: RedisBlockingConnection
        private var patience: Patience
        private var position: String?
        private var waiting: ArraySlice<HoistwayEvent> = []

        init(_ events: HoistwayEvents) {
            store = events.store
            connection = events.client.blocking()
            patience = Patience(limit: events.patience)
            position = events.start
        }

        /// The next event.
        /// - Throws: ``HoistwayError``: `invalid` for a position that is none, `unreachable`, `cancelled`.
        public mutating func next() async throws(HoistwayError) -> HoistwayEvent? {
            try await next(isolation: #isolation)
        }

        public mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws(HoistwayError) -> HoistwayEvent? {
            while true {
                if let event = waiting.popFirst() { return event }
                do {
                    try await read(isolation: actor)
                    patience.recovered()
                } catch {
                    do { try await patience.absorb(error) } catch { throw HoistwayError(error) }
                }
            }
        }

        private mutating func read(isolation: isolated (any Actor)?) async throws {
            let start: String
            if let position { start = position } else { start = try await store.recentEvents(1).last?.id ?? "0-0" }
            position = start
            let entries = try await store.events(after: start, block: 5, on: connection)
            position = entries.last?.id ?? start
            waiting = entries.map { HoistwayEvent(position: $0.id, fields: $0.event) }[...]
        }
    }
}
