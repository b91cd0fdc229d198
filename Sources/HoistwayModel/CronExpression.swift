/// Why a text is no cron expression, for people.
public struct CronError: Error, Sendable, Hashable, CustomStringConvertible {
    public var description: String
}

/// A cron expression: five fields (minute, hour, day of the month, month, day of the week) with lists, ranges, steps
/// and names, or a nickname such as `@daily`. Day of the month and day of the week are as in Vixie cron: when neither
/// begins with `*`, a day counts that fits either.
public struct CronExpression: Sendable, Hashable {
    public let text: String
    /// Sets of numbers, a bit each.
    let minutes: UInt64
    let hours: UInt64
    let days: UInt64
    let months: UInt64
    /// 0 is Sunday.
    let weekdays: UInt64
    /// Whether one of the two fields for days begins with `*`, so that both must fit.
    let needsBothDays: Bool
    /// Whether minute or hour begins with `*`: it runs by elapsed time, not at named times of the day.
    let isRepeating: Bool

    private static let nicknames = [
        "@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0",
        "@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *",
    ]

    /// - Throws: `CronError` that names the field.
    public init(parsing text: String) throws(CronError) {
        self.text = text
        var words = text.split(whereSeparator: { $0 == " " || $0 == "\t" }).map(String.init)
        if words.count == 1, words[0].hasPrefix("@") {
            guard let meaning = CronExpression.nicknames[words[0].lowercased()] else {
                let known = "@hourly, @daily, @midnight, @weekly, @monthly, @yearly or @annually"
                throw CronError(description: "\"\(words[0])\" is not known; use \(known)")
            }
            words = meaning.split(separator: " ").map(String.init)
        }
        guard words.count == 5 else {
            let fields = "minute, hour, day of the month, month and day of the week"
            throw CronError(description: "must have five fields (\(fields)) or be such as @daily, has \(words.count)")
        }
        minutes = try CronField.minute.set(words[0])
        hours = try CronField.hour.set(words[1])
        days = try CronField.day.set(words[2])
        months = try CronField.month.set(words[3])
        let week = try CronField.weekday.set(words[4])
        weekdays = (week | week >> 7) & 0x7F
        needsBothDays = words[2].hasPrefix("*") || words[4].hasPrefix("*")
        isRepeating = words[0].hasPrefix("*") || words[1].hasPrefix("*")
        guard nextMatch(atOrAfter: 0) != nil else {
            throw CronError(description: "names a day that never comes")
        }
    }

    /// The first minute that fits, at or after a minute. Both are minutes since 1970-01-01 on the clock of the place.
    /// - Returns: `nil` when none comes within fifty years.
    func nextMatch(atOrAfter start: Int64) -> Int64? {
        let first = start.flooredDivision(by: 1440)
        var day = first.quotient
        var from = first.remainder
        let last = day + 50 * 366
        while day <= last {
            let date = CivilDate(days: day)
            if months >> UInt64(date.month) & 1 == 0 {
                day += CivilDate.days(in: date.month, of: date.year) - date.day + 1
                from = 0
                continue
            }
            if fits(date, day), let minute = firstMinute(atOrAfter: from) { return day * 1440 + minute }
            day += 1
            from = 0
        }
        return nil
    }

    private func fits(_ date: CivilDate, _ day: Int64) -> Bool {
        let inMonth = days >> UInt64(date.day) & 1 == 1
        let inWeek = weekdays >> UInt64(CivilDate.weekday(ofDay: day)) & 1 == 1
        return needsBothDays ? inMonth && inWeek : inMonth || inWeek
    }

    /// The first minute of a day that fits.
    private func firstMinute(atOrAfter start: Int64) -> Int64? {
        for hour in (start / 60)..<24 where hours >> UInt64(hour) & 1 == 1 {
            let from = hour == start / 60 ? UInt64(start % 60) : 0
            let rest = (minutes >> from) << from
            if rest != 0 { return hour * 60 + Int64(rest.trailingZeroBitCount) }
        }
        return nil
    }
}

/// One of the five fields.
private struct CronField {
    var name: String
    var range: ClosedRange<Int>
    /// Names of the numbers from the smallest on.
    var names: [String] = []

    static let minute = CronField(name: "minute", range: 0...59)
    static let hour = CronField(name: "hour", range: 0...23)
    static let day = CronField(name: "day of the month", range: 1...31)
    static let month = CronField(
        name: "month",
        range: 1...12,
        names: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
    )
    static let weekday = CronField(
        name: "day of the week",
        range: 0...7,
        names: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
    )

    func set(_ text: String) throws(CronError) -> UInt64 {
        var set: UInt64 = 0
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let pieces = part.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
            guard pieces.count <= 2, !pieces[0].isEmpty else { throw error(text, "is not understood") }
            let span = try range(pieces[0], text)
            var step = 1
            if pieces.count == 2 {
                guard pieces[0] == "*" || pieces[0].contains("-") else {
                    throw error(text, "has a step without a range; write \(pieces[0])-\(range.upperBound)/\(pieces[1])")
                }
                guard let number = number(pieces[1]), (1...range.upperBound).contains(number) else {
                    throw error(text, "has a step that is not from 1 to \(range.upperBound)")
                }
                step = number
            }
            for value in stride(from: span.lowerBound, through: span.upperBound, by: step) { set |= 1 << UInt64(value) }
        }
        return set
    }

    private func range(_ text: String, _ field: String) throws(CronError) -> ClosedRange<Int> {
        if text == "*" { return range }
        let ends = text.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
        guard ends.count <= 2 else { throw error(field, "is not understood") }
        let first = try value(ends[0], field)
        guard ends.count == 2 else { return first...first }
        var last = try value(ends[1], field)
        // Sunday ends a week as well as it begins one.
        if range.upperBound == 7, last == 0, first > 0 { last = 7 }
        guard first <= last else { throw error(field, "has a range that runs backwards (\(text))") }
        return first...last
    }

    private func value(_ text: String, _ field: String) throws(CronError) -> Int {
        if let index = names.firstIndex(of: text.lowercased()) { return index + range.lowerBound }
        guard let number = number(text) else { throw error(field, "is not understood") }
        guard range.contains(number) else {
            throw error(field, "is not within \(range.lowerBound) and \(range.upperBound)")
        }
        return number
    }

    /// Digits alone: `Int` would take a sign.
    private func number(_ text: String) -> Int? {
        text.utf8.allSatisfy { (0x30...0x39).contains($0) } && text.utf8.count <= 4 ? Int(text) : nil
    }

    private func error(_ text: String, _ problem: String) -> CronError {
        CronError(description: "the \(name) \"\(text)\" \(problem)")
    }
}
