import HoistwayModel
import RESP
import RedisClient

/// A schedule as the store keeps it.
package struct StoredSchedule: Sendable {
    package var schedule: Schedule
    /// The tick of its next run; nil while it is paused.
    package var next: Timestamp?
    package var lastJobID: String?
    package var createdAt: Timestamp?
    /// Why its latest run that was not enqueued was not: `{"tick","because"}`.
    package var lastSkipped: JSON?
    var revision: String

    /// The schedule as the API shows it, with its next runs; none where its time zone cannot be had.
    package func json(nextRuns count: Int = 5) -> JSONObject {
        var object = schedule.json
        object.append("nextRuns", .strings(((try? nextRuns(count)) ?? []).map(\.description)))
        object.append("lastJobId", .string(orNull: lastJobID))
        return object
    }

    /// When it comes due next; never while it is paused.
    package func nextRuns(_ count: Int) throws -> [Timestamp] {
        let calendar = try schedule.calendar()
        var runs: [Timestamp] = []
        var tick = next
        while let current = tick, runs.count < count {
            runs.append(calendar.due(current))
            tick = calendar.next(after: current)?.tick
        }
        return runs
    }
}

/// What became of a run of a schedule.
package enum ScheduledRun: Sendable, Hashable {
    case enqueued(id: String)
    /// Its last job has not ended, or the run was missed: nothing was enqueued.
    case skipped
    /// Somebody else was at it, or the schedule was changed or removed.
    case overtaken
}

extension Store {
    /// Writes a schedule and reckons its next run from now on.
    /// - Parameter replacing: whether it may take the place of another one of its id.
    /// - Returns: whether it was not there, as it is, before.
    /// - Throws: `Refusal` for an unknown job type or time zone, and for an id in use.
    @discardableResult
    package func put(_ schedule: Schedule, replacing: Bool = false) async throws -> Bool {
        let type = schedule.document.type
        guard try await isKnown(type) else { throw Refusal.unknownType(type, field: "job.type") }
        let run = try schedule.calendar().nextDue(after: try await now())
        let arguments: [RedisArgument] = [
            .string(schedule.id), replacing ? 1 : 0, .bytes(Store.definition(of: schedule)),
            .string(schedule.isPaused ? "1" : "0"),
        ]
        let head = Array(arguments[..<2]) + Store.next(schedule.isPaused ? nil : run) + arguments[2...]
        let code = try await code(Scripts.putSchedule, head)
        guard code != .idInUse else {
            throw Refusal(.idInUse, field: "id", "there is another schedule \"\(schedule.id)\" already")
        }
        return code == .ok
    }

    package func schedule(_ id: String) async throws -> StoredSchedule {
        guard let found = try await schedules([id]).first else { throw Refusal.noSchedule(id) }
        return found
    }

    /// Every schedule, next first, those that are paused last.
    package func schedules() async throws -> [StoredSchedule] {
        var found: [StoredSchedule] = []
        let ids = try await redis.send(["ZRANGE", .string(keys.schedules), 0, -1]).strings
        for start in stride(from: 0, to: ids.count, by: 100) {
            found += try await schedules(Array(ids[start..<min(start + 100, ids.count)]))
        }
        return found
    }

    /// Those of the ids that there are.
    package func schedules(_ ids: [String]) async throws -> [StoredSchedule] {
        let replies = try await redis.pipeline(ids.map { ["HGETALL", .string(keys.schedule($0))] })
        return try replies.compactMap { try Store.schedule(try $0.get().pairs) }
    }

    /// Removes a schedule; its jobs stay.
    package func removeSchedule(_ id: String) async throws {
        if try await code(Scripts.removeSchedule, [.string(id)]) == .notFound { throw Refusal.noSchedule(id) }
    }

    /// Pauses or resumes a schedule. What would have run in between is not made up for.
    package func pauseSchedule(_ id: String, _ pausing: Bool) async throws {
        while true {
            let stored = try await schedule(id)
            if stored.schedule.isPaused == pausing { return }
            let run = pausing ? nil : try stored.schedule.calendar().nextDue(after: try await now())
            let arguments: [RedisArgument] = [.string(id), .string(stored.revision), pausing ? 1 : 0]
            switch try await code(Scripts.pauseSchedule, arguments + Store.next(run)) {
            case .headChanged: continue
            case .notFound: throw Refusal.noSchedule(id)
            default: return
            }
        }
    }

    /// Enqueues a job of a schedule now, whether its last one has ended or not (with `overlap: replace` that is
    /// killed).
    /// - Parameter requestID: sent twice with one id, it makes one job.
    package func runSchedule(_ id: String, requestID: String = Identifier.ulid()) async throws -> String {
        let stored = try await schedule(id)
        let overlap: Schedule.Overlap = stored.schedule.overlap == .replace ? .replace : .queue
        let named = "\(id)-\(requestID)"
        // One that is no id is made by the script.
        let job = Identifier.isJobID(named) ? named : ""
        let (code, values) = try await fire(stored, run: "now", then: nil, overlap, job: job, requestID: requestID)
        if code == .notFound { throw Refusal.noSchedule(id) }
        let answered = values.first?.string ?? ""
        return try Store.admission(of: stored.schedule.document, id: job.isEmpty ? answered : job, code, answered).id
    }

    /// Enqueues what has come due of a schedule, at most ``ScheduleCalendar/passLimit`` runs, and notes the next run.
    /// Done by any number of processes, each run is enqueued once.
    /// - Throws: `Refusal` for a time zone that cannot be had here.
    package func runDue(_ stored: StoredSchedule, now: Timestamp) async throws -> [ScheduledRun] {
        guard var tick = stored.next else { return [] }
        var stored = stored
        let calendar = try stored.schedule.calendar()
        guard calendar.due(tick) <= now else { return [] }
        let plan = calendar.runs(from: tick, now: now)
        guard !plan.runs.isEmpty else {
            let (code, _) = try await fire(stored, run: "", then: plan.next, .skip, job: "", requestID: "")
            return [code == .already ? .skipped : .overtaken]
        }
        var results: [ScheduledRun] = []
        for (index, run) in plan.runs.enumerated() {
            let following = index + 1 < plan.runs.count ? plan.runs[index + 1] : plan.next
            // One that is made up for does not push another such one aside.
            let overlap = run.isMissed && calendar.missed == .all ? .queue : stored.schedule.overlap
            stored.next = tick
            let job = "\(stored.schedule.id)-\(run.tick.compact)"
            let time = String(run.tick.milliseconds)
            let (code, _) = try await fire(stored, run: time, then: following, overlap, job: job, requestID: job)
            switch code {
            case .ok: results.append(.enqueued(id: job))
            case .notFound, .headChanged: return results + [.overtaken]
            default: results.append(.skipped)
            }
            guard let following else { break }
            tick = following.tick
        }
        return results
    }

    /// The clock of Redis, which all processes share.
    package func now() async throws -> Timestamp {
        let parts = try await redis.send(["TIME"]).strings.compactMap { Int64($0) }
        guard parts.count == 2 else { throw StoreError.unexpectedReply(script: "TIME") }
        return Timestamp(milliseconds: parts[0] * 1000 + parts[1] / 1000)
    }

    private func fire(
        _ stored: StoredSchedule,
        run: String,
        then next: ScheduleCalendar.Run?,
        _ overlap: Schedule.Overlap,
        job: String,
        requestID: String
    ) async throws -> (StoreCode, [RESPValue]) {
        let id = stored.schedule.id
        let seen = stored.next.map { String($0.milliseconds) } ?? ""
        let head: [RedisArgument] = [.string(id), .string(stored.revision), .string(seen)] + Store.next(next)
        let document = Store.arguments(of: stored.schedule.document, id: job, requestID: requestID, scheduleID: id)
        return try await answer(Scripts.fireSchedule, head + [.string(overlap.rawValue), .string(run)] + document)
    }

    private static func next(_ run: ScheduleCalendar.Run?) -> [RedisArgument] {
        guard let run else { return ["", ""] }
        return [RedisArgument(run.tick.milliseconds), RedisArgument(run.due.milliseconds)]
    }

    /// Everything of a schedule that does not change by itself, with the job in the bytes it came with.
    private static func definition(of schedule: Schedule) -> [UInt8] {
        var object = schedule.json
        object["paused"] = false
        object["job"] = nil
        let text = JSON.object(object).utf8
        return text.dropLast() + Array(",\"job\":".utf8) + schedule.job + [UInt8(ascii: "}")]
    }

    private static func schedule(_ fields: [String: String]) throws -> StoredSchedule? {
        guard let definition = fields["definition"] else { return nil }
        var schedule = try Schedule(parsing: Array(definition.utf8))
        schedule.isPaused = fields["paused"] == "1"
        return StoredSchedule(
            schedule: schedule,
            next: fields["next"].flatMap { Int64($0) }.map { Timestamp(milliseconds: $0) },
            lastJobID: fields["lastJobId"],
            createdAt: fields["createdAt"].flatMap { Timestamp(parsing: $0) },
            lastSkipped: fields["lastSkipped"].flatMap { try? JSON(parsing: $0) },
            revision: fields["revision"] ?? ""
        )
    }
}

extension Refusal {
    package static func noSchedule(_ id: String) -> Refusal {
        Refusal(.notFound, "there is no schedule \"\(id)\"; \"hoistway schedule list\" shows those there are")
    }
}
