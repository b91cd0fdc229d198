import HoistwayModel
import RESP
import RedisClient

/// What a worker tells of its leases with everything it does.
package struct LeaseTerms: Sendable, Hashable {
    /// How long its signs of life must have stopped before another worker may end its attempts, in milliseconds; 0: for
    /// ever.
    package var window: Int64
    /// How long claims are held when Redis turns out to have lost data, in milliseconds.
    package var hold: Int64
    /// Whether the window may shrink to what it is here: every monitor has been told a lease no longer than it.
    package var isExact = false
    /// The highest fence it has seen. Redis that knows none as high has lost data.
    package var highestFence: Int64

    package init(window: Int64, hold: Int64, highestFence: Int64) {
        self.window = window
        self.hold = hold
        self.highestFence = highestFence
    }

    /// No leases.
    package static let none = LeaseTerms(window: 0, hold: 0, highestFence: 0)

    var arguments: [RedisArgument] {
        [.string(isExact && window > 0 ? "=\(window)" : "\(window)"), RedisArgument(highestFence), RedisArgument(hold)]
    }
}

/// What Redis says of an attempt whose lease is renewed.
package enum Renewal: Sendable, Hashable {
    case renewed
    /// It was given away, or is over.
    case stale
    /// Redis has lost it: it is to be written back.
    case forgotten
}

extension Store {
    /// Renews the leases of attempts, at most 100.
    /// - Returns: what Redis says of each, in their order.
    package func renew(
        _ attempts: [(id: String, fence: Int64)],
        worker: String,
        _ terms: LeaseTerms
    ) async throws -> [Renewal] {
        let head: [RedisArgument] = [.string(worker), .string(Identifier.ulid())] + terms.arguments
        let pairs: [RedisArgument] = attempts.flatMap { [.string($0.id), RedisArgument($0.fence)] }
        let codes = try await run(Scripts.renew, head + pairs).array ?? []
        guard codes.count == attempts.count else { throw StoreError.unexpectedReply(script: Scripts.renew.name) }
        return try codes.map { value in
            switch try Store.code(of: value, Scripts.renew) {
            case .ok: .renewed
            case .notFound: .forgotten
            default: .stale
            }
        }
    }

    /// A worker's sign of life as it stands in Redis, nil when there is none.
    package func signOfLife(of worker: String) async throws -> SignOfLife? {
        try await redis.send(["HGET", .string(keys.renewals), .string(worker)]).string.flatMap(SignOfLife.init)
    }

    /// Ends the attempts of a worker as lost, 100 at a time, as long as it gives no newer sign of life than the one that was
    /// seen; they are tried again where that is allowed.
    /// - Parameter watcher: who has seen it unchanged for its window.
    /// - Returns: how many; nil when there was a newer sign of life.
    package func endLeases(of worker: String, seen: SignOfLife, watcher: String) async throws -> Int? {
        let message = "its worker \(worker) was not heard of for \(TimeSpan(milliseconds: seen.window))"
        let error: JSON = ["code": "lost", "message": .string(message)]
        var count = 0
        for _ in 0..<1000 {
            let ids = try await redis.send(["SRANDMEMBER", .string("\(keys.worker(worker)):jobs"), 100]).strings
            var arguments: [RedisArgument] = [
                .string(worker), .string(seen.value), .string(watcher), .string(message), .string(error.text),
            ]
            for job in try await jobs(ids) {
                guard let fence = job.fence else { continue }
                let wait = job.options.backoff.wait(after: job.failures + 1, jitter: Double.random(in: -1...1))
                arguments += [.string(job.id), RedisArgument(fence), RedisArgument(wait.milliseconds)]
            }
            switch try await code(Scripts.endLeases, arguments) {
            case .ok: return count + ids.count
            case .conflict: return nil
            default: count += ids.count
            }
        }
        return count
    }

    /// Lets claims go on after Redis lost data.
    /// - Returns: false when there is a newer hold.
    package func endHold(seen: SignOfLife, watcher: String) async throws -> Bool {
        try await code(Scripts.endLeases, ["", .string(seen.value), .string(watcher), "", ""]) == .ok
    }

    /// Writes a living attempt back that Redis has lost.
    /// - Parameter fields: the hash of the job as it was claimed, with what is known of the attempt since.
    package func restore(
        _ id: String,
        fence: Int64,
        worker: String,
        _ terms: LeaseTerms,
        fields: [String: String]
    ) async throws -> StoreCode {
        let gone: Set = ["reason", "kill", "completedAt", "counted", "suspect", "status", "runAt", "pastWorkers"]
        let kept = fields.filter { !gone.contains($0.key) }.map { ($0.key, $0.value) }
        let head: [RedisArgument] = [
            .string(id), RedisArgument(fence), .string(worker), RedisArgument(terms.highestFence),
            RedisArgument(terms.hold),
        ]
        return try await code(Scripts.restore, head + .fields(kept))
    }
}

/// What changes with everything that a worker does for its leases, and how long it must be seen unchanged before somebody
/// else may act, in milliseconds.
package struct SignOfLife: Sendable, Hashable {
    package let value: String
    package let window: Int64

    package init?(_ value: String) {
        guard let window = value.split(separator: " ").last.flatMap({ Int64($0) }) else { return nil }
        self.value = value
        self.window = window
    }
}
