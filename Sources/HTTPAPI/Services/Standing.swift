import HoistwayModel
import HoistwayStore

/// How work stands, for clients that know no reasons.
enum Standing: String, Sendable, CaseIterable {
    case pending, running, succeeded, failed, cancelled

    init(_ state: JobState) {
        switch state.status {
        case .pending: self = .pending
        case .running: self = .running
        case .done: self = .succeeded
        case .error: self = state.reason.map(Standing.cancellations.contains) ?? false ? .cancelled : .failed
        }
    }

    var isTerminal: Bool { ![.pending, .running].contains(self) }

    /// The reasons of an end that somebody wanted.
    private static let cancellations: Set<JobReason> = [.killed, .cancelled, .superseded]

    /// Lets only jobs pass that stand so.
    func narrow(_ filter: inout JobFilter) {
        switch self {
        case .pending: filter.status = .pending
        case .running: filter.status = .running
        case .succeeded: filter.status = .done
        case .failed:
            filter.status = .error
            filter.reasons = Set(JobReason.allCases).subtracting(Standing.cancellations)
        case .cancelled:
            filter.status = .error
            filter.reasons = Standing.cancellations
        }
    }
}
