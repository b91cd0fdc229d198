import Synchronization
import TestSupport
import Testing

@testable import WorkerCore

/// Work beside the beat.
@Suite(.timeLimit(.minutes(1)))
struct ChoresTests {
    @Test func onceAtATimeAndNobodyWaits() async throws {
        let chores = Chores()
        let runs = Mutex<[String]>([])
        let (gate, opener) = AsyncStream<Void>.makeStream()
        func start(_ name: String) {
            chores.start(name) {
                runs.withLock { $0.append(name) }
                if name == "slow" { for await _ in gate {} }
            }
        }
        start("slow")
        start("slow")
        start("other")
        try await eventually("both kinds to run") { runs.withLock { Set($0) } == ["slow", "other"] }
        opener.finish()
        try await eventually("the slow one to run again") {
            start("slow")
            return runs.withLock { $0.count { $0 == "slow" } } > 1
        }
        #expect(runs.withLock { $0.count { $0 == "other" } } == 1)
    }

    @Test func noSecondOneMeanwhile() async throws {
        let chores = Chores()
        let runs = Atomic(0)
        let (gate, opener) = AsyncStream<Void>.makeStream()
        for _ in 1...10 {
            chores.start("same") {
                runs.add(1, ordering: .relaxed)
                for await _ in gate {}
            }
        }
        try await eventually("the first") { runs.load(ordering: .relaxed) > 0 }
        #expect(runs.load(ordering: .relaxed) == 1)
        opener.finish()
    }
}
