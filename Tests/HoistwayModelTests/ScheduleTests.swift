import Testing

@testable import HoistwayModel

@Suite struct ScheduleTests {
    private func schedule(_ members: String) throws -> Schedule {
        try Schedule(parsing: Array("{\(members)}".utf8))
    }

    private static let plain = #""id":"nightly","cron":"0 2 * * *","job":{"type":"backup","backupId":"db"}"#

    @Test func defaults() throws {
        let schedule = try schedule(ScheduleTests.plain)
        #expect(schedule.timezone == "UTC" && schedule.overlap == .skip && schedule.missed == .skip)
        #expect(schedule.jitter == .zero && !schedule.isPaused && schedule.document.resourceID == "db")
        let text =
            #"{"id":"nightly","cron":"0 2 * * *","timezone":"UTC","overlap":"skip","missed":"skip","jitter":0,"paused":false,"#
            + #""job":{"type":"backup","backupId":"db"}}"#
        #expect(JSON.object(schedule.json).text == text)
    }

    /// What a reader was given can be written back.
    @Test func roundTrip() throws {
        let members =
            #""id":"s.1","cron":"@daily","timezone":"Europe/Berlin","overlap":"replace","missed":"all","jitter":"5m","#
            + #""paused":true,"job":{"type":"application","applicationId":"a","payload":{"n":9007199254740993,"e":[]}}"#
        let first = try schedule(members)
        var object = first.json
        object.append("nextRuns", [])
        object.append("lastJobId", nil)
        let second = try Schedule(parsing: JSON.object(object).utf8)
        #expect(second.json == first.json)
        #expect(
            second.jitter == .seconds(300) && second.isPaused && second.overlap == .replace && second.missed == .all
        )
        #expect(second.document.payload == Array(#"{"n":9007199254740993,"e":[]}"#.utf8))
    }

    @Test(arguments: [
        ("", "id"), (#""id":"a b""#, "id"), (#""id":"a""#, "cron"), (#""cron":"* * *""#, "cron"),
        (#""cron":1"#, "cron"),
        (#""overlap":"kill""#, "overlap"), (#""missed":"some""#, "missed"), (#""jitter":-1"#, "jitter"),
        (#""paused":"yes""#, "paused"), (#""timezone":1"#, "timezone"), (#""job":[]"#, "job"), ("", "job"),
        (#""job":{"type":"backup"}"#, "job.backupId"), (#""job":{"backupId":"x"}"#, "job.type"),
        (#""job":{"type":"backup","backupId":"x","priority":10}"#, "job.priority"),
        (#""job":{"type":"backup","backupId":"x","id":"j"}"#, "job.id"),
        (#""job":{"type":"backup","backupId":"x","idempotencyKey":"k"}"#, "job.idempotencyKey"),
        (#""job":{"type":"backup","backupId":"x","runAt":"2026-01-01T00:00:00Z"}"#, "job.runAt"),
        (#""crn":"* * * * *""#, "crn"),
    ])
    func refused(members: String, field: String) throws {
        let refusal = try #require(throws: Refusal.self) { try schedule(members) }
        #expect(refusal.fieldErrors.entries.contains { $0.field == field })
    }

    @Test func anUnknownZone() throws {
        let schedule = try schedule(ScheduleTests.plain + #","timezone":"Mars/Olympus""#)
        let refusal = try #require(throws: Refusal.self) { try schedule.calendar() }
        #expect(refusal.fieldErrors.entries.map(\.field) == ["timezone"])
    }

    private func calendar(_ cron: String, _ missed: Schedule.Missed = .skip, jitter: Int64 = 0) throws
        -> ScheduleCalendar
    {
        let table = Timetable(try CronExpression(parsing: cron), in: .utc)
        return ScheduleCalendar(id: "s", timetable: table, missed: missed, jitter: .seconds(jitter))
    }

    private func time(_ text: String) throws -> Timestamp { try #require(Timestamp(parsing: "2026-01-\(text)Z")) }

    private func runs(
        _ calendar: ScheduleCalendar,
        from tick: String,
        now: String
    ) throws -> (runs: [String], next: String?) {
        let plan = calendar.runs(from: try time(tick), now: try time(now))
        func text(_ run: ScheduleCalendar.Run) -> String { String(run.tick.description.dropFirst(8).prefix(8)) }
        return (plan.runs.map(text), plan.next.map(text))
    }

    @Test func inTime() throws {
        for missed in Schedule.Missed.allCases {
            let (runs, next) = try runs(
                calendar("*/10 * * * *", missed),
                from: "05T10:10:00",
                now: "05T10:10:00.400"
            )
            #expect(runs == ["05T10:10"] && next == "05T10:20")
            // Exactly as late as is still in time.
            let late = try self.runs(calendar("*/10 * * * *", missed), from: "05T10:10:00", now: "05T10:11:00")
            #expect(late.runs == ["05T10:10"] && late.next == "05T10:20")
        }
    }

    @Test func missedRuns() throws {
        let skip = try runs(calendar("*/10 * * * *"), from: "05T10:10:00", now: "05T10:45:00")
        #expect(skip.runs == [] && skip.next == "05T10:50")
        let once = try runs(calendar("*/10 * * * *", .once), from: "05T10:10:00", now: "05T10:45:00")
        #expect(once.runs == ["05T10:40"] && once.next == "05T10:50")
        let all = try runs(calendar("*/10 * * * *", .all), from: "05T10:10:00", now: "05T10:45:00")
        #expect(all.runs == ["05T10:10", "05T10:20", "05T10:30", "05T10:40"] && all.next == "05T10:50")
    }

    /// Of those that were missed the latest is in time: it is no missed one.
    @Test func oneInTimeBehindMissedOnes() throws {
        let skip = try runs(calendar("* * * * *"), from: "05T10:10:00", now: "05T10:45:30")
        #expect(skip.runs == ["05T10:45"] && skip.next == "05T10:46")
    }

    @Test func boundsOfAll() throws {
        let day = try runs(calendar("0 * * * *", .all), from: "01T10:00:00", now: "05T10:30:00")
        #expect(day.runs.count == 24 && day.runs.first == "04T11:00" && day.next == "05T11:00")
        let pass = try runs(calendar("* * * * *", .all), from: "01T10:00:00", now: "05T10:30:00")
        #expect(pass.runs.count == 100 && pass.runs.first == "04T10:30" && pass.next == "04T12:10")
    }

    /// However long nobody was there, the latest is found at once.
    @Test func onceAfterALongTime() throws {
        let tick = try #require(Timestamp(parsing: "1990-01-01T00:00:00Z"))
        let now = try time("05T10:30:30")
        for (cron, expected) in [
            ("* * * * *", "2026-01-05T10:30"), ("0 3 * * *", "2026-01-05T03:00"), ("0 3 1 * *", "2026-01-01T03:00"),
            ("0 0 29 2 *", "2024-02-29T00:00"),
        ] {
            let plan = try calendar(cron, .once).runs(from: tick, now: now)
            #expect(plan.runs.map { String($0.tick.description.prefix(16)) } == [expected])
        }
    }

    /// Put off by less than its room, the same for everybody, and spread.
    @Test func jitter() throws {
        let calendar = try calendar("0 * * * *", jitter: 600)
        var tick = try time("05T10:00:00")
        var offsets: Set<Int64> = []
        for _ in 0..<200 {
            let run = try #require(calendar.next(after: tick))
            let offset = run.due.milliseconds - run.tick.milliseconds
            #expect((0...600_000).contains(offset))
            #expect(calendar.due(run.tick) == run.due)
            offsets.insert(offset / 60_000)
            tick = run.tick
        }
        #expect(offsets.count == 10)
        let wide = try self.calendar("* * * * *", jitter: 3600)
        for _ in 0..<50 {
            let run = try #require(wide.next(after: tick))
            #expect(run.due.milliseconds - run.tick.milliseconds < 60_000)
            tick = run.tick
        }
    }

    /// Asked between a tick and its run, the run is still ahead.
    @Test func nextDueWithJitter() throws {
        let calendar = try calendar("0 * * * *", jitter: 600)
        let tick = try time("05T10:00:00")
        let due = calendar.due(tick)
        #expect(due > tick)
        #expect(calendar.nextDue(after: Timestamp(milliseconds: due.milliseconds - 1))?.tick == tick)
        #expect(calendar.nextDue(after: due)?.tick == (try time("05T11:00:00")))
    }
}
