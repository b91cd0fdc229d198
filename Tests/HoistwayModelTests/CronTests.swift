import HoistwayModel
import Testing

@Suite struct CronTests {
    /// The times after 2026-01-01T00:00:00Z, a Thursday, in UTC.
    private func times(_ text: String, _ count: Int, after start: String = "2026-01-01T00:00:00Z") throws -> [String] {
        let table = Timetable(try CronExpression(parsing: text), in: .utc)
        var time = try #require(Timestamp(parsing: start))
        var times: [String] = []
        while times.count < count, let next = table.next(after: time) {
            times.append(String(next.description.prefix(16)))
            time = next
        }
        return times
    }

    @Test(arguments: [
        ("*/20 * * * *", ["2026-01-01T00:20", "2026-01-01T00:40", "2026-01-01T01:00"]),
        ("5,50 6 * * *", ["2026-01-01T06:05", "2026-01-01T06:50", "2026-01-02T06:05"]),
        ("0 22-23 * * *", ["2026-01-01T22:00", "2026-01-01T23:00", "2026-01-02T22:00"]),
        ("0 8-18/5 * * *", ["2026-01-01T08:00", "2026-01-01T13:00", "2026-01-01T18:00"]),
        ("0 0 * * 7", ["2026-01-04T00:00", "2026-01-11T00:00"]),
        ("0 0 * * SUN", ["2026-01-04T00:00", "2026-01-11T00:00"]),
        ("0 0 * * fri-sun", ["2026-01-02T00:00", "2026-01-03T00:00", "2026-01-04T00:00", "2026-01-09T00:00"]),
        ("0 0 * * MON-fri", ["2026-01-02T00:00", "2026-01-05T00:00"]),
        ("0 0 1 Feb,dec *", ["2026-02-01T00:00", "2026-12-01T00:00", "2027-02-01T00:00"]),
        ("0 0 31 * *", ["2026-01-31T00:00", "2026-03-31T00:00", "2026-05-31T00:00"]),
        ("0 0 29 2 *", ["2028-02-29T00:00", "2032-02-29T00:00"]),
        ("59 23 31 12 *", ["2026-12-31T23:59", "2027-12-31T23:59"]),
        ("@hourly", ["2026-01-01T01:00", "2026-01-01T02:00"]),
        ("@daily", ["2026-01-02T00:00", "2026-01-03T00:00"]),
        ("@midnight", ["2026-01-02T00:00"]),
        ("@Weekly", ["2026-01-04T00:00"]),
        ("@monthly", ["2026-02-01T00:00", "2026-03-01T00:00"]),
        ("@yearly", ["2027-01-01T00:00"]),
        ("@annually", ["2027-01-01T00:00", "2028-01-01T00:00"]),
        ("  0\t0  *  *  *  ", ["2026-01-02T00:00"]),
    ])
    func times(text: String, expected: [String]) throws {
        #expect(try times(text, expected.count) == expected)
    }

    /// Either of two fields for days is enough when neither begins with `*`, else both must fit.
    @Test(arguments: [
        ("0 0 13 * 5", ["2026-01-02T00:00", "2026-01-09T00:00", "2026-01-13T00:00", "2026-01-16T00:00"]),
        ("0 0 */2 * 5", ["2026-01-09T00:00", "2026-01-23T00:00", "2026-02-13T00:00"]),
        ("0 0 13 * *", ["2026-01-13T00:00", "2026-02-13T00:00"]),
        ("0 0 1-7 * */7", ["2026-01-04T00:00", "2026-02-01T00:00", "2026-03-01T00:00", "2026-04-05T00:00"]),
    ])
    func daysOfMonthAndWeek(text: String, expected: [String]) throws {
        #expect(try times(text, expected.count) == expected)
    }

    @Test func strictlyAfter() throws {
        #expect(try times("0 0 * * *", 1, after: "2026-01-01T23:59:59.999Z") == ["2026-01-02T00:00"])
        #expect(try times("* * * * *", 1, after: "2026-01-01T00:00:00.001Z") == ["2026-01-01T00:01"])
        #expect(try times("* * * * *", 1, after: "2026-01-01T00:00:59.999Z") == ["2026-01-01T00:01"])
        #expect(try times("* * * * *", 1, after: "2026-01-01T00:01:00.000Z") == ["2026-01-01T00:02"])
    }

    @Test(arguments: [
        "", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *", "* * * 0 *", "* * * 13 *",
        "* * * * 8", "-1 * * * *", "+1 * * * *", "1.5 * * * *", "*/0 * * * *", "*/60 * * * *", "5/10 * * * *",
        "30-10 * * * *", "1-2-3 * * * *", "1,,2 * * * *", "1, * * * *", "*/ * * * *", "/5 * * * *", "*/5/5 * * * *",
        "a * * * *", "jan * * * *", "* * * mon *", "* * * * january", "? * * * *", "0 0 L * *", "0 0 * * 5#2",
        "@reboot",
        "@every 5m", "@", "0 0 30 2 *", "0 0 31 4,6,9,11 *", "99999999999999999999 * * * *", "* * * * ６",
    ])
    func refused(text: String) {
        #expect(throws: CronError.self) { try CronExpression(parsing: text) }
    }

    @Test func errorsSayWhatToDo() {
        func problem(_ text: String) -> String? {
            do throws(CronError) {
                _ = try CronExpression(parsing: text)
                return nil
            } catch {
                return error.description
            }
        }
        #expect(problem("61 * * * *") == #"the minute "61" is not within 0 and 59"#)
        #expect(problem("5/10 * * * *") == #"the minute "5/10" has a step without a range; write 5-59/10"#)
        #expect(problem("0 0 30 2 *") == "names a day that never comes")
        #expect(problem("@reboot")?.contains("@hourly") == true)
    }
}
