import HoistwayModel
import HoistwayStore
import RESP
import RedisClient
import TestSupport
import Testing

/// Each kind of damage is seen, explained, and repaired where that is possible; the jobs go on behind it.
@Suite(.redis, .timeLimit(.minutes(3))) struct BreachTests {
    /// A damage, done by hand to the jobs of ``prepare(_:)``.
    struct Damage: Sendable, CustomTestStringConvertible {
        var testDescription: String
        /// Commands; `<p>` stands for the prefix.
        var commands: [String]
        /// Part of the sentence that explains it.
        var sentence: String
        var kind: Breach.Kind

        init(_ name: String, _ kind: Breach.Kind, _ sentence: String, _ commands: String...) {
            testDescription = name
            self.commands = commands
            self.sentence = sentence
            self.kind = kind
        }
    }

    static let damages: [Damage] = [
        Damage("no index", .index, "queued1 (pending queued) is not in the index", "ZREM <p>:index queued1"),
        Damage("no type", .index, "not in the index of its type", "ZREM <p>:index:type:application queued1"),
        Damage("no resource", .index, "not in the index of its res", "ZREM <p>:index:resource:application:q1 queued1"),
        Damage("no server", .index, "is not in index:server:s", "ZREM <p>:index:server:s remote"),
        Damage("no label", .index, "is not in index:label:l=v", "ZREM <p>:index:label:l=v queued1"),
        Damage("not pending", .index, "not in the index of pending jobs", "ZREM <p>:index:pending:application queued1"),
        Damage(
            "pending too",
            .index,
            "is in the index of pending jobs",
            "ZADD <p>:index:pending:application 1 running"
        ),
        Damage("not running", .index, "is not in the index of running jobs", "ZREM <p>:index:running running"),
        Damage("running too", .index, "is in the index of running jobs", "ZADD <p>:index:running 1 done"),
        Damage("not done", .index, "is not in the index of jobs that are done", "ZREM <p>:index:done done"),
        Damage("in error too", .index, "is in the index of jobs in error", "ZADD <p>:index:error 1 done"),
        Damage("no line", .index, "is not in the line of its concurrency key", "DEL <p>:waiting:application:q1"),
        Damage("wrong line", .index, "names the job queued1, which has no place", "ZADD <p>:waiting:x:y 1 queued1"),
        Damage("wrong label", .index, "names the job queued1, which has no pla", "ZADD <p>:index:label:x=y 1 queued1"),
        Damage("wrong type", .index, "which has no place there", "ZADD <p>:index:type:backup 1 queued1"),
        Damage("not later", .index, "is not in the jobs that come later", "DEL <p>:later:application:d"),
        Damage("no time", .index, "is not in the delayed jobs", "ZREM <p>:delayed delayed"),
        Damage("no time to retry", .index, "is not in the delayed jobs", "ZREM <p>:delayed retrying"),
        Damage("timed", .index, "is in the delayed jobs", "ZADD <p>:delayed 9999999999999 queued1"),
        Damage("paused", .index, "is in the paused jobs of its type", "SADD <p>:paused:application queued1"),
        Damage("not paused", .index, "is not in the paused jobs", "SREM <p>:paused:compose paused"),
        Damage("deadline", .index, "still has a deadline", "ZADD <p>:deadlines 9999999999999 done"),
        Damage("not at its worker", .worker, "is not in the jobs of its worker", "SREM <p>:worker:w1:jobs running"),
        Damage("at its worker", .worker, "is in the jobs of its worker", "SADD <p>:worker:w1:jobs done"),
        Damage("at another", .index, "which has no place there", "SADD <p>:worker:w2:jobs running"),
        Damage("no kill", .kill, "is not in the kills of its worker", "HDEL <p>:worker:w1:kills killed"),
        Damage("a kill", .kill, "is in the kills of its worker", "HSET <p>:worker:w1:kills done {}"),
        Damage("counted", .index, "is in the claims of its type", "SADD <p>:claimed:type:application queued1"),
        Damage("not counted", .index, "is not in the claims", "HSET <p>:job:running counted 1"),
        Damage("counted elsewhere", .index, "which has no place", "SADD <p>:claimed:type:backup running"),
        Damage("no turn", .turn, "is not in the turns", "HDEL <p>:turns application:run"),
        Damage("no turn and waiters", .turn, "is free, and blocked waits for it", "HDEL <p>:turns application:q1"),
        Damage("turn of one that ended", .turn, "is held by done, which is done", "HSET <p>:turns application:dn done"),
        Damage("turn of nobody", .turn, "is held by ghost, which is gone", "HSET <p>:turns free ghost"),
        Damage("turn of one that waits", .turn, "is in the turns", "HSET <p>:turns application:d delayed"),
        Damage("no queue", .queue, "is not in its queue application", "LREM <p>:queue:application 1 queued1"),
        Damage("no lane", .lane, "queue application is in no set of lanes", "ZREM <p>:lanes application"),
        Damage("no age of a lane", .lane, "is in no set of lanes", "ZREM <p>:lanes:unserved application"),
        Damage("empty lane", .lane, "names the queue installer, which is empty", "ZADD <p>:lanes 5 installer"),
        Damage("pid", .fields, "has a pid", "HSET <p>:job:queued1 pid 1"),
        Damage("no end", .fields, "has no completedAt", "HDEL <p>:job:done completedAt"),
        Damage("an end", .fields, "has completedAt", "HSET <p>:job:queued1 completedAt 2026-01-15T08:00:00.123Z"),
        Damage("progress", .fields, "has progress 12", "HSET <p>:job:done progress 12"),
        Damage("full progress", .fields, "has progress 100", "HSET <p>:job:running progress 100"),
        Damage("revision", .fields, "changed more often than its revision says", "HSET <p>:job:done revision 1"),
        Damage("no reason", .fields, "has no reason to wait", "HDEL <p>:job:queued1 reason"),
        Damage("history", .history, "is not where its history ends", "DEL <p>:job:queued1:history"),
        Damage("dependents", .dependency, "not among the dependents of running", "DEL <p>:job:running:dependents"),
        Damage("settled", .dependency, "waits for done, which is over", "SADD <p>:job:after:dependencies done"),
        Damage("gone", .dependency, "waits for ghost, which is gone", "SADD <p>:job:after:dependencies ghost"),
        Damage("open", .dependency, "still has open dependencies", "SADD <p>:job:done:dependencies running"),
        Damage("leftover", .leftover, "names the job ghost, which does not exist", "ZADD <p>:index 1 ghost"),
        Damage("leftover at a worker", .leftover, "which does not exist", "SADD <p>:worker:w1:jobs ghost"),
        Damage("leftover kill", .leftover, "which does not exist", "HSET <p>:worker:w1:kills ghost {}"),
        Damage("leftover history", .leftover, "job:ghost:history outlives its job", "RPUSH <p>:job:ghost:history {}"),
        Damage("leftover log", .leftover, "outlives its job", "XADD <p>:job:ghost:log 5-0 offset 0 bytes abcde"),
        Damage("sum", .sum, "says 7", "HSET <p>:logs:bytes \"\" 7"),
    ]

    /// A job in each state.
    private func prepare(_ store: Store) async throws {
        func outcome(_ id: String, _ outcome: Outcome) async throws {
            try await store.end(try #require(try await store.jobs([id]).first), outcome)
        }
        try await store.add("done", "dn")
        try await store.end(try await store.run())
        try await store.add("running", "run")
        try await store.add("killed", "kil")
        try await store.add("retrying", "re") { $0.maxAttempts = 2 }
        for job in try await store.claim(.worker(), count: 3) { try await store.start(job) }
        try await outcome("retrying", Outcome(.failed, wait: .seconds(600)))
        _ = try await store.kill("killed", KillOrder(by: "me"))
        try await store.add("after", "af") { $0.dependsOn = ["running"] }
        try await store.add("delayed", "d") { $0.delay = .seconds(600) }
        try await store.add("queued1", "q1") { $0.labels = ["l": "v"] }
        try await store.add("blocked", "q1")
        try await store.add("remote", "rm") { $0.serverID = "s" }
        try await store.pause("compose", true)
        try await store.add("paused", "p", type: .compose)
    }

    @Test(arguments: damages) func isSeenExplainedAndRepaired(_ damage: Damage) async throws {
        try await withStore { store async throws in
            try await prepare(store)
            #expect(try await store.violations() == [])
            for command in damage.commands {
                let words = command.replacing("<p>", with: store.keys.prefix).split(separator: " ")
                _ = try await store.redis.send(words.map { .string($0 == "\"\"" ? "" : String($0)) })
            }
            let breaches = try await store.breaches()
            let told = breaches.map(\.sentence)
            let breach = try #require(breaches.first { $0.sentence.contains(damage.sentence) }, "\(told)")
            #expect(breach.kind == damage.kind && breach.isRepairable)
            #expect(try await store.lookAgain([breach]).map(\.sentence).contains(breach.sentence))

            let repaired = try await store.lookAgain(breaches, repairing: true)
            #expect(repaired.filter { !$0.isRepaired } == [])
            let left = try await store.breaches()
            if !left.isEmpty { _ = try await store.lookAgain(left, repairing: true) }
            #expect(try await store.lookAgain(breaches) == [])
            #expect(try await store.violations() == [], "after \(told)")
            try await finishAll(store)
        }
    }

    /// Whatever was damaged, every job still ends.
    private func finishAll(_ store: Store) async throws {
        try await store.pause("compose", false)
        for id in ["delayed", "retrying"] { try? await store.promote(id) }
        var filter = JobFilter.all
        for status in [JobStatus.running, .pending] {
            filter.status = status
            for job in try await store.list(filter).jobs where job.status == .running {
                try await store.end(job, job.id == "killed" ? Outcome(.killed) : Outcome(.done))
            }
        }
        let claimant = Claimant.worker(scopes: [.any, Scope(server: "s")])
        var ended = 0
        while let job = try await store.claim(claimant, count: 1).first {
            try await store.start(job)
            try await store.end(job)
            ended += 1
        }
        #expect(ended > 0)
        for status in [JobStatus.running, .pending] {
            filter.status = status
            #expect(try await store.list(filter).jobs.map(\.id) == [])
        }
    }

    @Test func whatCannotBeRepairedIsToldAndLeftAlone() async throws {
        try await withStore { store async throws in
            try await prepare(store)
            let key = store.keys.job("done")
            _ = try await store.redis.send(["HSET", .string(store.keys.turns), "application:run", "running killed"])
            _ = try await store.redis.send([
                "HSET", .string(store.keys.job("killed")), "concurrencyKey", "application:run",
            ])
            _ = try await store.redis.send(["HDEL", .string(store.keys.job("running")), "fence"])
            _ = try await store.redis.send(["HDEL", .string(key), "type"])
            _ = try await store.redis.send(["SET", .string("\(store.keys.prefix):queue:installer"), "text"])
            _ = try await store.redis.send(["SET", .string("\(store.keys.prefix):waiting:x"), "text"])
            let breaches = try await store.breaches()
            let told = breaches.filter { !$0.isRepairable }.map(\.sentence)
            #expect(told.contains { $0.contains("application:run is held by 2 jobs (running killed), its limit is 1") })
            #expect(told.contains { $0.contains("has no worker, fence or attempt") })
            #expect(told.contains { $0.contains("lacks its type") })
            #expect(
                told.contains { $0.hasSuffix("queue:installer is a string, it has to be a list: rename or delete it") }
            )
            let before = try await store.snapshot("done")
            _ = try await store.lookAgain(breaches.filter { !$0.isRepairable }, repairing: true)
            #expect(try await store.snapshot("done") == before)
            #expect(try await store.redis.send(["GET", .string("\(store.keys.prefix):waiting:x")]).string == "text")
            for name in ["queue:installer", "waiting:x"] {
                _ = try await store.redis.send(["DEL", .string("\(store.keys.prefix):\(name)")])
            }
            _ = try await store.redis.send(["HSET", .string(key), "type", "application"])
            _ = try await store.redis.send(["HSET", .string(store.keys.turns), "application:run", "running"])
            _ = try await store.redis.send([
                "HSET", .string(store.keys.job("killed")), "concurrencyKey", "application:kil",
            ])
            let fence = try await store.history("running")?.first { $0["event"] == "claimed" }?["fence"]?.intValue
            _ = try await store.redis.send([
                "HSET", .string(store.keys.job("running")), "fence", .int(try #require(fence)),
            ])
        }
    }

    @Test func aHistoryThatIsNoPathIsTold() async throws {
        try await withStore { store async throws in
            try await store.add("a")
            try await store.end(try await store.run())
            let history = store.keys.history("a")
            let entries = try await store.redis.send(["LRANGE", .string(history), 0, -1]).array ?? []
            _ = try await store.redis.send(["LREM", .string(history), 1, .bytes(try #require(entries[1].bytes))])
            let breaches = try await store.breaches()
            #expect(breaches.map(\.sentence) == ["job a went from pending (queued) by started to running"])
            #expect(breaches.first?.kind == .history && breaches.first?.isRepairable == false)
            #expect(try await store.lookAgain(breaches) == breaches)
            _ = try await store.redis.send(["DEL", .string(history)])
            _ = try await store.redis.send(
                ["RPUSH", .string(history)] + entries.compactMap { $0.bytes.map { .bytes($0) } }
            )
        }
    }

    /// A repair is a change of the job like any other: it can be read in its history.
    @Test func aRepairIsRecorded() async throws {
        try await withStore { store async throws in
            try await store.add("a")
            _ = try await store.redis.send(["ZREM", .string(store.keys.index), "a"])
            let revision = try #require(try await store.job("a")?.revision)
            _ = try await store.lookAgain(try await store.breaches(), repairing: true)
            let last = try #require(try await store.history("a")?.last)
            #expect(last["event"] == "repaired" && last["status"] == "pending" && last["reason"] == "queued")
            #expect(last["data"] == ["is not in the index"])
            #expect(try await store.job("a")?.revision == revision + 1)
            #expect(try await store.recentEvents(1).first?.event["event"] == "repaired")
        }
    }
}
