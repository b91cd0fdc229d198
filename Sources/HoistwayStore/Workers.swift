import HoistwayModel
import RESP
import RedisClient

/// What a process learns from its beat, once a second.
package struct Tick: Sendable {
    /// This process holds the role of the listener.
    package var isListener: Bool
    /// More jobs came due than one beat looks at.
    package var hasMoreDue: Bool
    package var waitingCommands: Int
    package var inboxes: [JobType]
    /// Kills of the worker's own jobs by id, each `{"requestedAt","signal","grace","by","why"}`.
    package var kills: [String: JSON]
    /// Removed jobs whose folders are still on the worker's disk.
    package var removed: [String]
    package var stopMode: ControlDocument.StopMode?
    /// The worker is not on record: an operator has declared its host dead, or Redis lost it. It must register again.
    package var mustRegister: Bool
    /// The highest fence that was given.
    package var fence: Int64
    /// The last signs of life of workers that have attempts, for who has to watch them.
    package var signsOfLife: [String: SignOfLife]
    /// Claims are held, because Redis lost data.
    package var hold: SignOfLife?
    /// Schedules whose next run has come due.
    package var dueSchedules: [String]
    package var hasDueNotifications: Bool
    /// Ended jobs of the worker whose logs are asked for.
    package var wantedLogs: [String]
}

extension Store {
    /// Introduces a process, checks that it can read the keys, and makes types known.
    /// - Parameter worker: its id and the fields of its hash, when it is a worker.
    /// - Returns: the jobs that Redis believes the worker has.
    /// - Throws: `StoreError.newerSchema`.
    package func register(
        types: [JobType],
        worker: (id: String, fields: [(String, String)])? = nil
    ) async throws -> [String] {
        var arguments: [RedisArgument] = [
            .int(Store.schema), .int(Store.minimumReader), .string(worker?.id ?? ""), .int(types.count),
        ]
        arguments += types.map { .string($0.name) }
        arguments += .fields(worker?.fields ?? [])
        let (code, values) = try await answer(Scripts.register, arguments)
        if code == .wrongState { throw StoreError.newerSchema(found: values.first?.string ?? "?") }
        return values.first?.strings ?? []
    }

    /// Makes the types known that a worker serves by now; its record stays as it is beyond `fields`.
    /// - Returns: false when it is not on record.
    package func serve(_ types: [JobType], worker: String, fields: [(String, String)]) async throws -> Bool {
        let head: [RedisArgument] = [.string(worker), .int(types.count)]
        return try await code(Scripts.serve, head + types.map { .string($0.name) } + .fields(fields)) == .ok
    }

    /// The beat of a process.
    /// - Parameters:
    ///   - process: an id of its own, for the role of the listener.
    ///   - worker: its id and the fields of its hash that changed, when it is a worker.
    ///   - leases: what it says of its leases.
    package func tick(
        process: String,
        canListen: Bool,
        worker: (id: String, fields: [(String, String)])? = nil,
        leases: LeaseTerms = .none
    ) async throws -> Tick {
        let head: [RedisArgument] = [
            .string(process), canListen ? 1 : 0, .string(worker?.id ?? ""), .string(Identifier.ulid()),
        ]
        let arguments = head + leases.arguments + .fields(worker?.fields ?? [])
        let reply = try await run(Scripts.tick, arguments).array ?? []
        guard reply.count == 14 else { throw StoreError.unexpectedReply(script: Scripts.tick.name) }
        return Tick(
            isListener: reply[0].int == 1,
            hasMoreDue: reply[1].int == 1,
            waitingCommands: reply[2].int ?? 0,
            inboxes: reply[3].strings.map { JobType($0) },
            kills: reply[4].pairs.compactMapValues { try? JSON(parsing: $0) },
            removed: reply[5].strings,
            stopMode: reply[6].string.flatMap(ControlDocument.StopMode.init),
            mustRegister: reply[7].int == 1,
            fence: reply[8].string.flatMap { Int64($0) } ?? 0,
            signsOfLife: reply[9].pairs.compactMapValues(SignOfLife.init),
            hold: reply[10].string.flatMap(SignOfLife.init),
            dueSchedules: reply[11].strings,
            hasDueNotifications: reply[12].int == 1,
            wantedLogs: reply[13].strings
        )
    }

    /// Writes a worker's state: `draining`, `stopped` or `detached`.
    package func leave(_ worker: String, state: String) async throws {
        _ = try await code(Scripts.leave, [.string(worker), .string(state)])
    }

    /// Lets a worker that waits for hints look for jobs.
    package func wake(claimer worker: String) async throws {
        _ = try await redis.send(["LPUSH", .string(keys.wake(claimer: worker)), "1"])
    }

    /// The folders of removed jobs are gone.
    package func forget(_ ids: [String], worker: String) async throws {
        _ = try await code(Scripts.forgotten, [.string(worker)] + ids.map { .string($0) })
    }

    /// Every worker's hash, with its `id`, ordered by it.
    package func workers() async throws -> [[String: String]] {
        let ids = try await redis.send(["SMEMBERS", .string(keys.workers)]).strings.sorted()
        let replies = try await redis.pipeline(ids.map { ["HGETALL", .string(keys.worker($0))] })
        return try zip(ids, replies).compactMap { id, reply in
            var fields = try reply.get().pairs
            guard !fields.isEmpty else { return nil }
            fields["id"] = id
            return fields
        }
    }
}

extension Store {
    /// The jobs that Redis believes a worker has.
    package func claims(of worker: String) async throws -> [String] {
        try await redis.send(["SMEMBERS", .string("\(keys.worker(worker)):jobs")]).strings
    }
}
