import Glibc
import HoistwayModel
import HoistwayStore
import Logging
import Recipes

/// Tells those who asked for it of the ends of jobs. What is to be told lies in Redis: it is not lost with a worker,
/// and may arrive twice when one dies between sending and noting it.
struct Notifier: Sendable {
    let store: Store
    let secrets: SecretResolver
    let logger: Logger
    var waits = Notification.waits
    /// For one try.
    var timeout = Duration.seconds(10)

    /// Sends everything that is due.
    func run() async {
        do {
            while case let notifications = try await store.takeNotifications(), !notifications.isEmpty {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for notification in notifications { group.addTask { try await deliver(notification) } }
                    try await group.waitForAll()
                }
            }
        } catch {
            logger.debug("notifications: \(error)")
        }
    }

    private func deliver(_ leased: LeasedNotification) async throws {
        guard let job = try await store.job(leased.jobID) else { return }
        let notifications = job.options.notifications
        guard notifications.indices.contains(leased.index) else { return }
        let notification = notifications[leased.index]
        var object = job.apiJSON
        object.append("waiting", .null)
        let body = JSON.object(object).utf8
        var report: JSONObject = ["url": .string(shown(notification.url)), "tries": .int(leased.attempt)]
        var problem = "whoever sent it died"
        // A try beyond the last is what is left of those who died over it.
        if leased.attempt <= waits.count + 1 {
            do {
                let status = try await send(body, to: notification, of: job, name: leased.name)
                report.append("status", .int(Int(status)))
                if (200..<300).contains(status) {
                    try await store.settle(leased, delivered: true, data: .object(report))
                    return
                }
                problem = "it answered \(status)"
            } catch {
                problem = String("\(error)".prefix(300))
            }
        }
        if leased.attempt <= waits.count {
            logger.debug("\(job.id) could not be told to \(shown(notification.url)): \(problem); trying again")
            return try await store.retry(leased, after: waits[leased.attempt - 1])
        }
        logger.warning("\(job.id) could not be told to \(shown(notification.url)): \(problem)")
        report.append("error", .string(problem))
        try await store.settle(leased, delivered: false, data: .object(report))
    }

    private func shown(_ url: String) -> String { HTTPExchange(post: [], to: url, headers: [])?.shown ?? "?" }

    private func send(_ body: [UInt8], to notification: Notification, of job: Job, name: String) async throws -> UInt {
        var headers = [("Content-Type", "application/json"), ("X-Hoistway-Delivery", name)]
        if let secret = notification.secret {
            guard let reference = job.options.secrets.first(where: { $0.name == secret })?.value else {
                throw SecretFailure(description: "the job has no secret \(secret)")
            }
            let key = Array(try await secrets.value(of: secret, reference).utf8)
            headers.append(("X-Hoistway-Signature", "sha256=\(SHA256.hmac(body, key: key))"))
        }
        guard let exchange = HTTPExchange(post: body, to: notification.url, headers: headers) else {
            throw SecretFailure(description: "it is no URL")
        }
        let certificates = getenv("SSL_CERT_FILE").map { String(cString: $0) }
        return try await exchange.status(timeout: timeout, certificates: certificates)
    }
}
