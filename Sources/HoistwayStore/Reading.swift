import HoistwayModel
import RESP
import RedisClient

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

    /// Some fields of jobs; nil for a job that is gone.
    package func fields(_ names: [String], of ids: [String]) async throws -> [[String: String]?] {
        let names = ["id"] + names
        let replies = try await redis.pipeline(
            ids.map { ["HMGET", .string(keys.job($0))] + names.map { .string($0) } }
        )
        return try replies.map { reply in
            var fields: [String: String] = [:]
            for (name, value) in zip(names, try reply.get().array ?? []) { fields[name] = value.string }
            return fields["id"] == nil ? nil : fields
        }
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

    static func event(_ entry: RESPValue) -> (id: String, event: JSONObject)? {
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
