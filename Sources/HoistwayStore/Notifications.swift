import HoistwayModel
import RESP
import RedisClient

/// A notification that a process has leased.
package struct LeasedNotification: Sendable {
    package var name: String
    package var jobID: String
    /// Place among the job's notifications.
    package var index: Int
    /// 1 for the first.
    package var attempt: Int
}

extension Store {
    /// How long a process may take to send a notification before another one may.
    package static let notificationLease = TimeSpan.seconds(60)

    /// Leases notifications that are due, at most 20. Each lease counts as a try, so that one that kills who sends it
    /// is not tried for ever.
    package func takeNotifications() async throws -> [LeasedNotification] {
        let lease = RedisArgument(Store.notificationLease.milliseconds)
        return (try await run(Scripts.takeNotifications, [lease]).array ?? []).compactMap { entry in
            guard let parts = entry.array, parts.count == 2, let name = parts[0].string, let attempt = parts[1].int,
                let colon = name.lastIndex(of: ":"), let index = Int(name[name.index(after: colon)...])
            else { return nil }
            return LeasedNotification(name: name, jobID: String(name[..<colon]), index: index, attempt: attempt)
        }
    }

    /// The last try is over: its outcome is noted in the job's history.
    package func settle(_ notification: LeasedNotification, delivered: Bool, data: JSON) async throws {
        let event: JobEvent = delivered ? .notified : .notifyFailed
        try await tell(notification, event: event.rawValue, data: data.text, wait: .zero)
    }

    /// A try failed; there is another one after a wait.
    package func retry(_ notification: LeasedNotification, after wait: TimeSpan) async throws {
        try await tell(notification, event: "", data: "", wait: wait)
    }

    private func tell(_ notification: LeasedNotification, event: String, data: String, wait: TimeSpan) async throws {
        let arguments: [RedisArgument] = [
            .string(notification.name), .string(notification.jobID), .int(notification.attempt), .string(event),
            .string(data), RedisArgument(wait.milliseconds),
        ]
        _ = try await code(Scripts.notified, arguments)
    }
}
