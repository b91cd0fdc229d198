import HoistwayModel
import HoistwayStore
import RESP
import RedisClient
import TestSupport
import Testing

/// What may run, start and wait over all workers.
@Suite(.redis, .timeLimit(.minutes(3))) struct LimitTests {
    @Test func aTypeRunsNoMoreThanItsLimit() async throws {
        try await withStore { store async throws in
            try await store.configure(Limits(running: ["application": 2]))
            for number in 0..<5 { try await store.add("a\(number)") }
            try await store.add("b", type: .backup)
            #expect(Set(try await store.take(4, .worker("w1"))) == ["a0", "a1", "b"])
            #expect(try await store.take(4, .worker("w2")) == [])
            let waiting = try await store.waiting(try #require(try await store.job("a2")))
            #expect(waiting?.position == 1)
            _ = try await store.register(types: [], worker: ("w1", [("types", "application")]))
            let told = try await store.waiting(try #require(try await store.job("a2")))
            #expect(told?.because == .limit && told?.sentence == "2 jobs of the type application run, its limit is 2")
        }
    }

    @Test(arguments: ["finish", "retry", "release", "lose"])
    func whoLeavesMakesRoomAndWakes(how: String) async throws {
        try await withStore { store async throws in
            try await store.configure(Limits(running: ["application": 1]))
            try await store.add("a") { $0.maxAttempts = 2 }
            let job = try await store.takeOne()
            try await store.add("b") { $0.node = "eu-1" }
            #expect(try await store.take(2, .worker("w2", scopes: [Scope(node: "eu-1")])) == [])
            _ = try await store.redis.send(["DEL", .string(store.keys.wake(.application, scope: Scope(node: "eu-1")))])
            let fence = try #require(job.fence)
            switch how {
            case "finish": try await store.end(job)
            case "retry": try await store.end(job, Outcome(.failed, wait: .seconds(3600)))
            case "lose":
                _ = try await store.register(types: [], worker: ("w1", []))
                try await store.forgetWorker("w1")
            default: #expect(try await store.release("a", fence: fence) == .ok)
            }
            #expect(try await store.exists("wake:application@eu-1"))
            #expect(try await store.exists("claimed:type:application") == false)
            #expect(try await store.take(2, .worker("w2", scopes: [Scope(node: "eu-1")])) == ["b"])
        }
    }

    @Test func aServerRunsNoMoreThanItsLimitOfAnyType() async throws {
        try await withStore { store async throws in
            try await store.configure(Limits(running: ["server:s1": 1]))
            try await store.add("a") { $0.serverID = "s1" }
            try await store.add("b", type: .backup) { $0.serverID = "s1" }
            try await store.add("c", type: .backup) { $0.serverID = "s2" }
            try await store.add("d") {
                $0.serverID = "s1"; $0.node = "n"
            }
            let worker = Claimant.worker(scopes: Scope.served(node: "n", servers: ["s1", "s2"]))
            let taken = try await store.claim(worker, count: 4)
            #expect(taken.count == 2)
            #expect(taken.filter { $0.serverID == "s1" }.count == 1)
            _ = try await store.register(
                types: [],
                worker: ("w1", [("types", "application,backup"), ("node", "n"), ("servers", "s1,s2")])
            )
            let held = try #require(["a", "b", "d"].first { id in !taken.contains { $0.id == id } })
            let told = try await store.waiting(try #require(try await store.job(held)))
            #expect(told?.because == .limit && told?.sentence == "1 jobs run on the server s1, its limit is 1")
            for _ in 0..<2 {
                let running = try await store.list(.all).jobs.first { $0.reason == .starting && $0.serverID == "s1" }
                try await store.end(try #require(running))
                #expect(try await store.take(4, worker).count == 1)
            }
        }
    }

    @Test func aChangeTakesEffectAtOnce() async throws {
        try await withStore { store async throws in
            try await store.configure(Limits(running: ["application": 1], waiting: [.application: 9]))
            for number in 0..<6 { try await store.add("a\(number)") }
            #expect(try await store.take(6).count == 1)
            _ = try await store.redis.send(["DEL", .string(store.keys.wake(.application, scope: .any))])
            try await store.configure(Limits(running: ["application": 3]))
            #expect(try await store.exists("wake:application"))
            #expect(try await store.take(6).count == 2)
            // Lower than what runs: nothing starts, nothing is ended.
            try await store.configure(Limits(running: ["application": 1]))
            #expect(try await store.take(6).count == 0)
            #expect(try await store.limits().waiting == [.application: 9])
            try await store.configure(Limits())
            #expect(try await store.limits().running == ["application": 1])
            try await store.configure(Limits(running: [:]))
            #expect(try await store.take(6).count == 3)
            #expect(try await store.limits() == Limits(running: [:], rate: [:], waiting: [.application: 9]))
        }
    }

    @Test func whatRunsWhenALimitIsSetCountsFromThenOn() async throws {
        try await withStore { store async throws in
            _ = try await store.register(types: [], worker: ("w1", []))
            for number in 0..<4 { try await store.add("a\(number)") }
            try await store.run()
            _ = try await store.takeOne()
            try await store.configure(Limits(running: ["application": 2]))
            #expect(try await store.take() == [])
            try await store.end(try #require(try await store.job("a0")))
            #expect(try await store.take(2) == ["a2"])
            // Without limits nothing is counted, and what was counted goes with its attempt.
            try await store.configure(Limits(running: [:]))
            #expect(try await store.take() == ["a3"])
            #expect(try await store.job("a3")?.fields["counted"] == nil)
            for id in ["a1", "a2", "a3"] { try await store.end(try #require(try await store.job(id))) }
            #expect(try await store.exists("claimed:type:application") == false)
        }
    }

    @Test func claimsAtOnceKeepTheLimit() async throws {
        try await withStore { store async throws in
            try await store.configure(Limits(running: ["application": 4]))
            for number in 0..<40 { try await store.add("a\(number)") }
            let done = try await withThrowingTaskGroup { group in
                for worker in 0..<8 {
                    group.addTask {
                        let client = try await RedisServer.required().client(scripts: Scripts.all)
                        let store = store.through(client)
                        var done = 0
                        for _ in 0..<200 {
                            guard let job = try await store.claim(.worker("w\(worker)"), count: 1).first else {
                                continue
                            }
                            let key = RedisArgument.string(store.keys.claims(ofType: .application))
                            #expect(try await store.redis.send(["SCARD", key]).int ?? 9 <= 4)
                            try await store.end(job)
                            done += 1
                        }
                        await client.close()
                        return done
                    }
                }
                return try await group.reduce(0, +)
            }
            #expect(done == 40)
        }
    }

    @Test func aRateLetsSoManyStartInAWindow() async throws {
        try await withStore { store async throws in
            try await store.configure(Limits(rate: [.backup: Rate(count: 3, period: .seconds(2))]))
            for number in 0..<7 { try await store.add("b\(number)", type: .backup) }
            try await store.add("a")
            #expect(try await store.take(9).count == 4)
            #expect(try await store.take(9) == [])
            _ = try await store.register(types: [], worker: ("w1", [("types", "backup")]))
            let waiting = try await store.waiting(try #require(try await store.job("b3")))
            #expect(waiting?.because == .rate && waiting?.estimatedStart != nil)
            let told = waiting?.sentence ?? ""
            #expect(told.hasPrefix("3 jobs of the type backup may start in 2s, the next one at 2"))
            _ = try await store.redis.send(["DEL", .string(store.keys.wake(.backup, scope: .any))])
            try await eventually("a tick to wake for the window") {
                _ = try await store.tick(process: "p", canListen: false)
                return try await store.exists("wake:backup")
            }
            #expect(try await store.take(9) == ["b3", "b4", "b5"])
            #expect(try await store.take(9) == [])
            #expect(try await store.redis.send(["ZCARD", .string(store.keys.starts(.backup))]).int == 3)
        }
    }

    @Test func whatNeverRanDoesNotCountAsStarted() async throws {
        try await withStore { store async throws in
            try await store.configure(Limits(rate: [.backup: Rate(count: 1, period: .seconds(3600))]))
            try await store.add("b0", type: .backup)
            for _ in 0..<3 {
                let job = try await store.takeOne()
                #expect(try await store.take() == [])
                #expect(try await store.release(job.id, fence: try #require(job.fence)) == .ok)
            }
            try await store.run()
            try await store.add("b1", type: .backup)
            #expect(try await store.take() == [])
        }
    }

    @Test func aFullQueueRefuses() async throws {
        try await withStore { store async throws in
            try await store.configure(Limits(waiting: [.application: 2]))
            try await store.add("a")
            try await store.add("b", "r") { $0.idempotencyKey = "k" }
            let refused = await #expect(throws: Refusal.self) { try await store.add("c") }
            #expect(refused?.code == .queueFull)
            #expect(refused?.message.contains("2 jobs of the type application") == true)
            #expect(try await store.job("c") == nil)
            // It is there already; it takes the place of another; it is of another type.
            #expect(try await store.add("d") { $0.idempotencyKey = "k" } == "b")
            try await store.add("e", type: .backup)
            try await store.run()
            try await store.add("f", "r")
            try await store.add("g", "r") { $0.onConflict = .supersede }
            #expect(try await store.state("f") == .error(.superseded))
            try await store.add("turn", "t")
            // It has its turn and waits nevertheless.
            try await store.add("full", "t") { $0.onConflict = .supersede }
            #expect(try await store.state("turn") == .error(.superseded))
            let list = "\(store.keys.prefix):answers"
            try await store.push(
                "inbox:application",
                #"{"resourceId":"x","replyTo":"\#(list)"}"#,
                #"{"id":"h","resourceId":"x"}"#
            )
            #expect(try await store.admitAll() == 2)
            #expect(try await store.list("inbox:application") == [])
            let answer = try JSON(parsing: try #require(try await store.list("answers").first))
            #expect(answer["ok"] == false)
            #expect(answer["error"]?["code"] == "queue_full")
            #expect(try await store.list("rejected").count == 2)
            #expect(try await store.state("h") == .error(.rejected))
            try await store.add("one-more", type: .backup)
            _ = try await store.kill("g", KillOrder())
            try await store.add("i")
            #expect(try await refusal { _ = try await store.retry("g") } == .queueFull)
        }
    }
}
