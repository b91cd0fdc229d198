import HoistwayModel
import HoistwayStore

/// Judges what Redis says of itself, and of the workers that it knows.
enum RedisChecks {
    typealias Check = DoctorReport.Check

    private static let leastVersion = [6, 2]
    /// What a clock may differ by, in milliseconds.
    private static let mostSkew: Int64 = 1000

    static func run(_ store: Store) async throws -> [Check] {
        let facts = try await store.facts()
        return checks(facts) + workers(try await store.overview(jobs: 500))
    }

    static func checks(_ facts: RedisFacts) -> [Check] {
        var checks = [version(facts.version), eviction(facts), persistence(facts)]
        if facts.isReplica {
            checks.append(Check("role", .failed, "this Redis is a replica and refuses writes: name the master"))
        }
        checks.append(clock(difference: facts.clockDifference))
        checks.append(Check("schema", .ok, "\(facts.schema), this version writes \(Store.schema)"))
        return checks
    }

    private static func version(_ text: String) -> Check {
        let parts = text.split(separator: ".").map { Int($0) ?? 0 }
        guard parts.lexicographicallyPrecedes(leastVersion) else {
            return Check("redis", .ok, "version \(text) answers")
        }
        return Check("redis", .failed, "version \(text) is too old: 6.2 is the least")
    }

    private static func eviction(_ facts: RedisFacts) -> Check {
        if facts.evictionPolicy == "noeviction" { return Check("eviction", .ok, "noeviction") }
        let condition = facts.memoryLimit == 0 ? " once maxmemory is set" : ""
        return Check(
            "eviction",
            .warning,
            "maxmemory-policy is \(facts.evictionPolicy), so Redis drops keys of jobs\(condition): set it to noeviction"
        )
    }

    private static func persistence(_ facts: RedisFacts) -> Check {
        if let failed = facts.failedWrite {
            return Check("persistence", .failed, "\(failed) is err: Redis cannot write its data; see its log")
        }
        if facts.isAppendOnly { return Check("persistence", .ok, "append-only file") }
        let text =
            switch facts.makesSnapshots {
            case false: "off: jobs are lost when Redis ends"
            case true: "snapshots alone: jobs of the last minutes may be lost"
            case nil: "there is no append-only file"
            }
        return Check("persistence", .warning, "\(text); set appendonly yes")
    }

    private static func clock(difference: Int64) -> Check {
        if abs(difference) <= mostSkew { return Check("clock", .ok, "differs from Redis by \(abs(difference)) ms") }
        let way = difference > 0 ? "behind" : "ahead of"
        return Check(
            "clock",
            .warning,
            "this host is \(abs(difference) / 1000) s \(way) Redis: times of logs and jobs do not match; set the clock"
        )
    }

    static func workers(_ overview: Overview) -> [Check] {
        var checks: [Check] = []
        for worker in overview.workers where ["running", "draining", "unreachable"].contains(worker.state) {
            let silence = worker.heartbeatAt.map { overview.at.milliseconds - $0.milliseconds } ?? .max
            guard worker.state == "unreachable" || silence > 10_000 else { continue }
            let age = worker.heartbeatAt == nil ? "never heard of" : "silent for \(Ages.text(milliseconds: silence))"
            let jobs = worker.running == 1 ? "1 job waits" : "\(worker.running) jobs wait"
            checks.append(
                Check(
                    "worker",
                    .warning,
                    "\(worker.id) on \(worker.host) was \(age); \(jobs) for it to come back on its data folder"
                )
            )
        }
        let known = Set(overview.workers.map(\.id))
        for (id, jobs) in Dictionary(grouping: overview.jobs, by: \.workerID).sorted(by: { $0.key < $1.key })
        where !known.contains(id) {
            let ids = jobs.prefix(5).map(\.id).joined(separator: " ")
            checks.append(Check("worker", .warning, "\(id) is not known, but runs \(jobs.count) jobs (\(ids))"))
        }
        let living = overview.workers.count { $0.state == "running" }
        if checks.isEmpty {
            checks.append(Check("workers", living > 0 ? .ok : .warning, living > 0 ? "\(living) run" : "none runs"))
        }
        return checks
    }
}
