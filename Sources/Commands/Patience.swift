import RedisClient

/// Bears an outage of Redis for a while, so that who waits need not begin again.
struct Patience {
    /// How long Redis may be gone.
    static let limit = Duration.seconds(60)
    private static let pause = Duration.milliseconds(500)

    let console: Console
    private var since: ContinuousClock.Instant?

    init(console: Console) {
        self.console = console
    }

    mutating func recovered() {
        if since != nil { console.note("hoistway: Redis answers again") }
        since = nil
    }

    /// Waits a moment after an error that may pass.
    /// - Throws: the error, when it will not pass or has lasted too long.
    mutating func absorb(_ error: any Error) async throws {
        guard let failure = error as? RedisError, failure.isConnectionLoss || failure.isRefusal else { throw error }
        let now = ContinuousClock.now
        if since == nil { console.note("hoistway: the connection to Redis was lost; trying again") }
        let start = since ?? now
        since = start
        guard now - start < Patience.limit else { throw error }
        try await Task.sleep(for: Patience.pause)
    }
}
