#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A moment on the wall clock in milliseconds since 1970-01-01 UTC, written as RFC 3339 with milliseconds.
public struct Timestamp: Sendable, Hashable, Comparable, CustomStringConvertible {
    public var milliseconds: Int64

    public init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    public static func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }

    public static func < (left: Timestamp, right: Timestamp) -> Bool { left.milliseconds < right.milliseconds }

    /// `2026-01-15T08:00:00.123Z`.
    public var description: String {
        let seconds = milliseconds.flooredDivision(by: 1000)
        let days = seconds.quotient.flooredDivision(by: 86_400)
        let date = CivilDate(days: days.quotient)
        let clock = days.remainder
        return "\(padded(date.year, 4))-\(padded(date.month, 2))-\(padded(date.day, 2))T\(padded(clock / 3600, 2)):"
            + "\(padded(clock / 60 % 60, 2)):\(padded(clock % 60, 2)).\(padded(seconds.remainder, 3))Z"
    }

    /// `20260115T080000Z`, for names of things; without the fraction of the second.
    package var compact: String {
        let text = description.utf8.prefix(19).filter { $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: ":") }
        return String(decoding: text, as: UTF8.self) + "Z"
    }

    /// Reads RFC 3339 with any offset and any number of fractional digits; `nil` when it is none or names no real date.
    public init?(parsing text: String) {
        var scanner = Digits(bytes: Array(text.utf8))
        guard let year = scanner.number(4), scanner.skip("-"), let month = scanner.number(2), scanner.skip("-"),
            let day = scanner.number(2), scanner.skip("Tt "), let hour = scanner.number(2), scanner.skip(":"),
            let minute = scanner.number(2), scanner.skip(":"), let second = scanner.number(2),
            (1...12).contains(month), day >= 1, day <= CivilDate.days(in: month, of: year),
            hour < 24, minute < 60, second <= 60
        else { return nil }
        var fraction: Int64 = 0
        if scanner.skip(".") {
            guard let milliseconds = scanner.fraction() else { return nil }
            fraction = milliseconds
        }
        guard let offset = scanner.offset(), scanner.atEnd else { return nil }
        let days = CivilDate(year: year, month: month, day: day).days
        milliseconds = ((days * 24 + hour) * 60 + minute - offset) * 60_000 + second * 1000 + fraction
    }
}

private func padded(_ value: Int64, _ width: Int) -> String {
    let text = String(value)
    return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
}

private struct Digits {
    let bytes: [UInt8]
    var index = 0

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    var atEnd: Bool { index == bytes.count }

    mutating func digit() -> Int64? {
        guard index < bytes.count, (0x30...0x39).contains(bytes[index]) else { return nil }
        index += 1
        return Int64(bytes[index - 1] - 0x30)
    }

    mutating func number(_ width: Int) -> Int64? {
        var value: Int64 = 0
        for _ in 0..<width {
            guard let digit = digit() else { return nil }
            value = value * 10 + digit
        }
        return value
    }

    mutating func skip(_ oneOf: String) -> Bool {
        guard index < bytes.count, oneOf.utf8.contains(bytes[index]) else { return false }
        index += 1
        return true
    }

    mutating func fraction() -> Int64? {
        guard var value = digit() else { return nil }
        var count = 1
        while let digit = digit() {
            count += 1
            if count <= 3 { value = value * 10 + digit }
        }
        while count < 3 {
            value *= 10
            count += 1
        }
        return value
    }

    /// Minutes east of UTC.
    mutating func offset() -> Int64? {
        if skip("Zz") { return 0 }
        let west = index < bytes.count && bytes[index] == UInt8(ascii: "-")
        guard skip("+-"), let hours = number(2), skip(":"), let minutes = number(2), hours < 24, minutes < 60 else {
            return nil
        }
        return (west ? -1 : 1) * (hours * 60 + minutes)
    }
}
