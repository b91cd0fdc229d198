import HoistwayModel
import RESP
import RedisClient

/// How often something may happen in a time.
package struct Rate: Sendable, Hashable {
    package var count: Int
    package var period: TimeSpan

    package init(count: Int, period: TimeSpan) {
        self.count = count
        self.period = period
    }
}

/// What may run, start and wait, over all workers. A section that is `nil` leaves what is there alone, an empty one removes it.
package struct Limits: Sendable, Hashable {
    /// How many jobs of a type run at once; of a server as `server:NAME`.
    package var running: [String: Int]?
    /// How many attempts of a type start in any window of the period.
    package var rate: [JobType: Rate]?
    /// How many jobs of a type may be pending.
    package var waiting: [JobType: Int]?

    package init(running: [String: Int]? = nil, rate: [JobType: Rate]? = nil, waiting: [JobType: Int]? = nil) {
        self.running = running
        self.rate = rate
        self.waiting = waiting
    }

    package static let serverPrefix = "server:"

    package var isEmpty: Bool { running == nil && rate == nil && waiting == nil }

    /// The prefixes of the fields that the given sections own.
    var prefixes: [String] {
        (running == nil ? [] : ["type:", Limits.serverPrefix]) + (rate == nil ? [] : ["rate:"])
            + (waiting == nil ? [] : ["queue:"])
    }

    var fields: [(String, String)] {
        let running = (running ?? [:]).map { name, count in
            (name.hasPrefix(Limits.serverPrefix) ? name : "type:\(name)", String(count))
        }
        let rate = (rate ?? [:]).map { ("rate:\($0.name)", "\($1.count)/\($1.period.milliseconds)") }
        return running + rate + (waiting ?? [:]).map { ("queue:\($0.name)", String($1)) }
    }

    /// What the fields of the hash say.
    init(fields: [String: String]) {
        self.init(running: [:], rate: [:], waiting: [:])
        for (field, value) in fields {
            guard let separator = field.firstIndex(of: ":") else { continue }
            let name = String(field[field.index(after: separator)...])
            let parts = value.split(separator: "/").compactMap { Int($0) }
            switch (field[..<separator], parts.count) {
            case ("type", 1): running?[name] = parts[0]
            case ("server", 1): running?[field] = parts[0]
            case ("queue", 1): waiting?[JobType(name)] = parts[0]
            case ("rate", 2):
                rate?[JobType(name)] = Rate(count: parts[0], period: TimeSpan(milliseconds: Int64(parts[1])))
            default: continue
            }
        }
    }
}

extension Store {
    /// Puts limits into force at once, for all workers, until another process says otherwise.
    package func configure(_ limits: Limits) async throws {
        guard !limits.isEmpty else { return }
        let prefixes = limits.prefixes
        let head: [RedisArgument] = [.int(prefixes.count)] + prefixes.map { .string($0) }
        _ = try await code(Scripts.configure, head + .fields(limits.fields))
    }

    /// The limits in force.
    package func limits() async throws -> Limits {
        Limits(fields: try await redis.send(["HGETALL", .string(keys.limits)]).pairs)
    }
}
