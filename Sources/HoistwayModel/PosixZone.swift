/// The rule for times after the last transition of a zone file: a `TZ` string of POSIX such as
/// `CET-1CEST,M3.5.0,M10.5.0/3`, with the hours from -167 to 167 that RFC 8536 allows.
struct PosixZone: Sendable, Hashable {
    /// Seconds east of UTC.
    var standard: Int64
    var summer: Summer?

    struct Summer: Sendable, Hashable {
        var offset: Int64
        var start: Day
        var end: Day
    }

    /// A day of a year with a time of that day in seconds.
    struct Day: Sendable, Hashable {
        enum Kind: Sendable, Hashable {
            /// 1 to 365, the 29th of February not counted.
            case julian(Int64)
            /// 0 to 365.
            case ordinal(Int64)
            /// The n-th (5: the last) weekday (0: Sunday) of a month.
            case weekday(month: Int64, week: Int64, weekday: Int64)
        }

        var kind: Kind
        var time: Int64

        /// The moment in seconds since 1970-01-01 on the clock of the place.
        func local(in year: Int64) -> Int64 {
            let first = CivilDate(year: year, month: 1, day: 1).days
            let day: Int64
            switch kind {
            case .julian(let number): day = first + number - 1 + (CivilDate.isLeap(year) && number >= 60 ? 1 : 0)
            case .ordinal(let number): day = first + number
            case .weekday(let month, let week, let weekday):
                let start = CivilDate(year: year, month: month, day: 1).days
                let days = CivilDate.days(in: month, of: year)
                var date = (weekday - CivilDate.weekday(ofDay: start) + 7) % 7 + (week - 1) * 7
                while date >= days { date -= 7 }
                day = start + date
            }
            return day * 86_400 + time
        }
    }

    /// The changes of a year, as moments (seconds since 1970-01-01 UTC) and the offsets from then on.
    func changes(in year: Int64) -> [(at: Int64, offset: Int64)] {
        guard let summer else { return [] }
        return [
            (summer.start.local(in: year) - standard, summer.offset),
            (summer.end.local(in: year) - summer.offset, standard),
        ]
    }

    init?(parsing text: String) {
        var scanner = ZoneScanner(bytes: Array(text.utf8))
        guard scanner.name(), let offset = scanner.time(hours: 0...24) else { return nil }
        standard = -offset
        if scanner.isAtEnd { return }
        guard scanner.name() else { return nil }
        var ahead = standard + 3600
        if !scanner.isNext(",") {
            guard let offset = scanner.time(hours: 0...24) else { return nil }
            ahead = -offset
        }
        guard scanner.skip(","), let start = scanner.day(), scanner.skip(","), let end = scanner.day(), scanner.isAtEnd
        else { return nil }
        summer = Summer(offset: ahead, start: start, end: end)
    }
}

private struct ZoneScanner {
    let bytes: [UInt8]
    var index = 0

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    var isAtEnd: Bool { index == bytes.count }

    func isNext(_ character: Unicode.Scalar) -> Bool { index < bytes.count && bytes[index] == UInt8(ascii: character) }

    mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard isNext(character) else { return false }
        index += 1
        return true
    }

    /// Passes over letters, or anything in angle brackets.
    mutating func name() -> Bool {
        let start = index
        if skip("<") {
            while index < bytes.count, !isNext(">") { index += 1 }
            return skip(">")
        }
        while index < bytes.count, (bytes[index] | 0x20) >= 0x61, (bytes[index] | 0x20) <= 0x7A { index += 1 }
        return index - start >= 3
    }

    mutating func number(in range: ClosedRange<Int64>) -> Int64? {
        var value: Int64 = 0
        let start = index
        while index < bytes.count, (0x30...0x39).contains(bytes[index]), index - start < 4 {
            value = value * 10 + Int64(bytes[index] - 0x30)
            index += 1
        }
        return index > start && range.contains(value) ? value : nil
    }

    /// `[+-]hh[:mm[:ss]]` in seconds.
    mutating func time(hours: ClosedRange<Int64>) -> Int64? {
        let isNegative = skip("-")
        if !isNegative { _ = skip("+") }
        guard var seconds = number(in: hours).map({ $0 * 3600 }) else { return nil }
        for unit: Int64 in [60, 1] where skip(":") {
            guard let value = number(in: 0...59) else { return nil }
            seconds += value * unit
        }
        return isNegative ? -seconds : seconds
    }

    mutating func day() -> PosixZone.Day? {
        let kind: PosixZone.Day.Kind
        if skip("M") {
            guard let month = number(in: 1...12), skip("."), let week = number(in: 1...5), skip("."),
                let weekday = number(in: 0...6)
            else { return nil }
            kind = .weekday(month: month, week: week, weekday: weekday)
        } else if skip("J") {
            guard let day = number(in: 1...365) else { return nil }
            kind = .julian(day)
        } else {
            guard let day = number(in: 0...365) else { return nil }
            kind = .ordinal(day)
        }
        guard skip("/") else { return PosixZone.Day(kind: kind, time: 7200) }
        return time(hours: 0...167).map { PosixZone.Day(kind: kind, time: $0) }
    }
}
