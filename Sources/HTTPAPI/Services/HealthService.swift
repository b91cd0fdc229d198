import HoistwayStore
import RedisClient

/// Whether requests can be served.
package struct HealthService: Sendable {
    let store: Store

    /// What is wrong; `nil` when nothing is.
    package func problem() async -> String? {
        do throws(RedisError) {
            try await store.ping(within: .seconds(1))
            return nil
        } catch {
            return "Redis does not answer: \(error.message)"
        }
    }
}
