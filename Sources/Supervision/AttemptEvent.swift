import HoistwayModel

/// What happens to an attempt, in order.
package enum AttemptEvent: Sendable {
    case started(StartedRecord)
    /// The log has grown to this many logical bytes.
    case logGrew(Int)
    /// Lines of `events.jsonl`, and the offset behind the last: an adopted attempt tells all of them again.
    case events([JSON], endOffset: Int)
    /// A round of signals was sent: the receipt so far.
    case kill(JSON)
    /// The last event of an attempt that ended.
    case ended(ExitRecord)
    /// The last event of an attempt whose monitor died.
    case lost(LostRecord)
}
