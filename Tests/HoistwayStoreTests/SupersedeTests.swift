import HoistwayModel
import HoistwayStore
import RESP
import RedisClient
import TestSupport
import Testing

/// The newest job of a key ends the older ones, whenever it comes to its turn.
@Suite(.redis, .timeLimit(.minutes(3))) struct SupersedeTests {
    private func tickAll(_ store: Store) async throws {
        while try await store.tick(process: "p", canListen: false).hasMoreDue {}
    }

    @Test func aDelayedJobSupersedesWhenItIsDue() async throws {
        try await withStore { store async throws in
            let running = try await {
                try await store.add("running", "r"); return try await store.run()
            }()
            try await store.add("old", "r")
            try await store.add("new", "r") {
                $0.onConflict = .supersede; $0.delay = .seconds(3600)
            }
            try await store.add("newer", "r")
            #expect(try await store.state("old") == .blocked)
            try await store.promote("new")
            #expect(try await store.state("old") == .error(.superseded))
            #expect(try await store.job("old")?.fields["supersededBy"] == "new")
            // It has the place in line of what it superseded; what was accepted later stays.
            #expect(try await store.state("newer") == .blocked)
            try await store.end(running)
            #expect(try await store.take() == ["new"])
        }
    }

    @Test func aDueJobTakesOverTheTurnOfAnOlderOne() async throws {
        try await withStore { store async throws in
            try await store.add("old", "r")
            try await store.add("other", "s")
            try await store.add("new", "r") {
                $0.onConflict = .supersede; $0.delay = TimeSpan(milliseconds: 1)
            }
            try await eventually("it to be due") {
                try await tickAll(store)
                return try await store.state("new") == .queued
            }
            #expect(try await store.state("old") == .error(.superseded))
            #expect(try await store.take(3) == ["new", "other"])
        }
    }

    @Test func aDependentJobSupersedesWhenItsDependencyIsDone() async throws {
        try await withStore { store async throws in
            try await store.add("first", "d")
            try await store.add("old", "r")
            try await store.add("new", "r") {
                $0.onConflict = .supersedeRunning; $0.dependsOn = ["first"]
            }
            #expect(try await store.take(2) == ["first", "old"])
            let first = try #require(try await store.job("first"))
            try await store.end(first)
            #expect(try await store.state("new") == .blocked)
            let old = try #require(try await store.job("old"))
            #expect(old.json("kill")?["why"] == "superseded by new")
            #expect(old.json("kill")?["by"] == "new")
            try await store.end(old, Outcome(.killed))
            #expect(try await store.state("old") == .error(.superseded))
            #expect(try await store.take() == ["new"])
        }
    }

    @Test func anOlderJobNeverEndsANewerOne() async throws {
        try await withStore { store async throws in
            try await store.add("early", "r") {
                $0.onConflict = .supersedeRunning; $0.delay = .seconds(3600)
            }
            try await store.add("late", "r")
            let late = try await store.run()
            try await store.promote("early")
            #expect(try await store.state("early") == .blocked)
            #expect(try await store.job("late")?.fields["kill"] == nil)
            // A newer superseding job ends the older one, whatever that waits for.
            try await store.add("newest", "r") { $0.onConflict = .supersede }
            #expect(try await store.state("early") == .error(.superseded))
            try await store.end(late)
            #expect(try await store.take() == ["newest"])
        }
    }

    @Test func aLongLineIsEndedInSteps() async throws {
        try await withStore { store async throws in
            try await store.add("running", "r")
            let running = try await store.run()
            for number in 0..<450 { try await store.add("j\(number)", "r") }
            for number in 0..<150 { try await store.add("d\(number)", "r") { $0.delay = .seconds(3600) } }
            try await store.add("new", "r") { $0.onConflict = .supersede }
            func ended() async throws -> Int { try await store.jobs(in: "index:error") }
            #expect(try await ended() == 100)
            // What it did not come to yet never gets a turn any more, however soon it asks.
            try await store.promote("d0")
            #expect(try await store.state("d0") == .error(.superseded))
            try await store.end(running)
            #expect(try await store.take(9) == ["new"])
            try await store.end(try #require(try await store.job("new")))
            #expect(try await store.take(9) == [])
            var before = try await ended()
            var steps = 0
            while try await store.tick(process: "p", canListen: false).hasMoreDue {
                let now = try await ended()
                // One look at the line and one at who gets the turn, 100 jobs each.
                #expect(now - before <= 200)
                before = now
                steps += 1
                try #require(steps < 100)
            }
            #expect(try await ended() == 600)
            #expect(try await store.exists("superseding") == false)
            #expect(try await store.exists("waiting:application:r") == false)
        }
    }

    @Test func aFreeTurnGoesToThoseBehindALongLine() async throws {
        try await withStore { store async throws in
            // 250 superseded ones lie between the newest and a plain one that came after it.
            try await store.add("running", "r")
            let running = try await store.run()
            for number in 0..<250 { try await store.add("j\(number)", "r") }
            try await store.add("new", "r") { $0.onConflict = .supersede }
            try await store.add("after", "r")
            try await store.end(running)
            try await store.end(try await store.run())
            try await eventually("the plain one to have its turn") {
                try await tickAll(store)
                return try await store.state("after") == .queued
            }
            #expect(try await store.take(9) == ["after"])
        }
    }
}

extension Store {
    func jobs(in key: String) async throws -> Int {
        try await redis.send(["ZCARD", .string("\(keys.prefix):\(key)")]).int ?? 0
    }
}
