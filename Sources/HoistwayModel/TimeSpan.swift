/// A length of time in milliseconds. On the wire a number of seconds, or text such as `30s`, `5m`, `1h30m`, `250ms`.
public struct TimeSpan: Sendable, Hashable, Comparable, CustomStringConvertible {
    public var milliseconds: Int64

    public init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    public static let zero = TimeSpan(milliseconds: 0)
    /// Longest span that is accepted: ten years.
    public static let maximum = TimeSpan.seconds(10 * 366 * 86_400)

    public static func milliseconds(_ milliseconds: Int64) -> TimeSpan { TimeSpan(milliseconds: milliseconds) }
    public static func seconds(_ seconds: Int64) -> TimeSpan { TimeSpan(milliseconds: seconds * 1000) }
    public static func minutes(_ minutes: Int64) -> TimeSpan { .seconds(minutes * 60) }
    public static func hours(_ hours: Int64) -> TimeSpan { .minutes(hours * 60) }

    /// A length of the standard library, without what is less than a millisecond.
    public init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        self.init(milliseconds: seconds * 1000 + attoseconds / 1_000_000_000_000_000)
    }

    public var seconds: Double { Double(milliseconds) / 1000 }
    public var duration: Duration { .milliseconds(milliseconds) }
    /// A number of seconds, as the wire has it.
    public var json: JSON { .double(seconds) }

    public static func < (left: TimeSpan, right: TimeSpan) -> Bool { left.milliseconds < right.milliseconds }

    public var description: String { "\(seconds.jsonText)s" }

    /// A number of seconds or text with units; `nil` for anything else, for negative and for more than `maximum`.
    public init?(_ json: JSON) {
        switch json {
        case .number: self.init(seconds: json.doubleValue)
        case .string(let text): self.init(parsing: text)
        default: return nil
        }
    }

    /// `30s`, `5m`, `24h`, `30d`, `250ms`, their sums such as `1h30m`, or a plain number of seconds.
    public init?(parsing text: String) {
        if text.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") }) {
            self.init(seconds: Double(text))
            return
        }
        var total = 0.0
        var rest = Substring(text)
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let number = rest.prefix { $0.isASCII && $0.isNumber || $0 == "." }
            rest.removeFirst(number.count)
            let unit = rest.prefix { $0.isASCII && $0.isLetter }
            rest.removeFirst(unit.count)
            guard let value = Double(number), let factor = TimeSpan.units[String(unit)] else { return nil }
            total += value * factor
        }
        self.init(seconds: total)
    }

    private static let units: [String: Double] = ["ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400]

    private init?(seconds: Double?) {
        guard let seconds, seconds >= 0, seconds <= TimeSpan.maximum.seconds else { return nil }
        milliseconds = Int64((seconds * 1000).rounded())
    }
}
