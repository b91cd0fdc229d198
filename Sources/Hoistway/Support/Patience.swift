import RedisClient

/// Bears an outage of Redis for a while, so that who waits need not begin again.
package struct Patience: Sendable {
    /// What is told of an outage, once each.
    package enum Notice: Sendable {
        case lost, recovered
    }

    /// How long Redis may be gone.
    package let limit: Duration
    private static let pause = Duration.milliseconds(100)

    private let notify: @Sendable (Notice) -> Void
    private var since: ContinuousClock.Instant?

    package init(limit: Duration, notify: @escaping @Sendable (Notice) -> Void = { _ in }) {
        self.limit = limit
        self.notify = notify
    }

    package mutating func recovered() {
        if since != nil { notify(.recovered) }
        since = nil
    }

    /// Waits a moment after an error that may pass.
    /// - Throws: the error, when it will not pass or has lasted too long.
    package mutating func absorb(_ error: any Error) async throws {
        guard let failure = error as? RedisError, failure.isConnectionLoss || failure.isRefusal else { throw error }
        let now = ContinuousClock.now
        if since == nil { notify(.lost) }
        let start = since ?? now
        since = start
        guard now - start < limit else { throw error }
        try await Task.sleep(for: Patience.pause)
    }

    /// Repeats an operation that takes effect once however often it is sent.
    package static func insist<Value>(
        _ limit: Duration,
        isolation: isolated (any Actor)? = #isolation,
        _ operation: () async throws -> Value
    ) async throws -> Value {
        var patience = Patience(limit: limit)
        while true {
            do {
                return try await operation()
            } catch {
                try await patience.absorb(error)
            }
        }
    }
}
