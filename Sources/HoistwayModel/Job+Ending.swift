/// What a job says of its end and of what it is connected with.
extension Job {
    /// Shown to people beside the title.
    public var details: String { fields["description"] ?? "" }
    public var priority: Int { integer("priority") ?? JobDocument.defaultPriority }
    /// The exit code of the recipe, once it exited by itself.
    public var exitCode: Int? { integer("exitCode") }
    /// The signal that ended the recipe, such as `TERM`.
    public var signal: String? { fields["signal"] }
    /// The object of the recipe's `result` event.
    public var result: JSON? { json("result") }
    /// The recipe's `error` event: `{"code","message","errorType","details"}`.
    public var error: JSON? { json("error") }
    /// The receipt of a kill: `{"requestedAt","by","why","deliveredAt","signals","emptyAt"}`.
    public var killReceipt: JSON? { json("kill") }
    /// The job that this one runs again.
    public var retryOf: String? { fields["retryOf"] }
    /// The newer job for which this one was given up.
    public var supersededBy: String? { fields["supersededBy"] }
    public var organizationID: String? { fields["organizationId"] }
    public var memberID: String? { fields["memberId"] }
    /// Not before this moment, while it waits for it.
    public var runAt: Timestamp? { time("runAt") }
    public var updatedAt: Timestamp? { time("updatedAt") }
}
