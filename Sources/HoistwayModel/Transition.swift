/// A status with its reason: one of the places where a job can be.
public struct JobState: Sendable, Hashable, CustomStringConvertible {
    public var status: JobStatus
    public var reason: JobReason?

    public init(_ status: JobStatus, _ reason: JobReason? = nil) {
        self.status = status
        self.reason = reason
    }

    public static let queued = JobState(.pending, .queued)
    public static let delayed = JobState(.pending, .delayed)
    public static let blocked = JobState(.pending, .blocked)
    public static let paused = JobState(.pending, .paused)
    public static let starting = JobState(.pending, .starting)
    public static let retrying = JobState(.pending, .retrying)
    public static let running = JobState(.running)
    public static let done = JobState(.done)

    public static func error(_ reason: JobReason) -> JobState { JobState(.error, reason) }

    /// Waiting for a turn, a time or a worker: nothing of it exists outside Redis.
    public static let waiting: [JobState] = [queued, delayed, blocked, paused, retrying]

    public var description: String { reason.map { "\(status.rawValue) (\($0.rawValue))" } ?? status.rawValue }
}

/// What happens to a job. The raw value is the `event` of the history.
public enum JobEvent: String, Sendable, Hashable, CaseIterable {
    /// A document was made into it.
    case accepted
    /// A document that is invalid was made into it, for its id's sake.
    case rejected
    /// A delay passed, a turn was freed, a pause ended: the job stands in its queue.
    case queued
    /// Due or promoted, but its key is busy.
    case blocked
    /// Its dependencies are done, but its time has not come.
    case delayed
    /// Its type was paused.
    case paused
    /// A worker took it.
    case claimed
    /// A worker gave it back before anything of it ran.
    case released
    /// Its process started.
    case started
    /// Its worker wrote it back, as it ran while Redis lost it.
    case restored
    /// Somebody wants it ended; its worker is told.
    case killRequested
    /// It ended well.
    case done
    /// It ended badly and will be tried again.
    case retrying
    case failed, killed, timeout, idle, spawn, lost
    case cancelled, superseded, expired, skipped
    /// Somebody was told of its end, or could not be told.
    case notified, notifyFailed
}

/// The one table of what may happen when. The scripts of the store are tested against it.
public enum Transition {
    /// The states that `event` may lead to from `state` (`nil` before there is a job); empty when it is refused there.
    public static func targets(from state: JobState?, on event: JobEvent) -> Set<JobState> {
        table[Step(state: state, event: event)] ?? []
    }

    private struct Step: Hashable {
        var state: JobState?
        var event: JobEvent
    }

    private static let table: [Step: Set<JobState>] = {
        var table: [Step: Set<JobState>] = [:]
        func allow(_ states: [JobState?], _ event: JobEvent, _ targets: JobState...) {
            for state in states { table[Step(state: state, event: event), default: []].formUnion(targets) }
        }
        allow([nil], .accepted, .queued, .delayed, .blocked, .paused)
        allow([nil], .rejected, .error(.rejected))
        allow([.delayed, .blocked, .paused, .retrying], .queued, .queued, .paused)
        allow([.delayed], .blocked, .blocked)
        allow([.blocked], .delayed, .delayed)
        allow([.queued], .paused, .paused)
        allow([.queued, .paused], .claimed, .starting)
        allow([.starting], .released, .queued, .paused)
        allow([.starting], .started, .running)
        allow([nil, .starting, .running] + JobState.waiting, .restored, .running)
        // Older data may have another job wait with the turn of one that is written back.
        allow([.queued, .paused], .blocked, .blocked)
        allow([.starting], .killRequested, .starting)
        allow([.running], .killRequested, .running)
        allow([.running], .done, .done)
        allow([.running], .timeout, .error(.timeout))
        allow([.running], .idle, .error(.idle))
        allow([.starting, .running], .failed, .error(.failed))
        allow([.starting, .running], .killed, .error(.killed))
        allow([.starting, .running], .spawn, .error(.spawn))
        allow([.starting, .running], .lost, .error(.lost))
        allow([.starting, .running], .superseded, .error(.superseded))
        allow([.starting, .running], .retrying, .retrying)
        allow(JobState.waiting, .cancelled, .error(.cancelled))
        allow(JobState.waiting, .superseded, .error(.superseded))
        allow([.queued, .delayed, .blocked, .paused], .expired, .error(.expired))
        allow([.blocked], .skipped, .error(.skipped))
        for end in [JobState.done] + JobReason.ends.map({ .error($0) }) {
            allow([end], .notified, end)
            allow([end], .notifyFailed, end)
        }
        return table
    }()
}
