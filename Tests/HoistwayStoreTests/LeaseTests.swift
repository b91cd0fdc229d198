import HoistwayModel
import HoistwayStore
import RESP
import RedisClient
import TestSupport
import Testing

/// Signs of life, attempts ended for want of them, Redis that lost data.
@Suite(.redis, .timeLimit(.minutes(2))) struct LeaseTests {
    private let terms = LeaseTerms(window: 1500, hold: 1500, highestFence: 0)

    private func claimant(_ id: String, seen: Int64 = 0) -> Claimant {
        var claimant = Claimant.worker(id)
        claimant.leases = LeaseTerms(window: 1500, hold: 1500, highestFence: seen)
        return claimant
    }

    private func beat(_ store: Store, _ worker: String, _ terms: LeaseTerms? = nil) async throws -> Tick {
        try await store.tick(process: worker, canListen: false, worker: (worker, []), leases: terms ?? self.terms)
    }

    @Test func everythingThatAWorkerDoesIsASignOfLife() async throws {
        try await withStore { store in
            _ = try await store.register(types: [], worker: ("w1", []))
            #expect(try await beat(store, "w1").signsOfLife.isEmpty, "who has no attempts needs no lease")
            try await store.add("a")
            try await store.add("b")
            let first = try await store.takeOne(claimant("w1"))
            var signs: Set<SignOfLife> = []
            signs.insert(try #require(try await store.signOfLife(of: "w1")))
            _ = try await store.takeOne(claimant("w1"))
            signs.insert(try #require(try await store.signOfLife(of: "w1")))
            signs.insert(try #require(try await beat(store, "w1").signsOfLife["w1"]))
            let fence = try #require(first.fence)
            #expect(try await store.renew([("a", fence)], worker: "w1", terms) == [.renewed])
            signs.insert(try #require(try await store.signOfLife(of: "w1")))
            #expect(signs.count == 4)
            #expect(signs.allSatisfy { $0.window == 1500 })
        }
    }

    @Test func aWindowShrinksOnlyWhenTold() async throws {
        try await withStore { store in
            _ = try await store.register(types: [], worker: ("w1", []))
            try await store.add("a")
            _ = try await store.takeOne(claimant("w1"))
            func window(_ terms: LeaseTerms) async throws -> Int64? {
                _ = try await store.renew([], worker: "w1", terms)
                return try await store.signOfLife(of: "w1")?.window
            }
            #expect(try await window(LeaseTerms(window: 9000, hold: 0, highestFence: 0)) == 9000)
            #expect(try await window(terms) == 9000)
            _ = try await beat(store, "w1")
            #expect(try await window(terms) == 9000)
            var exact = terms
            exact.isExact = true
            #expect(try await window(exact) == 1500)
            #expect(try await window(.none) == nil)
        }
    }

    @Test func renewalsSayWhatWasGivenAway() async throws {
        try await withStore { store in
            for id in ["a", "b", "c", "d"] { try await store.add(id) { $0.maxAttempts = 2 } }
            let jobs = try await store.claim(claimant("w1"), count: 4)
            let fences = try jobs.map { (id: $0.id, fence: try #require($0.fence)) }
            try await store.start(jobs[1])
            try await store.end(jobs[2])
            try await store.end(jobs[3], Outcome(.failed, wait: .seconds(60)))
            #expect(try await store.renew(fences, worker: "w1", terms) == [.renewed, .renewed, .stale, .stale])
            #expect(try await store.renew([("a", fences[0].fence - 1)], worker: "w1", terms) == [.stale])
            #expect(try await store.renew([("gone", fences[0].fence)], worker: "w1", terms) == [.stale])
        }
    }

    @Test func attemptsAreEndedOnlyWithTheSignThatWasSeen() async throws {
        try await withStore { store in
            _ = try await store.register(types: [], worker: ("w1", []))
            try await store.add("once", "r")
            try await store.add("next", "r")
            try await store.add("twice") { $0.maxAttempts = 2 }
            let once = try await store.takeOne(claimant("w1"))
            let twice = try await store.takeOne(claimant("w1"))
            try await store.start(once)
            let seen = try #require(try await store.signOfLife(of: "w1"))
            _ = try await beat(store, "w1")
            #expect(try await store.endLeases(of: "w1", seen: seen, watcher: "w2") == nil)
            #expect(try await store.state("once") == .running)

            let now = try #require(try await store.signOfLife(of: "w1"))
            #expect(try await store.endLeases(of: "w1", seen: now, watcher: "w2") == 2)
            #expect(try await store.state("once") == .error(.lost))
            #expect(try await store.job("once")?.message?.contains("not heard of for 1.5s") == true)
            #expect(try await store.state("twice") == .retrying)
            #expect(try await store.state("next") == .queued, "its key is free")
            #expect(try await store.endLeases(of: "w1", seen: now, watcher: "w3") == nil, "it ends but once")
            #expect(try await store.end(once) == .already)
            #expect(try await store.end(twice) == .already)
            let fence = try #require(once.fence)
            #expect(try await store.renew([("once", fence)], worker: "w1", terms) == [.stale])
        }
    }

    @Test func manyAttemptsAreEndedInSteps() async throws {
        try await withStore { store in
            for index in 0..<230 { try await store.add("j\(index)") }
            #expect(try await store.claim(claimant("w1"), count: 230).count == 230)
            let seen = try #require(try await store.signOfLife(of: "w1"))
            #expect(try await store.endLeases(of: "w1", seen: seen, watcher: "w2") == 230)
            #expect(try await store.exists("renewals") == false)
            #expect(try await store.state("j229") == .error(.lost))
        }
    }

    /// A Redis that knows less than a worker has seen hands out nothing, until the hold was seen out.
    @Test func lostDataHoldClaims() async throws {
        try await withStore { store in
            _ = try await store.register(types: [], worker: ("w1", []))
            try await store.add("a")
            let known = try await store.takeOne(claimant("w1"))
            try await store.end(known)
            try await store.add("b")
            let fence = try #require(known.fence)
            #expect(try await store.claim(claimant("w1", seen: fence + 5), count: 1).isEmpty)
            #expect(try await store.claim(claimant("w2"), count: 1).isEmpty, "for nobody")
            let tick = try await beat(store, "w1", LeaseTerms(window: 1500, hold: 9000, highestFence: fence + 9))
            #expect(tick.fence == fence + 9)
            let hold = try #require(tick.hold)
            #expect(hold.window == 9000)
            let other = try #require(SignOfLife("else 9000"))
            #expect(try await !store.endHold(seen: other, watcher: "w1"))
            #expect(try await store.endHold(seen: hold, watcher: "w1"))
            let next = try await store.takeOne(claimant("w1", seen: fence + 9))
            #expect(try #require(next.fence) > fence + 9)
            #expect(try await beat(store, "w1", LeaseTerms(window: 0, hold: 0, highestFence: fence + 9)).hold == nil)
        }
    }

    @Test func whatRedisForgotIsWrittenBack() async throws {
        try await withStore { store in
            _ = try await store.register(types: [], worker: ("w1", []))
            try await store.add("a", "r") {
                $0.payload = Array(#"{"x":1}"#.utf8)
                $0.title = "title"
            }
            let job = try await store.run(claimant("w1"))
            let fence = try #require(job.fence)
            for key in try await store.redis.send(["KEYS", .string("\(store.keys.prefix.globbed):*")]).array ?? [] {
                _ = try await store.redis.send(["DEL", .string(key.string ?? "")])
            }
            let seen = LeaseTerms(window: 1500, hold: 1500, highestFence: fence)
            #expect(try await store.restore("a", fence: fence + 1, worker: "w1", seen, fields: job.fields) == .notFound)
            #expect(try await store.renew([("a", fence)], worker: "w1", seen) == [.forgotten])
            _ = try await store.register(types: [], worker: ("w1", []))
            var fields = job.fields
            fields["pid"] = "1"
            #expect(try await store.restore("a", fence: fence, worker: "w1", seen, fields: fields) == .ok)
            #expect(try await store.restore("a", fence: fence, worker: "w1", seen, fields: fields) == .already)
            #expect(try await store.renew([("a", fence)], worker: "w1", seen) == [.renewed])
            let back = try #require(try await store.job("a"))
            #expect(back.title == "title" && back.payload == Array(#"{"x":1}"#.utf8) && back.attempt == 1)
            #expect(try await store.claims(of: "w1") == ["a"])
            try await store.add("b", "r")
            #expect(try await store.state("b") == .blocked, "it holds its key")
            try await store.end(back)
            #expect(try await store.state("b") == .queued)
        }
    }

    /// An old dump has the job wait, and another one of its key in a queue.
    @Test func whatAnOldDumpHasWaitingRunsOn() async throws {
        try await withStore { store in
            _ = try await store.register(types: [], worker: ("w1", []))
            try await store.add("holder", "r")
            try await store.add("a", "r")
            let old = try #require(try await store.job("a"))
            #expect(old.state == .blocked)
            var fields = old.fields
            fields["attempt"] = "1"
            let fence: Int64 = 1 << 52
            let seen = LeaseTerms(window: 1500, hold: 1500, highestFence: fence)
            #expect(try await store.restore("a", fence: fence, worker: "w1", seen, fields: fields) == .ok)
            #expect(try await store.state("a") == .running)
            #expect(try await store.state("holder") == .blocked)
            let back = try #require(try await store.job("a"))
            #expect(back.fence == fence)
            try await store.end(back)
            #expect(try await store.state("holder") == .queued)
        }
    }
}

/// A Redis of its own, for it refuses everybody.
@Suite(.redis, .timeLimit(.minutes(1))) struct FullMemoryTests {
    private let terms = LeaseTerms(window: 1500, hold: 1500, highestFence: 0)

    /// Renewals and ends are written although memory is full.
    @Test func fullMemoryEndsNothing() async throws {
        let client = try await RedisServer.required().client(scripts: Scripts.all)
        try await withStore { store in
            _ = try await store.register(types: [], worker: ("w1", []))
            try await store.add("a")
            let job = try await store.run(.worker("w1"))
            let fence = try #require(job.fence)
            _ = try await client.send(["CONFIG", "SET", "maxmemory", "1"])
            let renewal = try? await store.renew([("a", fence)], worker: "w1", terms)
            let tick = try? await store.tick(process: "p", canListen: false, worker: ("w1", []), leases: terms)
            let refused = try? await store.enqueue(.of("b"))
            let code = try? await store.end(job)
            _ = try await client.send(["CONFIG", "SET", "maxmemory", "0"])
            #expect(renewal == [.renewed])
            #expect(tick != nil)
            #expect(refused == nil)
            #expect(code == .ok)
        }
        await client.close()
    }
}

extension String {
    fileprivate var globbed: String { replacing("{", with: "\\{").replacing("}", with: "\\}") }
}
