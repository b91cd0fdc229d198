import HTTPTypes
import Hummingbird

/// Hoistway's own words: `/api/v1`.
package struct NativeFace: Face {
    static let prefix = "/api/v1"

    let services: Services

    package init(services: Services) {
        self.services = services
    }

    package func owns(_ path: String) -> Bool { path == NativeFace.prefix || path.hasPrefix("\(NativeFace.prefix)/") }

    package var routes: [Route] {
        jobRoutes + logRoutes + queueRoutes + scheduleRoutes + resourceRoutes
    }
}
