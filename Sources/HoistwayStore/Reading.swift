import HoistwayModel
import RESP
import RedisClient

/// Which jobs to list.
package struct JobFilter: Sendable, Hashable {
    package var type: JobType?
    package var resourceID: String?
    package var status: JobStatus?
    package var server: String?
    package var label: KillSelection.Label?
    package var limit = 50
    /// Where an earlier page ended.
    package var cursor: String?

    package init() {}

    func matches(_ job: Job) -> Bool {
        if let type, job.type != type { return false }
        if let resourceID, job.resourceID != resourceID { return false }
        if let status, job.status != status { return false }
        if let server, job.serverID != server { return false }
        if let label, job.labels[label.key]?.stringValue != label.value { return false }
        return true
    }
}

/// A page of jobs, newest first.
package struct JobPage: Sendable {
    package var jobs: [Job]
    /// For the next page; nil when this is the last.
    package var nextCursor: String?
}

/// How many jobs of a type there are, by what they wait for.
package struct QueueSummary: Sendable {
    package var type: JobType
    package var isPaused: Bool
    package var pending: Int
    package var running: Int
    /// Acceptance of the oldest waiting job.
    package var oldest: Timestamp?
    /// Living workers that serve it.
    package var workers: Int
}

extension Store {
    package func job(_ id: String) async throws -> Job? {
        let fields = try await redis.send(["HGETALL", .string(keys.job(id))]).pairs
        return fields.isEmpty ? nil : Job(fields: fields)
    }

    /// The jobs that still exist, in the order of the ids.
    package func jobs(_ ids: [String]) async throws -> [Job] {
        let replies = try await redis.pipeline(ids.map { ["HGETALL", .string(keys.job($0))] })
        return try replies.compactMap { reply in
            let fields = try reply.get().pairs
            return fields.isEmpty ? nil : Job(fields: fields)
        }
    }

    /// A page of jobs. What an index does not answer is filtered; one call looks at no more than 2,000 records and may
    /// so return a short page with a cursor.
    package func list(_ filter: JobFilter) async throws -> JobPage {
        if let text = filter.cursor, Int64(text) == nil {
            throw Refusal(.invalidDocument, field: "cursor", "must be one that an earlier page ended with")
        }
        var cursor = filter.cursor ?? "+inf"
        var page = JobPage(jobs: [], nextCursor: nil)
        var looked = 0
        while looked < 2000 {
            let entries = try await entries(of: filter, before: cursor, count: 100)
            for (job, entry) in zip(try await optionalJobs(entries.map(\.id)), entries) {
                looked += 1
                cursor = entry.sequence
                guard let job, filter.matches(job) else { continue }
                page.jobs.append(job)
                if page.jobs.count == filter.limit {
                    page.nextCursor = cursor
                    return page
                }
            }
            if entries.count < 100 { return page }
        }
        page.nextCursor = cursor
        return page
    }

    private func optionalJobs(_ ids: [String]) async throws -> [Job?] {
        let replies = try await redis.pipeline(ids.map { ["HGETALL", .string(keys.job($0))] })
        return try replies.map { reply in
            let fields = try reply.get().pairs
            return fields.isEmpty ? nil : Job(fields: fields)
        }
    }

    /// The newest entries of the narrowest index, before a sequence number.
    private func entries(
        of filter: JobFilter,
        before cursor: String,
        count: Int
    ) async throws -> [(id: String, sequence: String)] {
        let indexes: [String]
        if let type = filter.type, let resource = filter.resourceID {
            indexes = [keys.ofResource(type, resource)]
        } else if filter.status == .running {
            indexes = [keys.running]
        } else if filter.status == .pending {
            var types = try await knownTypes()
            if let type = filter.type { types = [type] }
            indexes = types.map { keys.pending($0) }
        } else if let type = filter.type {
            indexes = [keys.ofType(type)]
        } else if let resource = filter.resourceID {
            indexes = try await knownTypes().map { keys.ofResource($0, resource) }
        } else if let status = filter.status {
            indexes = [keys.ended(status)]
        } else {
            indexes = [keys.index]
        }
        let from = cursor == "+inf" ? cursor : "(\(cursor)"
        let replies = try await redis.pipeline(
            indexes.map {
                ["ZREVRANGEBYSCORE", .string($0), .string(from), "-inf", "WITHSCORES", "LIMIT", 0, .int(count)]
            }
        )
        var entries: [(id: String, sequence: String)] = []
        for reply in replies {
            let page = try reply.get().strings
            entries += stride(from: 0, to: page.count - 1, by: 2).map { (page[$0], page[$0 + 1]) }
        }
        if indexes.count > 1 { entries.sort { (Int($0.sequence) ?? 0) > (Int($1.sequence) ?? 0) } }
        return Array(entries.prefix(count))
    }

    /// Every transition of a job, oldest first; nil when there is no such job.
    package func history(_ id: String) async throws -> [JSON]? {
        let entries = try await redis.send(["LRANGE", .string(keys.history(id)), 0, -1]).array ?? []
        if entries.isEmpty, try await redis.send(["EXISTS", .string(keys.job(id))]).int == 0 { return nil }
        return entries.compactMap { $0.bytes.flatMap { try? JSON(parsing: $0) } }
    }

    /// Events after an id of the stream, at most `count`, through a connection that may block for `block` seconds.
    package func events(
        after id: String,
        count: Int = 100,
        block: Double? = nil,
        on connection: (any RedisCommands)? = nil
    ) async throws -> [(id: String, event: JSONObject)] {
        var command: [RedisArgument] = ["XREAD", "COUNT", .int(count)]
        if let block { command += ["BLOCK", .int(Int(block * 1000))] }
        command += ["STREAMS", .string(keys.events), .string(id)]
        let deadline = block.map { Duration.seconds($0 + 2) }
        let reply = try await (connection ?? redis).send(command, timeout: deadline)
        let entries = reply.array?.first?.array?.last?.array ?? []
        return entries.compactMap { Store.event($0) }
    }

    /// The newest events, oldest of them first.
    package func recentEvents(_ count: Int) async throws -> [(id: String, event: JSONObject)] {
        let reply = try await redis.send(["XREVRANGE", .string(keys.events), "+", "-", "COUNT", .int(count)])
        return (reply.array ?? []).reversed().compactMap { Store.event($0) }
    }

    private static func event(_ entry: RESPValue) -> (id: String, event: JSONObject)? {
        guard let parts = entry.array, parts.count == 2, let id = parts[0].string else { return nil }
        let fields = parts[1].strings
        var event = JSONObject()
        for index in stride(from: 0, to: fields.count - 1, by: 2) {
            let text = fields[index + 1]
            let value: JSON
            switch fields[index] {
            case _ where text.isEmpty: value = .null
            case "data", "attempt", "fence": value = (try? JSON(parsing: text)) ?? .string(text)
            default: value = .string(text)
            }
            event.append(fields[index], value)
        }
        return (id, event)
    }

    /// A line for each known type.
    package func queues() async throws -> [QueueSummary] {
        let types = try await knownTypes()
        let paused = Set(try await redis.send(["SMEMBERS", .string(keys.paused)]).strings)
        let counts = try await redis.pipeline(types.map { ["ZCARD", .string(keys.pending($0))] })
        let heads = try await redis.pipeline(types.map { ["ZRANGE", .string(keys.pending($0)), 0, 0] })
        let running = try await jobs(try await redis.send(["ZRANGE", .string(keys.running), 0, -1]).strings)
        let workers = try await workers().filter { ["running", "draining"].contains($0["state"]) }
        var summaries: [QueueSummary] = []
        for (index, type) in types.enumerated() {
            let head = try heads[index].get().strings.first
            let served = workers.count { $0["types"]?.split(separator: ",").contains(Substring(type.name)) ?? false }
            summaries.append(
                QueueSummary(
                    type: type,
                    isPaused: paused.contains(type.name),
                    pending: try counts[index].get().int ?? 0,
                    running: running.count { $0.type == type },
                    oldest: try await head.asyncFlatMap { try await job($0)?.createdAt },
                    workers: served
                )
            )
        }
        return summaries
    }
}

extension Optional {
    fileprivate func asyncFlatMap<Result>(_ transform: (Wrapped) async throws -> Result?) async rethrows -> Result? {
        guard let self else { return nil }
        return try await transform(self)
    }
}
