extension [UInt8] {
    /// Appends a moment as RFC 3339 in UTC with milliseconds, `2026-01-15T08:00:00.123Z`.
    ///
    /// - Parameter milliseconds: Milliseconds since 1970, not before that.
    package mutating func append(timestamp milliseconds: Int64) {
        let date = civilDate(days: milliseconds / 86_400_000)
        let ofDay = milliseconds % 86_400_000
        append(padded: date.year, width: 4)
        append(UInt8(ascii: "-"))
        append(padded: date.month, width: 2)
        append(UInt8(ascii: "-"))
        append(padded: date.day, width: 2)
        append(UInt8(ascii: "T"))
        append(padded: ofDay / 3_600_000, width: 2)
        append(UInt8(ascii: ":"))
        append(padded: ofDay / 60_000 % 60, width: 2)
        append(UInt8(ascii: ":"))
        append(padded: ofDay / 1000 % 60, width: 2)
        append(UInt8(ascii: "."))
        append(padded: ofDay % 1000, width: 3)
        append(UInt8(ascii: "Z"))
    }

    private mutating func append(padded number: Int64, width: Int) {
        var divisor: Int64 = 1
        for _ in 1..<width { divisor *= 10 }
        while divisor > 0 {
            append(UInt8(ascii: "0") + UInt8(number / divisor % 10))
            divisor /= 10
        }
    }
}

/// The Gregorian date a number of days after 1970-01-01, counted in years that begin in March, so that the leap day
/// is the last of its year.
private func civilDate(days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let shifted = days + 719_468
    let era = shifted / 146_097
    let dayOfEra = shifted % 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
}
