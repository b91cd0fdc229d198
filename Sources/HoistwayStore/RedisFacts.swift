import HoistwayModel
import RESP
import RedisClient

/// What a Redis says of itself, as far as jobs depend on it.
package struct RedisFacts: Sendable, Hashable {
    package var version = ""
    /// `noeviction`, or which keys Redis drops when its memory is full.
    package var evictionPolicy = "noeviction"
    /// In bytes; 0 when there is no limit.
    package var memoryLimit = 0
    package var isAppendOnly = false
    /// Whether it makes snapshots; nil when its configuration may not be read.
    package var makesSnapshots: Bool?
    /// The field of `INFO persistence` that says a write failed.
    package var failedWrite: String?
    package var isReplica = false
    /// Milliseconds that its clock is ahead of this host's.
    package var clockDifference: Int64 = 0
    /// The schema of the keys.
    package var schema = "none"

    package init() {}
}

extension Store {
    /// Asks for a sign of life.
    package func ping(within timeout: Duration) async throws(RedisError) {
        _ = try await redis.send(["PING"], timeout: timeout)
    }

    /// Asks Redis about itself.
    package func facts() async throws -> RedisFacts {
        var facts = RedisFacts()
        facts.version = try await redis.information("server")["redis_version"] ?? ""
        let memory = try await redis.information("memory")
        facts.evictionPolicy = memory["maxmemory_policy"] ?? facts.evictionPolicy
        facts.memoryLimit = memory["maxmemory"].flatMap { Int($0) } ?? 0
        let persistence = try await redis.information("persistence")
        facts.isAppendOnly = persistence["aof_enabled"] == "1"
        facts.failedWrite = ["aof_last_write_status", "rdb_last_bgsave_status"].first { persistence[$0] == "err" }
        facts.isReplica = try await redis.information("replication")["role"] == "slave"
        let save = try? await redis.send(["CONFIG", "GET", "save"]).array?.last?.string
        facts.makesSnapshots = save.map { !$0.isEmpty }
        facts.schema = try await redis.send(["HGET", .string(keys.meta), "schema"]).string ?? facts.schema
        let before = Timestamp.now().milliseconds
        let time = try await redis.send(["TIME"]).array ?? []
        let after = Timestamp.now().milliseconds
        let there = Int64(time.first?.int ?? 0) * 1000 + Int64(time.last?.int ?? 0) / 1000
        facts.clockDifference = there - (before + after) / 2
        return facts
    }
}
