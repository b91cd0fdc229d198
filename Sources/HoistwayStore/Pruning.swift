import HoistwayModel
import RESP
import RedisClient

/// What a look for jobs to remove came to.
package struct Pruning: Sendable, Hashable {
    package var removed = 0
    /// When the next job is old enough, if no job ends before.
    package var next: Timestamp?
    /// Whether there may be more to remove at once.
    package var hasMore = false
}

extension Store {
    /// Removes ended jobs that the rules do not keep: of the newest down to the oldest, as many as fit; those of a resource with
    /// a retention of its own for themselves. What there is
    /// is read from the indexes anew each time, 100 jobs a step.
    /// - Parameter limit: how many are removed at most.
    package func prune(_ rules: RetentionRules, limit: Int = 1000) async throws -> Pruning {
        let now = try await now()
        var seen: [EndedJob.Kin: (count: Int, bytes: Int)] = [:]
        var cursor = "+inf"
        var result = Pruning()
        while true {
            let page = try await run(Scripts.ended, [.string(cursor)]).array?.compactMap { EndedJob($0) } ?? []
            var outdated: [String] = []
            for job in page {
                let rule = rules.retention(of: job.kin.type).changed(by: job.retention)
                let newer = seen[job.kin] ?? (0, 0)
                seen[job.kin] = (newer.count + 1, newer.bytes + job.logBytes)
                let end = job.completedAt.milliseconds + rule.age.milliseconds
                if end <= now.milliseconds || newer.count >= rule.count || newer.bytes + job.logBytes > rule.logBytes {
                    outdated.append(job.id)
                } else {
                    result.next = min(result.next ?? Timestamp(milliseconds: end), Timestamp(milliseconds: end))
                }
            }
            if !outdated.isEmpty {
                result.removed += try await run(Scripts.prune, outdated.map { .string($0) }).int ?? 0
            }
            guard page.count == 100, let last = page.last else { return result }
            if result.removed >= limit {
                result.hasMore = true
                return result
            }
            cursor = last.sequence
        }
    }

    /// The newest event: as long as it is the same, no job has changed.
    package func newestEvent() async throws -> String? { try await recentEvents(1).first?.id }

    /// What is wrong with Redis's policy for a full memory, for people; nil when nothing is, or Redis does not tell.
    package func evictionWarning() async throws -> String? {
        let policy = try await redis.information("memory")["maxmemory_policy"] ?? "noeviction"
        guard policy != "noeviction" else { return nil }
        return "Redis has maxmemory-policy \(policy) and may drop jobs when its memory is full: "
            + "set it to noeviction"
    }
}

private struct EndedJob {
    /// The jobs that are counted together: those of a type, or of a resource that has a retention of its own.
    struct Kin: Hashable {
        var type: JobType
        var resourceID: String?
    }

    var id: String
    var sequence: String
    var kin: Kin
    var retention: Retention.Change?
    var completedAt: Timestamp
    var logBytes: Int

    init?(_ row: RESPValue) {
        let parts = row.strings
        guard parts.count == 7, let completedAt = Timestamp(parsing: parts[3]) else { return nil }
        id = parts[0]
        sequence = parts[1]
        retention = (try? JSON(parsing: parts[6])).flatMap(Retention.Change.init)
        kin = Kin(type: JobType(parts[2]), resourceID: retention == nil ? nil : parts[5])
        self.completedAt = completedAt
        logBytes = Int(parts[4]) ?? 0
    }
}
