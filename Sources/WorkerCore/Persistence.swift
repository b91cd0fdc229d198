import HoistwayStore
import Logging
import RedisClient

/// Repeats what must reach Redis until it did: every operation it is used for takes effect once, however often it is sent.
struct Persistence: Sendable {
    let logger: Logger

    /// - Returns: nil when Redis refused for good (told in the log), or the task was cancelled.
    func insist<Value>(_ what: String, _ operation: () async throws -> Value) async -> Value? {
        var pause = Duration.milliseconds(50)
        while !Task.isCancelled {
            do {
                return try await operation()
            } catch let error as RedisError where error.isConnectionLoss || error.isPassing {
                logger.debug("\(what): \(error); trying again")
            } catch {
                logger.error("\(what): \(error)")
                return nil
            }
            try? await Task.sleep(for: pause)
            pause = min(pause * 2, .seconds(1))
        }
        return nil
    }
}

extension RedisError {
    /// Whether Redis itself may answer otherwise in a moment.
    fileprivate var isPassing: Bool {
        [
            "LOADING", "BUSY", "OOM", "READONLY", "MASTERDOWN", "MISCONF", "NOREPLICAS", "TRYAGAIN", "CLUSTERDOWN",
            "MOVED", "ASK",
        ]
        .contains(serverCode)
    }
}
