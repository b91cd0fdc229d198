import Synchronization

/// Allows each key so many requests a second on average, and some at once (a token bucket).
final class RateLimiter: Sendable {
    private struct Bucket {
        var left: Double
        var at: ContinuousClock.Instant
    }

    /// Keys that are remembered; beyond that those that are full again are forgotten first.
    private static let mostKeys = 10_000

    let perSecond: Double
    let burst: Double
    private let buckets = Mutex<[String: Bucket]>([:])

    init(perSecond: Double, burst: Double) {
        self.perSecond = perSecond
        self.burst = burst
    }

    /// Takes one request out of a key's allowance.
    /// - Returns: nil when it is allowed, else seconds until the next one is.
    func take(_ key: String, now: ContinuousClock.Instant = .now) -> Double? {
        buckets.withLock { buckets in
            var bucket = current(key, &buckets, now)
            guard bucket.left >= 1 else {
                buckets[key] = bucket
                return (1 - bucket.left) / perSecond
            }
            bucket.left -= 1
            buckets[key] = bucket
            return nil
        }
    }

    private func current(
        _ key: String,
        _ buckets: inout [String: Bucket],
        _ now: ContinuousClock.Instant
    ) -> Bucket {
        guard var bucket = buckets[key] else {
            if buckets.count >= RateLimiter.mostKeys { makeRoom(&buckets, now) }
            return Bucket(left: burst, at: now)
        }
        bucket.left = min(burst, bucket.left + (now - bucket.at) / .seconds(1) * perSecond)
        bucket.at = now
        return bucket
    }

    private func makeRoom(_ buckets: inout [String: Bucket], _ now: ContinuousClock.Instant) {
        let full = Duration.seconds(burst / perSecond)
        buckets = buckets.filter { now - $0.value.at < full }
        if buckets.count >= RateLimiter.mostKeys { buckets.removeAll() }
    }
}
