import Hoistway
import HoistwayModel
import HoistwayStore

extension JobWait {
    /// - Parameter deadline: `nil` waits for ever.
    /// - Returns: the ended jobs in the order of the ids; `nil` when the deadline passed.
    /// - Throws: `CommandFailure` when one of them is not there.
    static func ended(
        _ ids: [String],
        in session: Session,
        deadline: ContinuousClock.Instant? = nil
    ) async throws -> [Job]? {
        let patience = Patience(console: session.console)
        do {
            return try await ended(ids, session.store, session.client, deadline: deadline, patience: patience)
        } catch let refusal as Refusal where refusal.code == .notFound {
            throw CommandFailure(.notFound, "\(refusal.message); \"hoistway list\" shows those there are")
        }
    }
}
