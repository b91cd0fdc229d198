/// A time zone of the tz database: which offset from UTC holds when. Moments are seconds since 1970-01-01 UTC, local
/// times seconds since 1970-01-01 on the clock of the place.
public struct ZoneRules: Sendable, Hashable {
    public let name: String
    private let initial: Int64
    private let changes: [Change]
    /// What holds after the last change.
    private let rule: PosixZone?

    struct Change: Sendable, Hashable {
        var at: Int64
        var offset: Int64
    }

    /// A stretch of time with one offset; `end` does not belong to it.
    struct Period: Sendable, Hashable {
        var start = Int64.min
        var end = Int64.max
        var offset: Int64
    }

    public static let utc = ZoneRules(name: "UTC", initial: 0, changes: [], rule: nil)

    init(name: String, initial: Int64, changes: [Change], rule: PosixZone?) {
        self.name = name
        self.initial = initial
        self.changes = changes
        self.rule = rule
    }

    func period(at moment: Int64) -> Period {
        guard let last = changes.last else { return ruledPeriod(at: moment, after: nil) }
        if moment >= last.at { return ruledPeriod(at: moment, after: last) }
        var low = 0
        var high = changes.count - 1
        while low < high {
            let middle = (low + high) / 2
            if changes[middle].at > moment { high = middle } else { low = middle + 1 }
        }
        let before = low == 0 ? nil : changes[low - 1]
        return Period(start: before?.at ?? .min, end: changes[low].at, offset: before?.offset ?? initial)
    }

    private func ruledPeriod(at moment: Int64, after last: Change?) -> Period {
        var period = Period(start: last?.at ?? .min, offset: last?.offset ?? rule?.standard ?? initial)
        guard let rule else { return period }
        let year = CivilDate(days: moment.flooredDivision(by: 86_400).quotient).year
        // Where summer lasts all year, its end and its next beginning are one moment: the beginning counts.
        let ahead = ((year - 1)...(year + 1)).flatMap { rule.changes(in: $0) }.enumerated()
            .sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }.map(\.element)
        for change in ahead where change.at >= period.start {
            if change.at > moment {
                period.end = change.at
                return period
            }
            period.start = change.at
            period.offset = change.offset
        }
        return period
    }

    /// The moment of a local time: of one that exists twice the first, for one that does not exist the end of the gap.
    func moment(of local: Int64) -> Int64 {
        // No zone is or was more than 26 hours from UTC, nor skipped more than a day.
        var period = period(at: local - 2 * 86_400)
        while true {
            let moment = local - period.offset
            if moment < period.end { return max(moment, period.start) }
            period = self.period(at: period.end)
        }
    }
}
