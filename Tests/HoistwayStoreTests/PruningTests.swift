import HoistwayModel
import HoistwayStore
import RESP
import RedisClient
import TestSupport
import Testing

/// Retention: ended jobs go by age, count and bytes of their logs, and nothing else goes.
@Suite(.redis, .timeLimit(.minutes(2))) struct PruningTests {
    private static let everything = Retention(age: .maximum, count: 1_000_000, logBytes: .max)

    private func rules(_ type: JobType = .application, _ change: (inout Retention) -> Void) -> RetentionRules {
        var retention = PruningTests.everything
        change(&retention)
        return RetentionRules(standard: PruningTests.everything, byType: [type: retention])
    }

    /// Jobs `1` to `count`, each ended, a second of them in error.
    private func end(_ store: Store, _ count: Int, type: JobType = .application, prefix: String = "") async throws {
        for number in 1...count {
            try await store.add("\(prefix)\(number)", type: type)
            let job = try await store.run(.worker(types: [type]))
            try await store.end(job, Outcome(number % 2 == 0 ? .failed : .done, fields: [("logBytes", "100")]))
        }
    }

    private func ids(_ store: Store) async throws -> [String] { try await store.list(.all).jobs.map(\.id).reversed() }

    @Test func keepsTheNewest() async throws {
        try await withStore { store async throws in
            try await end(store, 10)
            try await end(store, 5, type: .backup, prefix: "b")
            let result = try await store.prune(rules { $0.count = 3 })
            #expect(result.removed == 7 && !result.hasMore)
            #expect(try await ids(store) == ["8", "9", "10", "b1", "b2", "b3", "b4", "b5"])
            #expect(try await store.prune(rules { $0.count = 3 }).removed == 0)
        }
    }

    @Test func keepsSoManyBytes() async throws {
        try await withStore { store async throws in
            try await end(store, 6)
            // A large log in the middle uses up what those before it might have had.
            _ = try await store.redis.send(["HSET", .string(store.keys.job("4")), "logBytes", 1000])
            #expect(try await store.prune(rules { $0.logBytes = 350 }).removed == 4)
            #expect(try await ids(store) == ["5", "6"])
        }
    }

    @Test func keepsTheYoung() async throws {
        try await withStore { store async throws in
            try await end(store, 4)
            let now = try await store.now().milliseconds
            for (id, age) in [("1", Int64(5000)), ("2", 86_400_000), ("3", 100_000)] {
                let time = Timestamp(milliseconds: now - age).description
                _ = try await store.redis.send(["HSET", .string(store.keys.job(id)), "completedAt", .string(time)])
            }
            let result = try await store.prune(rules { $0.age = .seconds(100) })
            #expect(result.removed == 2)
            #expect(try await ids(store) == ["1", "4"])
            let next = try #require(result.next)
            #expect(abs(next.milliseconds - (now + 95_000)) < 2)
        }
    }

    @Test func neverWhatHasNotEnded() async throws {
        try await withStore { store async throws in
            try await store.add("queued")
            try await store.add("delayed") { $0.delay = .seconds(60) }
            try await store.add("blocked", "resource-of-queued")
            let running = try await store.run(.worker())
            _ = try await store.end(running, Outcome(.failed, isRepeatable: true))
            try await store.add("starting", type: .backup)
            _ = try await store.takeOne(.worker(types: [.backup]))
            let before = try await ids(store)
            _ = try await store.prune(rules { $0.count = 0 })
            #expect(try await ids(store) == before.filter { $0 != running.id })
        }
    }

    /// Of two hundred dependents a hundred are still to be skipped: until then the failed one stays.
    @Test func notWhileDependentsAreOpen() async throws {
        try await withStore { store async throws in
            try await store.add("a")
            for number in 0..<150 { try await store.add("d\(number)", type: .backup) { $0.dependsOn = ["a"] } }
            _ = try await store.kill("a", KillOrder())
            #expect(try await store.exists("job:a:dependents"))
            _ = try await store.prune(RetentionRules(standard: Retention(age: .zero, count: 0, logBytes: 0)))
            #expect(try await store.exists("job:a"))
            while try await store.tick(process: "p", canListen: false).hasMoreDue {}
            _ = try await store.prune(RetentionRules(standard: Retention(age: .zero, count: 0, logBytes: 0)))
            #expect(try await ids(store).isEmpty)
        }
    }

    @Test func notBeforeEverybodyWasTold() async throws {
        try await withStore { store async throws in
            try await store.add("a") { $0.notify = [["url": "http://a/"]] }
            _ = try await store.kill("a", KillOrder())
            #expect(try await store.prune(rules { $0.count = 0 }).removed == 0)
            let notification = try #require(try await store.takeNotifications().first)
            try await store.settle(notification, delivered: true, data: [:])
            #expect(try await store.prune(rules { $0.count = 0 }).removed == 1)
        }
    }

    /// Record, history, log and indexes go together, and each worker that has a folder is told.
    @Test func leavesOnlyTheOrdersToTheWorkers() async throws {
        try await withStore { store async throws in
            try await store.add("a") {
                $0.maxAttempts = 2
                $0.idempotencyKey = "k"
            }
            let first = try await store.run(.worker("w1"))
            try await store.end(first, Outcome(.failed))
            _ = try await store.tick(process: "p", canListen: false)
            let second = try await store.run(.worker("w2"))
            _ = try await store.appendLog(
                "a",
                fence: try #require(second.fence),
                LogPiece(offset: 0, bytes: [1, 2, 3]),
                most: 100,
                all: 100
            )
            try await store.end(second)
            #expect(try await store.prune(rules { $0.count = 0 }).removed == 1)
            for worker in ["w1", "w2"] {
                #expect(try await store.tick(process: "p", canListen: false, worker: (worker, [])).removed == ["a"])
            }
            let keys = try await store.redis.send(["KEYS", "*\(store.keys.prefix.dropFirst().dropLast())*a*"]).array
            let left = keys?.compactMap(\.string).filter { $0.contains(":job:a") || $0.contains("idempotency") }
            #expect(left == [])
        }
    }

    @Test func boundedAndGoesOn() async throws {
        try await withStore { store async throws in
            for number in 0..<250 {
                try await store.add("\(number)")
                _ = try await store.kill("\(number)", KillOrder())
            }
            let first = try await store.prune(rules { $0.count = 10 }, limit: 100)
            #expect(first.hasMore && (100...200).contains(first.removed))
            var removed = first.removed
            while removed < 240 { removed += try await store.prune(rules { $0.count = 10 }, limit: 100).removed }
            #expect(try await ids(store) == (240..<250).map { "\($0)" })
        }
    }

    @Test func policyForAFullMemory() async throws {
        try await withStore { store async throws in
            #expect(try await store.evictionWarning() == nil)
            _ = try await store.redis.send(["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"])
            #expect(try await store.evictionWarning()?.contains("allkeys-lru") == true)
            _ = try await store.redis.send(["CONFIG", "SET", "maxmemory-policy", "noeviction"])
        }
    }
}
