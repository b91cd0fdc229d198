import Glibc
import Testing

@testable import HoistwayModel

@Suite(.serialized) struct ZoneTests {
    /// Every zone against the C library, which reads the same files by code of its own: around each change of the
    /// clock, and on days far behind the last one in the file.
    @Test func offsetsAreThoseOfTheCLibrary() throws {
        let names = [
            "Europe/Berlin", "Europe/Dublin", "America/New_York", "America/St_Johns", "America/Nuuk",
            "Africa/Casablanca",
            "Australia/Lord_Howe", "Pacific/Apia", "Pacific/Kiritimati", "Asia/Kathmandu", "Asia/Jerusalem",
            "Asia/Gaza",
            "Antarctica/Troll", "America/Sao_Paulo", "America/Asuncion", "Etc/GMT+12", "Pacific/Chatham", "Asia/Tehran",
        ]
        let former = getenv("TZ").map { String(cString: $0) }
        defer {
            if let former { setenv("TZ", former, 1) } else { unsetenv("TZ") }
            tzset()
        }
        for name in names {
            let zone = try ZoneRules(named: name)
            setenv("TZ", name, 1)
            tzset()
            var moments: [Int64] = []
            var at: Int64 = 0
            while at < 7_258_118_400 {
                let end = zone.period(at: at).end
                moments += [at, min(at + 86_400, end - 1), end == .max ? at : end - 1]
                at = min(end, at + 400 * 86_400)
            }
            for moment in moments {
                var time = time_t(moment)
                var parts = tm()
                localtime_r(&time, &parts)
                let offset = zone.period(at: moment).offset
                #expect(offset == Int64(parts.tm_gmtoff), "\(name) at \(Timestamp(milliseconds: moment * 1000))")
            }
        }
    }

    /// Runs at changes of the clock, reckoned by hand and with another program.
    @Test(arguments: [
        (
            "Europe/Berlin", "30 2 * * *", "2026-03-28T00:00Z",
            ["2026-03-28T01:30", "2026-03-29T01:00", "2026-03-30T00:30"]
        ),
        (
            "Europe/Berlin", "30 2 * * *", "2026-10-24T00:00Z",
            ["2026-10-24T00:30", "2026-10-25T00:30", "2026-10-26T01:30"]
        ),
        ("Europe/Berlin", "0,30 2 * * *", "2026-03-28T12:00Z", ["2026-03-29T01:00", "2026-03-30T00:00"]),
        ("Europe/Berlin", "0 3 * * *", "2026-03-28T12:00Z", ["2026-03-29T01:00", "2026-03-30T01:00"]),
        ("Europe/Berlin", "0 3 * * *", "2026-10-24T12:00Z", ["2026-10-25T02:00", "2026-10-26T02:00"]),
        (
            "Europe/Berlin", "30 2 * * *", "2200-03-29T00:00Z",
            ["2200-03-29T01:30", "2200-03-30T01:00", "2200-03-31T00:30"]
        ),
        (
            "Europe/Berlin", "0 * * * *", "2026-10-24T23:30Z",
            ["2026-10-25T00:00", "2026-10-25T01:00", "2026-10-25T02:00", "2026-10-25T03:00"]
        ),
        (
            "Europe/Berlin", "0 * * * *", "2026-03-28T23:30Z",
            ["2026-03-29T00:00", "2026-03-29T01:00", "2026-03-29T02:00"]
        ),
        ("Europe/Berlin", "*/30 2 * * *", "2026-03-28T12:00Z", ["2026-03-30T00:00", "2026-03-30T00:30"]),
        (
            "Europe/Berlin", "*/30 2 * * *", "2026-10-24T12:00Z",
            ["2026-10-25T00:00", "2026-10-25T00:30", "2026-10-25T01:00", "2026-10-25T01:30", "2026-10-26T01:00"]
        ),
        (
            "America/New_York", "30 2 * * *", "2026-03-07T00:00Z",
            ["2026-03-07T07:30", "2026-03-08T07:00", "2026-03-09T06:30"]
        ),
        (
            "America/New_York", "30 1 * * *", "2026-10-31T00:00Z",
            ["2026-10-31T05:30", "2026-11-01T05:30", "2026-11-02T06:30"]
        ),
        (
            "Australia/Lord_Howe", "15 2 * * *", "2026-10-02T00:00Z",
            ["2026-10-02T15:45", "2026-10-03T15:30", "2026-10-04T15:15"]
        ),
        (
            "Australia/Lord_Howe", "45 1 * * *", "2026-04-03T00:00Z",
            ["2026-04-03T14:45", "2026-04-04T14:45", "2026-04-05T15:15"]
        ),
        (
            "Africa/Casablanca", "30 2 * * *", "2026-02-14T00:00Z",
            ["2026-02-14T01:30", "2026-02-15T01:30", "2026-02-16T02:30"]
        ),
        (
            "Africa/Casablanca", "30 2 * * *", "2026-03-21T00:00Z",
            ["2026-03-21T02:30", "2026-03-22T02:00", "2026-03-23T01:30"]
        ),
        (
            "Pacific/Apia", "0 12 * * *", "2011-12-29T00:00Z",
            ["2011-12-29T22:00", "2011-12-30T10:00", "2011-12-30T22:00"]
        ),
        (
            "Europe/Dublin", "30 1 * * *", "2026-03-28T00:00Z",
            ["2026-03-28T01:30", "2026-03-29T01:00", "2026-03-30T00:30"]
        ),
        (
            "Europe/Dublin", "30 1 * * *", "2026-10-24T00:00Z",
            ["2026-10-24T00:30", "2026-10-25T00:30", "2026-10-26T01:30"]
        ),
        ("UTC", "30 2 * * *", "2026-03-28T00:00Z", ["2026-03-28T02:30", "2026-03-29T02:30"]),
    ])
    func runsAtChangesOfTheClock(zone: String, cron: String, start: String, expected: [String]) throws {
        let table = Timetable(try CronExpression(parsing: cron), in: try ZoneRules(named: zone))
        var time = try #require(Timestamp(parsing: start.replacing("Z", with: ":00Z")))
        for text in expected {
            let next = try #require(table.next(after: time))
            #expect(next.description.prefix(16) == text)
            time = next
        }
    }

    @Test(arguments: [
        "Europe/Berln", "", "/etc/passwd", "../../../etc/passwd", "Europe/../Europe/Berlin", "Europe", "Europe/",
        "zone.tab",
        "Europe//Berlin", "europe/berlin\u{0}", ".",
    ])
    func unknown(name: String) {
        #expect(throws: ZoneError.self) { try ZoneRules(named: name) }
    }

    @Test(arguments: [
        "", "CET", "C-1", "CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M10.5.0", "CET-1CEST,M3.6.0,M10.5.0",
        "CET-1CEST,M3.5.7,M10.5.0", "CET-1CEST,M3.5.0,M10.5.0x", "CET-1CEST,J0,J1", "CET-1CEST,366,1", "CET-25",
        "CET-1CEST,M3.5.0/168,M10.5.0", "<CET-1",
    ])
    func rulesThatAreNone(text: String) {
        #expect(PosixZone(parsing: text) == nil)
    }

    /// Forms of rules that few zones have.
    @Test(arguments: [
        ("CET-1", 3600, 3600), ("<-0330>3:30<-0230>,J60/0,J300/0", -9000, -12_600),
        ("XXX3EDT4,0/0,J365/23", -14_400, -14_400),
        ("IST-2IDT,M3.4.4/26,M10.5.0", 10_800, 7200), ("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", -3600, -7200),
        ("AAA0BBB,99/-167,299/167", 3600, 0),
    ])
    func rules(text: String, july: Int64, december: Int64) throws {
        let rule = try #require(PosixZone(parsing: text))
        let zone = ZoneRules(name: text, initial: 0, changes: [], rule: rule)
        #expect(zone.period(at: 1_783_000_000).offset == july)
        #expect(zone.period(at: 1_796_000_000).offset == december)
    }
}
