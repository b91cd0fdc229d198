import HTTPTypes
import HoistwayModel
import Hummingbird
import NIOCore

/// What machines that look after this one ask for: health and metrics.
package struct ServiceFace: Face {
    let services: Services

    package init(services: Services) {
        self.services = services
    }

    package var routes: [Route] {
        [
            Route(.get, "/healthz", .open) { _ in .json(["status": "ok"] as JSON) },
            Route(.get, "/readyz", .open) { _ in
                if services.quiescence.isStopping { throw Problem.stopping }
                guard let problem = await services.health.problem() else { return .json(["status": "ready"] as JSON) }
                throw Problem(
                    .serviceUnavailable,
                    code: "not_ready",
                    problem,
                    isRetryable: true,
                    retryAfter: 1
                )
            },
            .get("/metrics") { _ in
                let body = ResponseBody(byteBuffer: ByteBuffer(string: await services.metrics.text()))
                let type = "text/plain; version=0.0.4; charset=utf-8"
                return Response(status: .ok, headers: [.contentType: type], body: body)
            },
        ]
    }
}
