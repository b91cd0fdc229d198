/// When a cron expression comes due in a time zone. At changes of the clock it does as Debian's cron: an expression
/// whose minute or hour begins with `*` runs by elapsed time, whatever the clock shows; any other names times of the
/// day, and one that does not exist comes due right after the gap, one that exists twice at the first.
public struct Timetable: Sendable, Hashable {
    public let cron: CronExpression
    public let zone: ZoneRules

    public init(_ cron: CronExpression, in zone: ZoneRules) {
        self.cron = cron
        self.zone = zone
    }

    /// The first time after a moment.
    /// - Returns: `nil` when none comes within fifty years.
    public func next(after time: Timestamp) -> Timestamp? {
        let moment = time.milliseconds.flooredDivision(by: 1000).quotient
        let next = cron.isRepeating ? nextByElapsedTime(after: moment) : nextByClock(after: moment)
        return next.map { Timestamp(milliseconds: $0 * 1000) }
    }

    private func nextByElapsedTime(after moment: Int64) -> Int64? {
        var from = moment + 1
        let last = moment + 50 * 366 * 86_400
        while from < last {
            let period = zone.period(at: from)
            let minute = (from + period.offset + 59).flooredDivision(by: 60).quotient
            guard let match = cron.nextMatch(atOrAfter: minute) else { return nil }
            let next = match * 60 - period.offset
            if next < period.end { return next }
            from = period.end
        }
        return nil
    }

    private func nextByClock(after moment: Int64) -> Int64? {
        let local = moment + zone.period(at: moment).offset
        var minute = local.flooredDivision(by: 60).quotient
        while let match = cron.nextMatch(atOrAfter: minute) {
            let next = zone.moment(of: match * 60)
            if next > moment { return next }
            minute = match + 1
        }
        return nil
    }
}
