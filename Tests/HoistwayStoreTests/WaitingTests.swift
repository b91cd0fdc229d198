import HoistwayModel
import HoistwayStore
import RESP
import RedisClient
import TestSupport
import Testing

/// Why jobs wait, how many are before them, and when they may start.
@Suite(.redis, .timeLimit(.minutes(5))) struct WaitingTests {
    private func waiting(_ id: String, in store: Store) async throws -> Waiting {
        let job = try #require(try await store.job(id))
        return try #require(try await store.waiting(job), "\(id) does not wait")
    }

    private func register(
        _ id: String = "w1",
        slots: Int = 2,
        node: String = "",
        servers: String = "",
        in store: Store
    ) async throws {
        let types = everyType.map(\.name).joined(separator: ",")
        let fields = [("slots", "\(slots)"), ("node", node), ("servers", servers), ("types", types)]
        _ = try await store.register(types: everyType, worker: (id, fields))
    }

    /// A job of the past that took so long.
    private func past(_ id: String, _ resource: String, seconds: Int64, in store: Store) async throws {
        try await store.add(id, resource)
        try await store.end(try await store.run())
        let end = try #require(try await store.job(id)?.completedAt)
        let start = Timestamp(milliseconds: end.milliseconds - seconds * 1000)
        _ = try await store.redis.send(["HSET", .string(store.keys.job(id)), "startedAt", .string("\(start)")])
    }

    /// Seconds from now until a job may start.
    private func expected(_ id: String, in store: Store) async throws -> Double? {
        let start = try await waiting(id, in: store).estimatedStart
        return start.map { Double($0.milliseconds - Timestamp.now().milliseconds) / 1000 }
    }

    @Test func thePlaceInTheQueueCountsBetterPriorities() async throws {
        try await withStore { store async throws in
            try await register(slots: 1, in: store)
            try await store.add("runs")
            try await store.run()
            for id in ["a", "b", "c"] { try await store.add(id) }
            try await store.add("first") { $0.priority = 0 }
            try await store.add("last") { $0.priority = 9 }
            try await store.add("elsewhere", type: .backup)
            for (id, position) in [("first", 1), ("a", 2), ("b", 3), ("c", 4), ("last", 5), ("elsewhere", 1)] {
                let found = try await waiting(id, in: store)
                #expect(found.position == position && found.because == .queued, "\(id)")
                #expect(found.json["ahead"] == .int(position - 1))
                #expect(found.json["estimatedStart"] == .null && found.blockedBy.isEmpty)
            }
            let order = try await store.take(4)
            #expect(order == ["first", "a", "b", "c"] || order.contains("elsewhere"))
        }
    }

    @Test func whoHasEndedOrRunsDoesNotWait() async throws {
        try await withStore { store async throws in
            try await store.add("a")
            let job = try await store.takeOne()
            #expect(try await store.waiting(job) == nil)
            try await store.start(job)
            #expect(try await store.waiting(try #require(try await store.job("a"))) == nil)
            try await store.end(job)
            #expect(try await store.waiting(try #require(try await store.job("a"))) == nil)
        }
    }

    @Test func aKeyNamesItsHoldersAndThePlaceInItsLine() async throws {
        try await withStore { store async throws in
            try await register(in: store)
            for id in ["a", "b", "c"] { try await store.add(id, "shop") }
            var second = try await waiting("b", in: store)
            #expect(second.because == .key && second.blockedBy == ["a"] && second.subject == "application:shop")
            #expect(second.position == 2, "the holder has not begun")
            #expect(try await waiting("c", in: store).position == 3)
            try await store.run()
            second = try await waiting("b", in: store)
            #expect(second.position == 1 && second.json["ahead"] == 0)
            #expect(try await waiting("c", in: store).position == 2)
            let both = try await store.waiting([
                try #require(try await store.job("a")), try #require(try await store.job("b")),
            ])
            #expect(both.map { $0?.because } == [nil, .key])
        }
    }

    @Test func timesAndDependencies() async throws {
        try await withStore { store async throws in
            try await store.add("later") { $0.delay = .seconds(600) }
            #expect(try await waiting("later", in: store).because == .delayed)
            #expect((590...601).contains(try #require(try await expected("later", in: store))))
            try await store.add("one")
            try await store.add("two")
            try await store.add("after") { $0.dependsOn = ["two", "one"] }
            let after = try await waiting("after", in: store)
            #expect(after.because == .dependency && after.blockedBy == ["one", "two"] && after.position == nil)
            #expect(after.estimatedStart == nil)
            try await store.add("again") { $0.maxAttempts = 3 }
            let jobs = try await store.claim(.worker(), count: 3)
            let again = try #require(jobs.first { $0.id == "again" })
            try await store.end(again, Outcome(.failed, wait: .seconds(60)))
            #expect(try await waiting("again", in: store).because == .retrying)
            #expect((55...61).contains(try #require(try await expected("again", in: store))))
        }
    }

    @Test func whatIsMissingIsNamed() async throws {
        try await withStore { store async throws in
            try await store.add("any")
            try await store.add("pinned") { $0.node = "eu-1" }
            try await store.add("remote") { $0.serverID = "s-1" }
            #expect(try await waiting("any", in: store).because == .noWorker)
            try await register(in: store)
            #expect(try await waiting("any", in: store).because == .queued)
            #expect(try await waiting("pinned", in: store).because == .noNode)
            #expect(try await waiting("pinned", in: store).subject == "eu-1")
            #expect(try await waiting("remote", in: store).because == .noServer)
            try await register("w2", node: "eu-1", servers: "s-0,s-1", in: store)
            #expect(try await waiting("pinned", in: store).because == .queued)
            #expect(try await waiting("remote", in: store).because == .queued)
            try await store.leave("w2", state: "draining")
            #expect(try await waiting("pinned", in: store).because == .noNode)
            try await store.pause("application", true)
            #expect(try await waiting("any", in: store).because == .paused)
            #expect(try await waiting("any", in: store).position == 1)
        }
    }

    @Test func theStartIsEstimatedFromThePast() async throws {
        try await withStore { store async throws in
            try await register(slots: 1, in: store)
            for (id, seconds) in [("p1", Int64(90)), ("p2", 110)] {
                try await past(id, "shop", seconds: seconds, in: store)
            }
            try await store.add("idle", "shop")
            #expect(try #require(try await expected("idle", in: store)) < 1, "a slot is free")
            try await store.run()
            try await store.add("next", "shop")
            try await store.add("third", "shop")
            #expect((95...101).contains(try #require(try await expected("next", in: store))))
            #expect((195...201).contains(try #require(try await expected("third", in: store))))
            // Another resource waits for the slot and knows nothing of its own past.
            try await store.add("other", "unknown")
            #expect(try await expected("other", in: store) == nil)
            // What ran for longer than usual may end at any moment.
            let long = Timestamp(milliseconds: Timestamp.now().milliseconds - 500_000)
            _ = try await store.redis.send(["HSET", .string(store.keys.job("idle")), "startedAt", .string("\(long)")])
            #expect((-5...1).contains(try #require(try await expected("next", in: store))))
        }
    }

    @Test func aDependencyThatRunsTellsItsEnd() async throws {
        try await withStore { store async throws in
            try await register(slots: 1, in: store)
            try await past("p1", "shop", seconds: 50, in: store)
            try await store.add("runs", "shop")
            try await store.run()
            try await store.add("after") { $0.dependsOn = ["runs"] }
            #expect((45...51).contains(try #require(try await expected("after", in: store))))
        }
    }

    /// The depth of the look into a queue is bounded; behind it the place is the rank among all that wait.
    @Test func deepInAQueueThePlaceIsApproximate() async throws {
        try await withStore { store async throws in
            try await register(slots: 1, in: store)
            let count = 10_100
            var batch: [[RedisArgument]] = []
            for number in 0..<count {
                let arguments: [RedisArgument] = ["RPUSH", .string("\(store.keys.prefix):inbox:application")]
                batch.append(arguments + [.string(#"{"id":"j\#(number)","applicationId":"r\#(number)"}"#)])
            }
            _ = try await store.redis.pipeline(batch)
            while try await store.admitAll() > 0 {}
            #expect(try await waiting("j9999", in: store).position == 10_000)
            #expect(try await waiting("j10050", in: store).position == 10_051)
            try await store.remove("j10050")
            #expect(try await waiting("j10099", in: store).position == 10_099, "of 10,100 one is gone")
            #expect(try await store.drain("application") == count - 1)
        }
    }
}
