import HoistwayModel
import HoistwayStore
import RedisClient
import TestSupport
import Testing

@testable import Commands

/// Following a job whose worker the test plays.
@Suite(.redis, .timeLimit(.minutes(2))) struct FollowCommandTests {
    private static let claimant = Claimant(workerID: "w", host: "elsewhere", types: [.application], scopes: [.any])

    /// Begins the next attempt, with a line in its log.
    private func begin(_ attempt: Int, _ store: Store) async throws -> (id: String, fence: Int64, bytes: Int) {
        var claimed: [Job] = []
        try await eventually("attempt \(attempt)") {
            _ = try await store.tick(process: "p", canListen: false)
            claimed = try await store.claim(FollowCommandTests.claimant, count: 1)
            return !claimed.isEmpty
        }
        let job = try #require(claimed.first)
        let fence = try #require(job.fence)
        let log = "/nonexistent/\(attempt)/log"
        _ = try await store.started(job.id, fence: fence, pid: 1, startTime: 1, log: log)
        let piece = LogPiece(offset: 0, bytes: Array("line of \(attempt)\n".utf8))
        _ = try await store.appendLog(job.id, fence: fence, piece, most: 1 << 20, all: 1 << 20)
        _ = try await store.report(job.id, fence: fence, fields: [("stage", "s\(attempt)")], data: nil)
        return (job.id, fence, piece.end)
    }

    @Test func showsTheLogOfEveryAttempt() async throws {
        let server = try RedisServer.required()
        let client = try await server.client()
        let store = Store(redis: client, prefix: randomPrefix())
        _ = try await store.register(types: [.application], worker: ("w", [("host", "elsewhere")]))
        let captured = CapturedConsole()
        async let followed = hoistway(
            ["enqueue", "application", "shop", "--max-attempts", "2", "--backoff", "fixed:0s", "--follow"],
            environment: ["HOISTWAY_REDIS": "unix://\(server.socketPath)", "HOISTWAY_PREFIX": store.keys.prefix],
            captured: captured
        )
        for attempt in 1...2 {
            let (id, fence, bytes) = try await begin(attempt, store)
            // The next attempt drops the copy of this one.
            try await eventually("the line of attempt \(attempt)") {
                captured.output.contains("line of \(attempt)") && captured.error.contains("--- stage: s\(attempt)")
            }
            let kind: Outcome.Kind = attempt == 1 ? .failed : .done
            _ = try await store.finish(id, fence: fence, Outcome(kind, fields: [("logBytes", String(bytes))]))
        }
        let result = await followed
        await client.close()
        #expect(result.code == 0, "\(result.error)")
        let lines = result.output.split(separator: "\n")
        #expect(lines.dropFirst() == ["line of 1", "line of 2"])
        #expect(result.error.contains("--- attempt 2\n"))
    }
}
