import HoistwayModel
import HoistwayStore
import RedisClient

/// What a kill did.
public enum KillOutcome: String, Sendable, Hashable {
    /// The job waited, and has ended.
    case cancelled
    /// A worker has the job; it ends when nothing of it runs any more.
    case requested
}

extension HoistwayClient {
    /// Ends a job: cancels it while it waits, else kills all of its processes.
    ///
    /// Wait for the job to know that nothing of it is left.
    /// - Parameters:
    ///   - signal: the only signal; without one all processes get TERM, and KILL after the grace.
    ///   - grace: between TERM and KILL; `nil` is the job's own.
    ///   - by: who wants it, for those who ask later.
    ///   - why: for those who ask later.
    /// - Throws: ``HoistwayError``: `notFound`, `alreadyEnded`, `unreachable`.
    @discardableResult
    public func kill(
        _ id: String,
        signal: KillOrder.Signal? = nil,
        grace: Duration? = nil,
        by: String? = nil,
        why: String? = nil
    ) async throws(HoistwayError) -> KillOutcome {
        let order = KillOrder(signal: signal, grace: grace.map { TimeSpan($0) }, by: by, why: why)
        var times = 0
        return try await insisting {
            times += 1
            do {
                return try await store.kill(id, order) == .cancelled ? .cancelled : .requested
            } catch let refusal as Refusal where refusal.code == .alreadyEnded && times > 1 {
                // The answer to the first of them was lost.
                return .cancelled
            }
        }
    }

    /// Ends every living job that fits.
    /// - Returns: how many there were; after an outage in between, those that were left.
    /// - Throws: ``HoistwayError``: `invalid` for a selection of nothing in particular, `unreachable`.
    @discardableResult
    public func kill(
        _ selection: KillSelection,
        signal: KillOrder.Signal? = nil,
        grace: Duration? = nil,
        by: String? = nil,
        why: String? = nil
    ) async throws(HoistwayError) -> Int {
        guard selection != KillSelection() else {
            throw HoistwayError(.invalid, "a selection needs one of type, resourceID, label and olderThan")
        }
        let order = KillOrder(signal: signal, grace: grace.map { TimeSpan($0) }, by: by, why: why)
        return try await insisting { try await store.kill(selection, order) }
    }

    /// Runs an ended job again, as a new job.
    /// - Parameter requestID: an id of this request; with the same one, again within 24 hours, the answer is the same, so the
    ///   request is repeated through an outage. Without one a retry that has not ended is answered instead of a new one.
    /// - Returns: the new job's id.
    /// - Throws: ``HoistwayError``: `notFound`, `wrongState` when it has not ended, `unreachable`.
    @discardableResult
    public func retry(_ id: String, requestID: String? = nil) async throws(HoistwayError) -> String {
        guard let requestID else { return try await translating { try await store.retry(id).id } }
        return try await insisting { try await store.retry(id, requestID: requestID).id }
    }

    /// Removes a job that has ended or waits, with its log and history.
    /// - Throws: ``HoistwayError``: `notFound`, `wrongState` while it runs, `unreachable`.
    public func remove(_ id: String) async throws(HoistwayError) {
        try await translating { try await store.remove(id) }
    }

    /// Lets a delayed job run now.
    /// - Throws: ``HoistwayError``: `notFound`, `wrongState` when it is not delayed, `unreachable`.
    public func promote(_ id: String) async throws(HoistwayError) {
        try await translating { try await store.promote(id) }
    }

    /// Starts no more jobs of a type, of any without one; what runs goes on.
    /// - Throws: ``HoistwayError``: `invalid` for a type that nobody knows, `unreachable`.
    public func pause(_ type: JobType? = nil) async throws(HoistwayError) {
        try await insisting { try await store.pause(type?.name ?? "*", true) }
    }

    /// Starts jobs of a paused type again, of any without one.
    /// - Throws: ``HoistwayError``: `invalid` for a type that nobody knows, `unreachable`.
    public func resume(_ type: JobType? = nil) async throws(HoistwayError) {
        try await insisting { try await store.pause(type?.name ?? "*", false) }
    }

    /// Cancels every waiting job of a type, of all without one; what runs goes on.
    /// - Returns: how many.
    /// - Throws: ``HoistwayError``: `invalid` for a type that nobody knows, `unreachable`.
    @discardableResult
    public func drain(_ type: JobType? = nil) async throws(HoistwayError) -> Int {
        try await translating { try await store.drain(type?.name ?? "*") }
    }
}
