import HoistwayModel
import HoistwayStore
import RESP
import RedisClient
import TestSupport
import Testing

/// What an operator does to all types, to workers, and to jobs of several workers.
@Suite(.redis, .timeLimit(.minutes(2))) struct OperatorTests {
    @Test func allTypesArePausedAndThoseAnnouncedLater() async throws {
        try await withStore { store async throws in
            _ = try await store.register(types: JobType.builtIn)
            try await store.pause("*", true)
            _ = try await store.register(types: [JobType("terraform")])
            try await store.add("a")
            try await store.add("t", type: JobType("terraform"))
            #expect(try await store.state("t") == .paused)
            #expect(try await store.take(2) == [])
            // One of them goes on by its name, and nothing pauses it again.
            try await store.pause("application", false)
            _ = try await store.register(types: JobType.builtIn)
            #expect(try await store.take(2) == ["a"])
            try await store.pause("*", false)
            #expect(try await store.take(2) == ["t"])
            _ = try await store.register(types: [JobType("ansible")])
            try await store.add("l", type: JobType("ansible"))
            #expect(try await store.state("l") == .queued)
            #expect(try await store.exists("paused") == false)
        }
    }

    @Test func aWorkerThatIsBeingForgottenGetsNoJob() async throws {
        try await withStore { store async throws in
            _ = try await store.register(types: [], worker: ("w1", [("host", "h")]))
            try await store.add("a") { $0.concurrencyKey = "k" }
            try await store.add("b") { $0.concurrencyKey = "k" }
            let job = try await store.takeOne(.worker("w1"))
            let meta = RedisArgument.string(store.keys.meta)
            let reply = try await store.redis.run(Scripts.forgetWorker, keys: [meta], arguments: ["w1"])
            #expect(reply.int == StoreCode.wrongState.rawValue)
            let fence = try #require(job.fence)
            #expect(try await store.finish("a", fence: fence, Outcome(.lost)) == .ok)
            #expect(try await store.claim(.worker("w1"), count: 9).isEmpty)
            #expect(try await store.takeOne(.worker("w2")).id == "b")
            try await store.forgetWorker("w1")
            // What a frozen one sent before lies at Redis still.
            try await store.add("c")
            #expect(try await store.claim(.worker("w1"), count: 9).isEmpty)
            _ = try await store.register(types: [], worker: ("w1", [("host", "h")]))
            #expect(try await store.takeOne(.worker("w1")).id == "c")
        }
    }

    @Test func aForgottenWorkersAttemptsAreLost() async throws {
        try await withStore { store async throws in
            _ = try await store.register(types: [], worker: ("w1", [("host", "h")]))
            for number in 0..<230 {
                try await store.add("j\(number)") { $0.maxAttempts = number % 2 == 0 ? 1 : 2 }
            }
            let jobs = try await store.claim(.worker("w1"), count: 230)
            for job in jobs.prefix(100) { try await store.start(job) }
            _ = try await store.kill("j0", KillOrder(by: "me"))
            try await store.forgetWorker("w1")
            #expect(try await store.state("j0") == .error(.killed))
            #expect(try await store.state("j2") == .error(.lost))
            #expect(try await store.state("j1") == .retrying)
            #expect(try await store.state("j229") == .retrying)
            #expect(try await store.job("j2")?.message?.contains("w1") == true)
            #expect(try await store.workers().isEmpty)
            for key in ["worker:w1", "worker:w1:jobs", "worker:w1:kills"] { #expect(try await !store.exists(key)) }
            // Whatever it still says has no effect, before the next attempt and during it.
            let stale = try #require(jobs.first { $0.id == "j1" })
            let fence = try #require(stale.fence)
            #expect(try await store.finish("j1", fence: fence, Outcome(.done)) == .already)
            try await store.promote("j1")
            let next = try await store.takeOne(.worker("w2"))
            #expect(next.id == "j1")
            #expect(try await store.finish("j1", fence: fence, Outcome(.done)) == .staleFence)
            #expect(try await store.report("j1", fence: fence, fields: [("progress", "9")], data: nil) == .staleFence)
            #expect(try await refusal { try await store.forgetWorker("w1") } == .notFound)
            // A beat does not bring it back, only an introduction.
            #expect(try await store.tick(process: "p", canListen: false, worker: ("w1", [])).mustRegister)
            try await store.leave("w1", state: "stopped")
            #expect(try await store.workers().isEmpty)
            _ = try await store.register(types: [], worker: ("w1", []))
            #expect(try await !store.tick(process: "p", canListen: false, worker: ("w1", [])).mustRegister)
        }
    }

    @Test func everyWorkerWithAFolderHearsOfARemoval() async throws {
        try await withStore { store async throws in
            try await store.add("a") { $0.maxAttempts = 9 }
            for worker in ["w1", "w2", "w1", "w3"] {
                try await store.end(try await store.run(.worker(worker)), Outcome(.failed))
                _ = try await store.tick(process: "p", canListen: false)
            }
            let given = try await store.takeOne(.worker("w4"))
            #expect(try await store.release("a", fence: try #require(given.fence)) == .ok)
            try await store.end(try await store.run(.worker("w5")))
            try await store.remove("a")
            for worker in ["w1", "w2", "w3", "w5"] {
                #expect(try await store.tick(process: "p", canListen: false, worker: (worker, [])).removed == ["a"])
                try await store.forget(["a"], worker: worker)
            }
        }
    }

    @Test func aRetryHasItsStartDeadlineAnew() async throws {
        try await withStore { store async throws in
            try await store.add("a") {
                $0.startDeadline = TimeSpan(milliseconds: 20); $0.node = "nowhere"
            }
            func tickUntilExpired(_ id: String) async throws {
                try await eventually("\(id) to expire") {
                    _ = try await store.tick(process: "p", canListen: false)
                    return try await store.state(id) == .error(.expired)
                }
            }
            try await tickUntilExpired("a")
            let id = try await store.retry("a").id
            #expect(
                try await store.redis.send(["ZSCORE", "\(store.keys.prefix):deadlines", .string(id)]).string != nil
            )
            try await tickUntilExpired(id)
        }
    }

    /// Each job's own limit holds while it has a turn, whatever the others of its key say.
    @Test func aLimitThatChangesFromJobToJob() async throws {
        try await withStore { store async throws in
            for (id, limit) in [("a3", 3), ("b3", 3), ("c1", 1), ("d2", 2), ("e3", 3), ("f2", 2)] {
                try await store.add(id, "r") { $0.concurrencyLimit = limit }
            }
            // c1 bears nobody beside it, and nobody passes it.
            #expect(try await store.take(9) == ["a3", "b3"])
            try await store.end(try #require(try await store.job("a3")))
            #expect(try await store.take(9) == [])
            try await store.end(try #require(try await store.job("b3")))
            #expect(try await store.take(9) == ["c1"])
            try await store.end(try #require(try await store.job("c1")))
            // d2 bears one more, so that e3 has one beside it, though it would bear two.
            #expect(try await store.take(9) == ["d2", "e3"])
            try await store.end(try #require(try await store.job("d2")))
            #expect(try await store.take(9) == ["f2"])
        }
    }

    @Test func aJobDependsOnWhatIsThereAlready() async throws {
        try await withStore { store async throws in
            #expect(try await refusal { try await store.add("a") { $0.dependsOn = ["a"] } } == .unknownDependency)
            #expect(try await refusal { try await store.add("a") { $0.dependsOn = ["b"] } } == .unknownDependency)
            // In a batch the order counts, so that no two can name each other.
            try await store.push(
                "inbox:application",
                #"{"id":"self","resourceId":"r","dependsOn":["self"]}"#,
                #"{"id":"one","resourceId":"r","dependsOn":["two"]}"#,
                #"{"id":"two","resourceId":"s"}"#,
                #"{"id":"three","resourceId":"t","dependsOn":["two"]}"#
            )
            #expect(try await store.admitAll() == 4)
            #expect(try await store.state("self") == .error(.rejected))
            #expect(try await store.state("one") == .error(.rejected))
            #expect(try await store.state("two") == .queued)
            #expect(try await store.state("three") == .blocked)
            let codes = try await store.list("rejected").map { try JSON(parsing: $0)["error"]?["code"] }
            #expect(codes == ["unknown_dependency", "unknown_dependency"])
        }
    }
}
