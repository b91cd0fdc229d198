import HoistwayModel
import HoistwayStore
import RESP
import RedisClient
import TestSupport
import Testing

/// Schedules: each run is enqueued once, by whomever, and overlaps and missed runs are treated as asked.
@Suite(.redis, .timeLimit(.minutes(2))) struct ScheduleTests {
    private func schedule(_ members: String = "", cron: String = "* * * * *", id: String = "s") throws -> Schedule {
        let job = #""job":{"type":"backup","backupId":"db","priority":3,"payload":{"n":9007199254740993}}"#
        let text = #"{"id":"\#(id)","cron":"\#(cron)",\#(members.isEmpty ? "" : members + ",")\#(job)}"#
        return try Schedule(parsing: Array(text.utf8))
    }

    /// The schedule as if its next run were a while ago.
    private func late(_ store: Store, by seconds: Int64, id: String = "s") async throws -> (StoredSchedule, Timestamp) {
        let now = try await store.now()
        let calendar = try await store.schedule(id).schedule.calendar()
        let past = Timestamp(milliseconds: now.milliseconds - seconds * 1000)
        let run = try #require(calendar.next(after: past))
        let key = RedisArgument.string(store.keys.schedule(id))
        _ = try await store.redis.pipeline([
            ["HSET", key, "next", RedisArgument(run.tick.milliseconds), "due", RedisArgument(run.due.milliseconds)],
            ["ZADD", .string(store.keys.schedules), RedisArgument(run.due.milliseconds), .string(id)],
        ])
        return (try await store.schedule(id), now)
    }

    private func ids(_ runs: [ScheduledRun]) -> [String] {
        runs.compactMap { if case .enqueued(let id) = $0 { id } else { nil } }
    }

    @Test func keptAsItWasGiven() async throws {
        try await withStore { store async throws in
            let given = try schedule(
                #""timezone":"Europe/Berlin","overlap":"queue","missed":"all","jitter":"90s""#,
                cron: "30 2 * * *"
            )
            try await store.put(given)
            let stored = try await store.schedule("s")
            #expect(stored.schedule.json == given.json)
            #expect(stored.schedule.document == given.document)
            #expect(stored.lastJobID == nil)
            let runs = try stored.nextRuns(5)
            #expect(runs.count == 5 && runs == runs.sorted())
            let json = stored.json()
            #expect(json["nextRuns"]?.arrayValue?.count == 5 && json["lastJobId"] == .null)
            #expect(try await store.schedules().map(\.schedule.id) == ["s"])
        }
    }

    @Test func anotherOneOfTheIDOnlyWhenAskedTo() async throws {
        try await withStore { store async throws in
            try await store.put(try schedule())
            try await store.put(try schedule())
            #expect(try await refusal { try await store.put(try schedule(cron: "@daily")) } == .idInUse)
            #expect(try await store.schedule("s").schedule.cron.text == "* * * * *")
            try await store.put(try schedule(cron: "@daily"), replacing: true)
            #expect(try await store.schedule("s").schedule.cron.text == "@daily")
        }
    }

    @Test func whatThereIsNot() async throws {
        try await withStore { store async throws in
            #expect(try await refusal { _ = try await store.schedule("s") } == .notFound)
            #expect(try await refusal { try await store.removeSchedule("s") } == .notFound)
            #expect(try await refusal { try await store.pauseSchedule("s", true) } == .notFound)
            #expect(try await refusal { _ = try await store.runSchedule("s") } == .notFound)
            let unknown = #"{"id":"s","cron":"@daily","job":{"type":"nobodys","resourceId":"r"}}"#
            #expect(try await refusal { try await store.put(Schedule(parsing: Array(unknown.utf8))) } == .unknownType)
            let told = await #expect(throws: Refusal.self) {
                try await store.put(Schedule(parsing: Array(unknown.utf8)))
            }
            #expect(told?.fieldErrors.entries.map(\.field) == ["job.type"])
            #expect(
                try await refusal { try await store.put(try schedule(#""timezone":"Nowhere/At_all""#)) }
                    == .invalidDocument
            )
            #expect(try await store.schedules().isEmpty)
        }
    }

    /// Ten processes at a time: one job, named after its tick, with what the schedule says.
    @Test func oneJobARunWithAnyNumberOfProcesses() async throws {
        try await withStore { store async throws in
            try await store.put(try schedule())
            let (stored, now) = try await late(store, by: 60)
            let runs = try await withThrowingTaskGroup(of: [ScheduledRun].self) { group in
                for _ in 0..<10 { group.addTask { try await store.runDue(stored, now: now) } }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            let id = "s-\(try #require(stored.next).compact)"
            #expect(ids(runs) == [id])
            #expect(runs.count { $0 == .overtaken } == 9)
            let job = try #require(try await store.job(id))
            #expect(job.type == .backup && job.resourceID == "db" && job.fields["priority"] == "3")
            #expect(job.fields["payload"] == #"{"n":9007199254740993}"# && job.fields["scheduleId"] == "s")
            let data = try #require(try await store.history(id)?.first?["data"])
            #expect(data["scheduleId"]?.stringValue == "s")
            #expect(data["tick"]?.stringValue == stored.next?.description)
            let after = try await store.schedule("s")
            let next = try #require(after.next)
            #expect(after.lastJobID == id && next > now)
            #expect(try await store.runDue(after, now: now).isEmpty)
        }
    }

    @Test func theListenerIsToldAtOnceTheOthersLater() async throws {
        try await withStore { store async throws in
            try await store.put(try schedule(cron: "0 0 1 1 *"))
            #expect(try await store.tick(process: "a", canListen: true).dueSchedules == [])
            try await store.put(try schedule(), replacing: true)
            _ = try await late(store, by: 60)
            let key = RedisArgument.string(store.keys.schedules)
            let now = try await store.now().milliseconds
            let hash = RedisArgument.string(store.keys.schedule("s"))
            for (age, others) in [(Int64(1000), [String]()), (6000, ["s"])] {
                let due = RedisArgument(now - age)
                _ = try await store.redis.pipeline([["ZADD", key, due, "s"], ["HSET", hash, "due", due]])
                #expect(try await store.tick(process: "a", canListen: true).dueSchedules == ["s"])
                #expect(try await store.tick(process: "b", canListen: true).dueSchedules == others)
            }
        }
    }

    @Test func skipsWhileTheLastJobLives() async throws {
        try await withStore { store async throws in
            try await store.put(try schedule())
            let first = try await store.runSchedule("s")
            let (stored, now) = try await late(store, by: 60)
            #expect(try await store.runDue(stored, now: now) == [.skipped])
            let after = try await store.schedule("s")
            #expect(after.lastSkipped?["because"]?.stringValue == "its job \(first) has not ended")
            let next = try #require(after.next)
            #expect(next > now)
            try await store.end(try await store.run())
            let (again, later) = try await late(store, by: 60)
            #expect(ids(try await store.runDue(again, now: later)).count == 1)
        }
    }

    @Test func queuesBehindTheLastJob() async throws {
        try await withStore { store async throws in
            try await store.put(try schedule(#""overlap":"queue""#))
            _ = try await store.runSchedule("s")
            let (stored, now) = try await late(store, by: 60)
            let id = try #require(ids(try await store.runDue(stored, now: now)).first)
            #expect(try await store.state(id) == .blocked)
        }
    }

    @Test func replacesTheLastJobAndNoOther() async throws {
        try await withStore { store async throws in
            try await store.put(try schedule(#""overlap":"replace""#))
            try await store.add("other", "db", type: .backup) { $0.concurrencyKey = "other" }
            let first = try await store.runSchedule("s")
            // It waits: it is superseded at once, and its turn passes on.
            let second = try await store.runSchedule("s")
            #expect(try await store.state(first) == .error(.superseded))
            #expect(try await store.job(first)?.fields["supersededBy"] == second)
            #expect(try await store.state(second) == .queued)
            // It runs: it is killed, and the next one waits until it is gone.
            let claimed = try await store.claim(.worker(), count: 2)
            let running = try #require(claimed.first { $0.id == second })
            try await store.start(running)
            let (stored, now) = try await late(store, by: 60)
            let third = try #require(ids(try await store.runDue(stored, now: now)).first)
            #expect(try await store.state(third) == .blocked)
            #expect(
                try await store.tick(process: "p", canListen: false, worker: ("w1", [])).kills.keys.sorted() == [second]
            )
            try await store.end(running, Outcome(.killed))
            #expect(try await store.state(second) == .error(.superseded))
            #expect(try await store.state(third) == .queued)
            #expect(try await store.state("other") == .starting)
        }
    }

    @Test func missedRuns() async throws {
        try await withStore { store async throws in
            for (id, missed, count) in [("a", "skip", 0), ("b", "once", 1), ("c", "all", 6)] {
                try await store.put(try schedule(#""missed":"\#(missed)""#, cron: "0,10,20,30,40,50 * * * *", id: id))
                var (stored, now) = try await late(store, by: 3600, id: id)
                // As if the time were 5 minutes after a tick: nothing of it is in time.
                let last = now.milliseconds / 600_000 * 600_000
                now = Timestamp(milliseconds: last + 300_000)
                stored = try await store.schedule(id)
                let runs = try await store.runDue(stored, now: now)
                #expect(abs(ids(runs).count - count) <= (missed == "all" ? 1 : 0))
                if missed == "once" { #expect(ids(runs) == ["b-\(Timestamp(milliseconds: last).compact)"]) }
                if missed == "skip" { #expect(runs == [.skipped]) }
                let next = try #require(try await store.schedule(id).next)
                #expect(next == Timestamp(milliseconds: last + 600_000))
                for job in try await store.list(.all).jobs { try? await store.remove(job.id) }
            }
        }
    }

    @Test func pausedAndResumed() async throws {
        try await withStore { store async throws in
            try await store.put(try schedule())
            try await store.pauseSchedule("s", true)
            try await store.pauseSchedule("s", true)
            let paused = try await store.schedule("s")
            #expect(paused.schedule.isPaused && paused.next == nil)
            #expect(paused.json()["nextRuns"] == [])
            #expect(try await store.runDue(paused, now: store.now()).isEmpty)
            #expect(try await store.violations() == [])
            try await store.pauseSchedule("s", false)
            let resumed = try await store.schedule("s")
            #expect(!resumed.schedule.isPaused && resumed.next != nil)
        }
    }

    /// What was read before somebody paused, changed or removed the schedule has no effect any more.
    @Test func aChangeOvertakesARun() async throws {
        try await withStore { store async throws in
            try await store.put(try schedule())
            for change in ["pause", "put", "remove"] {
                if change == "put" { try await store.pauseSchedule("s", false) }
                let (stored, now) = try await late(store, by: 60)
                switch change {
                case "pause": try await store.pauseSchedule("s", true)
                case "put": try await store.put(try schedule(#""overlap":"queue""#), replacing: true)
                default: try await store.removeSchedule("s")
                }
                #expect(try await store.runDue(stored, now: now) == [.overtaken])
            }
            #expect(try await store.list(.all).jobs.isEmpty)
        }
    }

    /// A run that cannot be admitted is told of and does not hold up those after it.
    @Test func aRunThatIsRefused() async throws {
        try await withStore { store async throws in
            let job = #"{"type":"backup","backupId":"db","dependsOn":["gone"]}"#
            try await store.put(Schedule(parsing: Array(#"{"id":"s","cron":"* * * * *","job":\#(job)}"#.utf8)))
            let (stored, now) = try await late(store, by: 60)
            #expect(try await store.runDue(stored, now: now) == [.skipped])
            let after = try await store.schedule("s")
            #expect(after.lastSkipped?["because"]?.stringValue == "a job it depends on does not exist")
            let next = try #require(after.next)
            #expect(next > now)
            #expect(try await refusal { _ = try await store.runSchedule("s") } == .unknownDependency)
        }
    }

    @Test func runTwiceWithOneRequestIsOneJob() async throws {
        try await withStore { store async throws in
            try await store.put(try schedule())
            let first = try await store.runSchedule("s", requestID: "R1")
            #expect(try await store.runSchedule("s", requestID: "R1") == first)
            #expect(try await store.list(.all).jobs.map(\.id) == [first])
            #expect(try await store.history(first)?.first?["data"]?["scheduleId"] == "s")
        }
    }
}
