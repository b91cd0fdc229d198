import HoistwayModel
import HoistwayStore
import RESP
import RedisClient
import TestSupport
import Testing

/// Which job a worker gets.
@Suite(.redis, .timeLimit(.minutes(2))) struct ClaimTests {
    @Test func oneTypeIsFirstInFirstOut() async throws {
        try await withStore { store async throws in
            let ids = (0..<30).map { "j\($0)" }
            for id in ids { try await store.add(id) }
            let taken = try await store.take(10) + store.take(30)
            #expect(taken == ids)
            #expect(try await store.take(5) == [])
        }
    }

    @Test func typesTakeTurns() async throws {
        try await withStore { store async throws in
            for number in 0..<4 { try await store.add("a\(number)") }
            for number in 0..<4 { try await store.add("b\(number)", type: .backup) }
            let taken = try await store.take(8)
            #expect(taken.map { $0.first } == ["a", "b", "a", "b", "a", "b", "a", "b"])
        }
    }

    @Test func prioritiesGoFirst() async throws {
        try await withStore { store async throws in
            for priority in [9, 5, 0, 7, 3, 5, 0] {
                let count = try await store.list(JobFilter()).jobs.count
                try await store.add("p\(priority)-\(count)") { $0.priority = priority }
            }
            #expect(try await store.take(7) == ["p0-2", "p0-6", "p3-4", "p5-1", "p5-5", "p7-3", "p9-0"])
            #expect(try await store.exists("lanes") == false)
        }
    }

    @Test func aLaneThatWaitedAMinuteGetsEveryTenthJob() async throws {
        try await withStore { store async throws in
            for number in 0..<40 { try await store.add("high\(number)") { $0.priority = 0 } }
            for number in 0..<4 { try await store.add("low\(number)") { $0.priority = 9 } }
            #expect(try await store.take(10).allSatisfy { $0.hasPrefix("high") })
            let age: [RedisArgument] = ["ZADD", .string("\(store.keys.prefix):lanes:unserved"), 1, "application:p9"]
            _ = try await store.redis.send(age)
            let taken = try await store.take(20)
            #expect(taken.filter { $0.hasPrefix("low") } == ["low0"])
            #expect(taken.firstIndex(of: "low0") == 9)
        }
    }

    @Test func scopesArePinnedToTheirWorkers() async throws {
        try await withStore { store async throws in
            try await store.add("any")
            try await store.add("node") { $0.node = "eu-1" }
            try await store.add("server") { $0.serverID = "s1" }
            try await store.add("both") {
                $0.node = "eu-1"; $0.serverID = "s1"; $0.priority = 2
            }
            #expect(try await store.list("queue:application@eu-1") == ["node"])
            #expect(try await store.list("queue:application!s1") == ["server"])
            #expect(try await store.take(9, .worker(scopes: Scope.served(node: "us-1", servers: ["s2"]))) == ["any"])
            #expect(try await store.take(9, .worker(scopes: Scope.served(node: nil, servers: ["s1"]))) == ["server"])
            let taken = try await store.take(9, .worker(scopes: Scope.served(node: "eu-1", servers: ["s1"])))
            #expect(taken == ["both", "node"])
        }
    }

    @Test func onlyServedAndUnpausedTypes() async throws {
        try await withStore { store async throws in
            try await store.add("a")
            try await store.add("b", type: .backup)
            try await store.pause("application", true)
            #expect(try await store.take(9, .worker(types: [.application])) == [])
            #expect(try await store.take(9) == ["b"])
            #expect(try await store.list("queue:application") == ["a"])
            try await store.pause("application", false)
            #expect(try await store.take(9, .worker(types: [.backup])) == [])
            #expect(try await store.take(9) == ["a"])
        }
    }

    @Test func idsThatAreNoLongerTheirsArePassedOver() async throws {
        try await withStore { store async throws in
            for number in 0..<1500 { try await store.add("j\(number)") }
            for number in 0..<450 { _ = try await store.kill("j\(number)", KillOrder()) }
            #expect(try await store.list("queue:application").contains("j3"))
            // Some calls only pass ids over; each leaves a token, so that a worker comes back.
            var taken: [String] = []
            var calls = 0
            while taken.isEmpty, calls < 20 {
                taken = try await store.take(2)
                calls += 1
                #expect(try await store.exists("wake:application"))
            }
            #expect(taken == ["j450", "j451"])
        }
    }

    @Test func aConcurrencyLimitLetsSoManyRun() async throws {
        try await withStore { store async throws in
            for number in 0..<5 {
                try await store.add("j\(number)", "r\(number)") {
                    $0.concurrencyKey = "k"; $0.concurrencyLimit = 2
                }
            }
            let first = try await store.claim(.worker(), count: 9)
            #expect(first.map(\.id) == ["j0", "j1"])
            try await store.end(first[1])
            #expect(try await store.take(9) == ["j2"])
            try await store.end(first[0])
            #expect(try await store.take(9) == ["j3"])
        }
    }

    @Test func aKeyIsNeverHeldByMoreThanAnyHolderAllows() async throws {
        try await withStore { store async throws in
            try await store.add("one", "r1") { $0.concurrencyKey = "k" }
            try await store.add("two", "r2") {
                $0.concurrencyKey = "k"; $0.concurrencyLimit = 2
            }
            let job = try await store.takeOne()
            #expect(try await store.take() == [])
            try await store.end(job)
            try await store.add("three", "r3") {
                $0.concurrencyKey = "k"; $0.concurrencyLimit = 2
            }
            #expect(try await store.take(9) == ["two", "three"])
        }
    }

    @Test func theBlockedGoInTheOrderOfAcceptanceWhateverTheirPriority() async throws {
        try await withStore { store async throws in
            try await store.add("a", "r")
            try await store.add("b", "r") { $0.priority = 9 }
            try await store.add("c", "r") { $0.priority = 0 }
            #expect(try await store.exists("queue:application:p0") == false)
            var order: [String] = []
            while let job = try await store.claim(.worker(), count: 3).first {
                order.append(job.id)
                try await store.end(job)
            }
            #expect(order == ["a", "b", "c"])
        }
    }

    @Test func aThousandOfOneResourceHoldUpNobody() async throws {
        try await withStore { store async throws in
            for number in 0..<1000 { try await store.add("many\(number)", "one") }
            try await store.add("other", "two")
            #expect(try await store.list("queue:application") == ["many0", "other"])
            #expect(try await store.take(5) == ["many0", "other"])
        }
    }

    @Test func fencesGrowWithRedisTime() async throws {
        try await withStore { store async throws in
            for number in 0..<20 { try await store.add("j\(number)") }
            let before = Timestamp.now().milliseconds * 1000
            let fences = try await store.claim(.worker(), count: 20).compactMap(\.fence)
            #expect(fences.count == 20)
            #expect(zip(fences, fences.dropFirst()).allSatisfy { $0 < $1 })
            #expect(try #require(fences.first) >= before)
            let ahead = Int64(8_000_000_000_000_000)
            _ = try await store.redis.send([
                "HSET", .string("\(store.keys.prefix):claims"), "fence", RedisArgument(ahead),
            ])
            try await store.add("last")
            #expect(try await store.takeOne().fence == ahead + 1)
        }
    }

    @Test func aLostReplyIsFoundByRegistering() async throws {
        try await withStore { store async throws in
            try await store.add("a")
            try await store.add("b")
            #expect(try await store.register(types: everyType, worker: ("w1", [("host", "h")])) == [])
            _ = try await store.claim(.worker("w1"), count: 1)
            _ = try await store.claim(.worker("w2"), count: 1)
            #expect(try await store.register(types: everyType, worker: ("w1", [("host", "h")])) == ["a"])
            let job = try #require(try await store.job("a"))
            #expect(try await store.release("a", fence: try #require(job.fence)) == .ok)
            #expect(try await store.register(types: everyType, worker: ("w1", [("host", "h")])) == [])
        }
    }

    @Test func tokensArePushedWhenNoneIsThereAndPassedOn() async throws {
        try await withStore { store async throws in
            try await store.add("a")
            try await store.add("b")
            try await store.add("c") { $0.node = "n" }
            #expect(try await store.list("wake:application") == ["1"])
            #expect(try await store.list("wake:application@n") == ["1"])
            _ = try await store.redis.send(["DEL", .string(store.keys.wake(.application, scope: .any))])
            #expect(try await store.take(1) == ["a"])
            #expect(try await store.list("wake:application") == ["1"])
            _ = try await store.redis.send(["DEL", .string(store.keys.wake(.application, scope: .any))])
            #expect(try await store.take(1) == ["b"])
            #expect(try await store.exists("wake:application") == false)
            try await store.pause("application", true)
            try await store.add("d")
            _ = try await store.redis.send(["DEL", .string(store.keys.wake(.application, scope: .any))])
            try await store.pause("application", false)
            #expect(try await store.exists("wake:application"))
        }
    }

    @Test func anEndAndTheNextClaimAreOneRoundTrip() async throws {
        try await withStore { store async throws in
            try await store.add("a", "r")
            try await store.add("b", "r")
            let job = try await store.run()
            let fence = try #require(job.fence)
            _ = try await store.redis.send(["SCRIPT", "FLUSH"])
            let (code, next) = try await store.finish("a", fence: fence, Outcome(.done), thenClaim: .worker(), count: 1)
            #expect(code == .ok)
            #expect(next.map(\.id) == ["b"])
        }
    }
}
