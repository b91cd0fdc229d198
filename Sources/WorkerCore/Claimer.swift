import HoistwayModel
import HoistwayStore
import Logging
import RedisClient

/// Takes jobs while slots are free: blocks on the wake lists, which only hint, and claims.
struct Claimer: Sendable {
    let store: Store
    let blocking: RedisBlockingConnection
    let board: SlotBoard
    let runner: Runner
    let claimant: @Sendable () -> Claimant
    let logger: Logger

    /// Seconds a wait for a hint lasts. A hint can be lost with the worker that popped it, so jobs are looked for after
    /// each wait, hint or not.
    private static let wait = 5.0

    /// Works until the board stops accepting and the blocking connection is closed.
    func run() async {
        while board.isAccepting {
            await board.waitForFree()
            guard board.isAccepting else { return }
            do {
                if try await claim() { continue }
                let claimant = claimant()
                let lanes = claimant.types.flatMap { type in
                    claimant.scopes.map { store.keys.wake(type, scope: $0) }
                }
                let keys = [store.keys.wake(claimer: claimant.workerID)] + lanes
                _ = try await blocking.blpop(keys, seconds: Claimer.wait)
            } catch {
                guard board.isAccepting else { return }
                logger.debug("waiting for jobs: \(error)")
                // A claim whose answer was lost is found by the sweep.
                try? await Task.sleep(for: .milliseconds(200))
            }
        }
    }

    /// - Returns: whether every free slot got a job.
    private func claim() async throws -> Bool {
        let free = board.free
        guard free > 0 else { return false }
        let jobs = try await store.claim(claimant(), count: free)
        for job in jobs { runner.run(job) }
        return jobs.count == free
    }
}
