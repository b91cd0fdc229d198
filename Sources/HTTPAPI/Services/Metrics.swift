import HTTPTypes
import HoistwayStore
import Logging
import RedisClient
import Synchronization

/// What is counted for Prometheus.
package final class Metrics: Sendable {
    let store: Store
    let client: RedisClient
    let hub: Hub
    let logger: Logger

    init(store: Store, client: RedisClient, hub: Hub, logger: Logger) {
        self.store = store
        self.client = client
        self.hub = hub
        self.logger = logger
    }

    func observe(_ method: HTTPRequest.Method, _ route: String?, _ status: HTTPResponse.Status, _ time: Duration) {}
}
