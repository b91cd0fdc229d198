import HoistwayModel
import RESP
import RedisClient

/// What happens at one moment.
package struct Overview: Sendable, Hashable {
    package struct Queue: Sendable, Hashable {
        package var type: String
        package var isPaused: Bool
        package var pending: Int
        package var running: Int
        /// Living workers that serve it.
        package var workers: Int

        package init(type: String, isPaused: Bool, pending: Int, running: Int, workers: Int) {
            self.type = type
            self.isPaused = isPaused
            self.pending = pending
            self.running = running
            self.workers = workers
        }
    }

    package struct Worker: Sendable, Hashable {
        package var id: String
        package var host: String
        package var node: String
        package var state: String
        package var slots: Int?
        package var running: Int
        package var heartbeatAt: Timestamp?

        package init(
            id: String,
            host: String,
            node: String,
            state: String,
            slots: Int?,
            running: Int,
            heartbeatAt: Timestamp?
        ) {
            self.id = id
            self.host = host
            self.node = node
            self.state = state
            self.slots = slots
            self.running = running
            self.heartbeatAt = heartbeatAt
        }
    }

    package struct Running: Sendable, Hashable {
        package var id: String
        package var type: String
        package var resourceID: String
        package var stage: String
        package var progress: Int
        package var startedAt: Timestamp?
        package var workerID: String
        package var title: String
        /// A kill is under way.
        package var isKilled: Bool

        package init(
            id: String,
            type: String,
            resourceID: String,
            stage: String = "",
            progress: Int = 0,
            startedAt: Timestamp? = nil,
            workerID: String = "",
            title: String = "",
            isKilled: Bool = false
        ) {
            self.id = id
            self.type = type
            self.resourceID = resourceID
            self.stage = stage
            self.progress = progress
            self.startedAt = startedAt
            self.workerID = workerID
            self.title = title
            self.isKilled = isKilled
        }
    }

    package var queues: [Queue] = []
    package var workers: [Worker] = []
    /// The newest of the running jobs.
    package var jobs: [Running] = []
    /// How many run.
    package var running = 0
    /// Documents that lie in inboxes.
    package var arrived = 0
    /// By Redis's clock.
    package var at = Timestamp(milliseconds: 0)

    package init() {}

    package var pending: Int { queues.reduce(0) { $0 + $1.pending } }
}

extension Store {
    /// What happens now: one script that looks at a bounded number of records.
    /// - Parameter jobs: how many of the running jobs to tell of.
    package func overview(jobs: Int = 100) async throws -> Overview {
        let reply = try await run(Scripts.overview, [.int(jobs)]).array ?? []
        guard reply.count == 6 else { throw StoreError.unexpectedReply(script: Scripts.overview.name) }
        func rows(_ value: RESPValue, _ width: Int) -> [[RESPValue]] {
            (value.array ?? []).compactMap { row in row.array.flatMap { $0.count == width ? $0 : nil } }
        }
        func text(_ value: RESPValue) -> String { value.string ?? "" }
        func time(_ value: RESPValue) -> Timestamp? { value.string.flatMap { Timestamp(parsing: $0) } }
        var overview = Overview()
        overview.queues = rows(reply[0], 5).map { row in
            Overview.Queue(
                type: text(row[0]),
                isPaused: row[1].string == "1",
                pending: row[2].int ?? 0,
                running: row[3].int ?? 0,
                workers: row[4].int ?? 0
            )
        }
        overview.workers = rows(reply[1], 7).map { row in
            Overview.Worker(
                id: text(row[0]),
                host: text(row[1]),
                node: text(row[2]),
                state: text(row[3]),
                slots: row[4].string.flatMap { Int($0) },
                running: row[5].int ?? 0,
                heartbeatAt: time(row[6])
            )
        }
        overview.jobs = rows(reply[2], 9).map { row in
            Overview.Running(
                id: text(row[0]),
                type: text(row[1]),
                resourceID: text(row[2]),
                stage: text(row[3]),
                progress: row[4].string.flatMap { Int($0) } ?? 0,
                startedAt: time(row[5]),
                workerID: text(row[6]),
                title: text(row[7]),
                isKilled: row[8].string == "1"
            )
        }
        overview.running = reply[3].int ?? 0
        overview.arrived = reply[4].int ?? 0
        overview.at = time(reply[5]) ?? .now()
        return overview
    }
}
