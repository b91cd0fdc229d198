import HoistwayModel
import RESP
import RedisClient

extension Store {
    /// Why a job waits, in the shape of `waiting`; nil when it does not wait.
    package func waiting(_ job: Job) async throws -> JSON? {
        guard job.status == .pending, job.reason != .starting else { return nil }
        var position: Int?
        var blockedBy: [String] = []
        let because: String
        switch job.reason {
        case .delayed: because = "it is delayed until \(job.fields["runAt"] ?? "its time")"
        case .retrying: because = "it is tried again at \(job.fields["runAt"] ?? "its time")"
        case .blocked:
            let open = try await redis.send(["SMEMBERS", .string(keys.dependencies(job.id))]).strings.sorted()
            if open.isEmpty {
                let held = try await redis.send(["HGET", .string(keys.turns), .string(job.concurrencyKey)]).string
                blockedBy = held.map { $0.split(separator: " ").map(String.init) } ?? []
                let rank: [RedisArgument] = [
                    "ZRANK", .string("\(keys.prefix):waiting:\(job.concurrencyKey)"), .string(job.id),
                ]
                position = try await redis.send(rank).int.map { $0 + 1 }
                because = "\(job.concurrencyKey) is in use"
            } else {
                blockedBy = open
                because = "a job it depends on has not ended"
            }
        default:
            let scope = Scope(node: job.node, server: job.serverID)
            let queue = keys.queue(job.type, scope: scope, priority: job.integer("priority") ?? 5)
            let found = try await redis.send(["LPOS", .string(queue), .string(job.id), "MAXLEN", 10_000]).int
            position = found.map { $0 + 1 }
            because = try await obstacle(of: job, scope) ?? "all slots are in use"
        }
        return [
            "position": position.map { .int($0) } ?? .null,
            "ahead": position.map { .int($0 - 1) } ?? .null,
            "because": .string(because),
            "blockedBy": .strings(blockedBy),
            "estimatedStart": .null,
        ]
    }

    /// What keeps every worker from taking a job that stands in its queue.
    private func obstacle(of job: Job, _ scope: Scope) async throws -> String? {
        if try await redis.send(["SISMEMBER", .string(keys.paused), .string(job.type.name)]).int == 1 {
            return "the type \(job.type) is paused"
        }
        let living = try await workers().filter { $0["state"] == "running" }
        if living.isEmpty { return "no worker is running" }
        let typed = living.filter { Store.list($0["types"]).contains(job.type.name) }
        if typed.isEmpty { return "no worker has a recipe for \(job.type)" }
        if let node = scope.node, !typed.contains(where: { $0["node"] == node }) {
            return "no worker has the label \(node)"
        }
        if let server = scope.server, !typed.contains(where: { Store.list($0["servers"]).contains(server) }) {
            return "no worker knows the server \(server)"
        }
        return try await reachedLimit(of: job)
    }

    private static func list(_ text: String?) -> [String] {
        text?.split(separator: ",").map(String.init) ?? []
    }
}
