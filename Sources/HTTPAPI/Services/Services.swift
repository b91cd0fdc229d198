import Hoistway
import HoistwayModel
import HoistwayStore
import Logging
import RedisClient

/// Everything a face may do, whichever words its clients use. Faces translate to and from it; it alone knows the store.
package struct Services: Sendable {
    package let jobs: JobService
    package let logs: LogService
    package let events: EventService
    package let queues: QueueService
    package let schedules: ScheduleService
    package let resources: ResourceService
    package let health: HealthService
    package let metrics: Metrics
    /// Ends what lasts long when the server is to stop.
    package let quiescence: Quiescence
    let hub: Hub
    let store: Store

    /// - Parameters:
    ///   - logFile: the log of a job's attempt as a file on this host; `nil` when it is not here.
    package init(
        client: RedisClient,
        prefix: String,
        durability: Durability = .local,
        logFile: @escaping @Sendable (Job) -> (any LogReading)? = { _ in nil },
        logger: Logger
    ) {
        let store = Store(redis: client, prefix: prefix, durability: durability)
        let hub = Hub(store: store, client: client, logger: logger)
        let quiescence = Quiescence()
        let resources = ResourceService(store: store)
        self.store = store
        self.hub = hub
        self.quiescence = quiescence
        self.resources = resources
        jobs = JobService(store: store, hub: hub, quiescence: quiescence, resources: resources)
        logs = LogService(store: store, client: client, hub: hub, quiescence: quiescence, logFile: logFile)
        events = EventService(store: store, hub: hub, quiescence: quiescence)
        queues = QueueService(store: store)
        schedules = ScheduleService(store: store)
        health = HealthService(store: store)
        metrics = Metrics(store: store, events: events, client: client, hub: hub, logger: logger)
    }
}

/// How long an outage of Redis is borne by a request, which then is answered 503.
enum OutagePatience {
    static let limit = Duration.seconds(2)

    /// Repeats what takes effect once however often it is sent.
    static func insist<Value>(
        isolation: isolated (any Actor)? = #isolation,
        _ operation: () async throws -> Value
    ) async throws -> Value {
        try await Patience.insist(limit, operation)
    }
}

extension Services {
    /// How many streams and long polls are open.
    package var followers: Int { hub.count }
}
