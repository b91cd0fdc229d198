/// Where a job stands. `done` and `error` are terminal and never change.
public enum JobStatus: String, Sendable, Hashable, CaseIterable {
    case pending, running, done, error

    public var isTerminal: Bool { self == .done || self == .error }
}

/// What more there is to say about a status.
public enum JobReason: String, Sendable, Hashable, CaseIterable {
    // While pending.
    case queued, delayed, blocked, paused, starting, retrying
    // With error.
    case failed, killed, timeout, idle, spawn, lost, cancelled, superseded, expired, skipped, rejected

    /// The reasons that go with an error.
    static let ends: [JobReason] = [
        .failed, .killed, .timeout, .idle, .spawn, .lost, .cancelled, .superseded, .expired, .skipped, .rejected,
    ]
}
