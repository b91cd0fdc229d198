import HoistwayModel
import HoistwayStore
import Logging
import RedisClient
import Supervision

/// Takes jobs while slots are free: waits on the wake lists, which only hint, and claims.
struct Claimer: Sendable {
    let store: Store
    let blocking: RedisBlockingConnection
    let board: SlotBoard
    let runner: Runner
    let leases: Leaseholder
    let claimant: @Sendable () -> Claimant
    let logger: Logger

    /// Seconds a wait for a hint lasts.
    private static let wait = 5.0

    /// How long after an outage nothing is taken.
    private static let patience = Duration.seconds(2)

    /// Works until the board stops accepting and the blocking connection is closed.
    func run() async {
        var seconds = 0.0
        while board.isAccepting {
            await board.waitForFree()
            guard board.isAccepting else { return }
            do {
                let free = board.free
                let before = ProcessIdentity.boottime()
                let jobs = try await claim(free, waiting: seconds)
                leases.took(jobs)
                for job in jobs { runner.run(job, claimedAt: before) }
                // What a full board leaves behind is looked for at once when there is room again.
                seconds = jobs.count == free ? 0 : Claimer.wait
            } catch {
                guard board.isAccepting else { return }
                logger.debug("waiting for jobs: \(error)")
                // A claim whose answer was lost is found by the sweep. A Redis that comes back may have lost data, which
                // others remember: they are given the time to say so.
                let isLost = (error as? RedisError)?.isConnectionLoss ?? false
                try? await Task.sleep(for: isLost ? Claimer.patience : .milliseconds(200))
                seconds = 0
            }
        }
    }

    private func claim(_ count: Int, waiting seconds: Double) async throws -> [Job] {
        guard seconds > 0 else {
            // Waiting for a replica must not hold up what others send.
            let store = store.durability == .local ? store : store.through(blocking)
            return try await store.claim(claimant(), count: count)
        }
        return try await store.claim(claimant(), count: count, waiting: seconds, on: blocking)
    }
}
