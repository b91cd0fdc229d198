/// The runs of a schedule. A run belongs to a tick, the time that its cron expression names, and comes due at the tick
/// or, with jitter, somewhat later: how much follows from schedule and tick alone, so that whoever reckons comes to the
/// same.
public struct ScheduleCalendar: Sendable, Hashable {
    public let id: String
    public let timetable: Timetable
    public let missed: Schedule.Missed
    public let jitter: TimeSpan

    /// A run that is later than this was missed.
    public static let grace = TimeSpan.seconds(60)
    /// A missed run that is older than this is never made up for one by one.
    public static let oldest = TimeSpan.seconds(86_400)
    /// How many runs one pass makes up for; the next pass goes on.
    public static let passLimit = 100

    public struct Run: Sendable, Hashable {
        public var tick: Timestamp
        public var due: Timestamp
        /// Whether nobody was there at its time.
        public var isMissed = false
    }

    public init(id: String, timetable: Timetable, missed: Schedule.Missed, jitter: TimeSpan) {
        self.id = id
        self.timetable = timetable
        self.missed = missed
        self.jitter = jitter
    }

    /// The run of the first tick after a moment.
    public func next(after time: Timestamp) -> Run? {
        timetable.next(after: time).map { Run(tick: $0, due: due($0)) }
    }

    /// The run of the first tick whose time is after a moment, also when its tick has passed.
    public func nextDue(after time: Timestamp) -> Run? {
        var run = next(after: time.advanced(by: -jitter.milliseconds))
        while let candidate = run, candidate.due <= time { run = next(after: candidate.tick) }
        return run
    }

    /// When the run of a tick comes due: always before the next tick.
    public func due(_ tick: Timestamp) -> Timestamp {
        guard jitter > .zero, let next = timetable.next(after: tick) else { return tick }
        let room = min(jitter.milliseconds, next.milliseconds - tick.milliseconds - 1000)
        guard room > 0 else { return tick }
        return tick.advanced(by: Int64(ScheduleCalendar.hash("\(id)\n\(tick.milliseconds)") % UInt64(room + 1)))
    }

    /// What to enqueue at a moment, oldest first, for a schedule whose next tick is known.
    /// - Returns: at most `passLimit` runs, and the run that is next behind them.
    public func runs(from tick: Timestamp, now: Timestamp) -> (runs: [Run], next: Run?) {
        switch missed {
        case .all:
            let oldest = now.advanced(by: -ScheduleCalendar.oldest.milliseconds)
            var run: Run? = Run(tick: tick, due: due(tick))
            if let first = run, first.due < oldest { run = nextDue(after: oldest.advanced(by: -1)) }
            var runs: [Run] = []
            while var candidate = run, candidate.due <= now, runs.count < ScheduleCalendar.passLimit {
                candidate.isMissed = isMissed(candidate, now)
                runs.append(candidate)
                run = next(after: candidate.tick)
            }
            return (runs, run)
        case .skip, .once:
            guard var latest = latest(from: tick, now: now) else {
                return ([], nextDue(after: now))
            }
            latest.isMissed = isMissed(latest, now)
            let following = next(after: latest.tick)
            return (latest.isMissed && missed == .skip ? [] : [latest], following)
        }
    }

    private func isMissed(_ run: Run, _ now: Timestamp) -> Bool {
        now.milliseconds - run.due.milliseconds > ScheduleCalendar.grace.milliseconds
    }

    /// The latest run that has come due, not before a tick. Looks back further and further, lest a minutely schedule
    /// that nobody served for a year be counted through.
    private func latest(from tick: Timestamp, now: Timestamp) -> Run? {
        let first = Run(tick: tick, due: due(tick))
        guard first.due <= now else { return nil }
        for hours: Int64 in [1, 24, 24 * 32, 24 * 366] {
            let start = now.advanced(by: -(hours * 3_600_000 + jitter.milliseconds))
            guard start > tick else { break }
            if let found = next(after: start), found.due <= now { return last(from: found, now: now) }
        }
        return last(from: first, now: now)
    }

    private func last(from run: Run, now: Timestamp) -> Run {
        var latest = run
        while let following = next(after: latest.tick), following.due <= now { latest = following }
        return latest
    }

    /// FNV-1a, with its bits mixed once more by the end of MurmurHash3 so that neighbouring ticks differ in all of
    /// them.
    private static func hash(_ text: String) -> UInt64 {
        var hash = text.utf8.reduce(UInt64(0xCBF2_9CE4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
        hash = (hash ^ hash >> 33) &* 0xFF51_AFD7_ED55_8CCD
        hash = (hash ^ hash >> 33) &* 0xC4CE_B9FE_1A85_EC53
        return hash ^ hash >> 33
    }
}

extension Timestamp {
    func advanced(by milliseconds: Int64) -> Timestamp { Timestamp(milliseconds: self.milliseconds + milliseconds) }
}
