import HoistwayModel
import RESP
import RedisClient

extension Store {
    /// What somebody is told of as done. Claims wait too; everything else is made up for after a failover: what a worker
    /// has, it tells again.
    static let acknowledged: Set = [
        Scripts.admit, Scripts.kill, Scripts.retry, Scripts.remove, Scripts.promote, Scripts.pause, Scripts.drain,
        Scripts.stopWorker, Scripts.forgetWorker, Scripts.releaseQuarantine, Scripts.claim,
    ]

    /// Runs a script and waits for a replica.
    /// - Throws: `RedisError` with `notReplicated` when the script did something and no replica confirmed it.
    func replicated(_ script: RedisScript, _ arguments: [RedisArgument]) async throws -> RESPValue {
        let (reply, isReplicated) = try await redis.run(
            script,
            keys: [.string(keys.meta)],
            arguments: arguments,
            mark: .string(keys.meta),
            replicatedWithin: Durability.patience
        )
        if isReplicated || Store.isRefusal(reply) { return reply }
        if script == Scripts.claim { try await giveBack(Store.jobs(in: reply)) }
        throw Store.notReplicated
    }

    /// Jobs must not start that another worker may be given after a failover.
    private func giveBack(_ jobs: [Job]) async throws {
        for job in jobs {
            guard let fence = job.fence else { continue }
            _ = try await release(job.id, fence: fence)
        }
    }

    /// - Throws: `RedisError` with `notReplicated` when no replica keeps up, so that it is of no use to begin.
    func requireReplica() async throws {
        guard try await redis.isReplicated(mark: .string(keys.meta), within: Durability.patience) else {
            throw Store.notReplicated
        }
    }

    private static let notReplicated = RedisError(
        .notReplicated,
        "no replica of Redis has confirmed it within \(Durability.patience): a failover may undo it"
    )

    /// Whether a script answered a code that says that it did nothing.
    private static func isRefusal(_ reply: RESPValue) -> Bool {
        guard let code = (reply.array?.first ?? reply).int.flatMap(StoreCode.init) else { return false }
        return code != .ok && code != .already
    }
}
