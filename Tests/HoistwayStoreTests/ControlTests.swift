import HoistwayModel
import HoistwayStore
import RESP
import RedisClient
import TestSupport
import Testing

/// What people do to jobs and queues.
@Suite(.redis, .timeLimit(.minutes(2))) struct ControlTests {
    @Test func aWaitingJobIsCancelledWithWhoAndWhy() async throws {
        try await withStore { store async throws in
            try await store.add("a")
            #expect(try await store.kill("a", KillOrder(by: "me", why: "a \"reason\"")) == .cancelled)
            let job = try #require(try await store.job("a"))
            #expect(job.state == .error(.cancelled))
            #expect(job.message == "cancelled by me (a \"reason\")")
            #expect(try await store.history("a")?.last?["data"] == ["by": "me", "why": "a \"reason\""])
            #expect(try await store.list("queue:application").isEmpty)
        }
    }

    @Test func aCommandThatWasCarriedOutHasNoEffectAnyMore() async throws {
        try await withStore { store async throws in
            let commands = [#"{"command":"pause","type":"backup"}"#, #"{"command":"resume","type":"backup"}"#]
            try await store.push("control", commands[0], commands[1])
            let pausing = store.whileFirst(Array(commands[0].utf8))
            let resuming = store.whileFirst(Array(commands[1].utf8))
            await #expect(throws: RedisError.self) { try await resuming.pause("backup", false) }
            try await pausing.pause("backup", true)
            try await store.answer(Array(commands[0].utf8), replyTo: nil, requestID: nil, ["ok": true])
            try await resuming.pause("backup", false)
            // A process that was stopped in between goes on with what it had read.
            do {
                try await pausing.pause("backup", true)
                Issue.record("a command of the past was carried out")
            } catch let error as RedisError {
                #expect(error.serverCode == "TAKEN")
            }
            #expect(try await store.exists("paused") == false)
        }
    }

    @Test func removeLeavesNothingBehind() async throws {
        try await withStore { store async throws in
            try await store.add("ended") { $0.idempotencyKey = "k" }
            let job = try await store.run()
            let piece = LogPiece(offset: 0, bytes: Array("text\n".utf8))
            _ = try await store.appendLog("ended", fence: try #require(job.fence), piece, most: 100, all: 100)
            #expect(try await refusal { try await store.remove("ended") } == .wrongState)
            try await store.end(job)
            try await store.add("waiting") {
                $0.dependsOn = ["ended"]; $0.startDeadline = .seconds(99)
            }
            try await store.add("child") { $0.dependsOn = ["waiting"] }
            for id in ["ended", "waiting", "child"] { try await store.remove(id) }
            let keys = try await store.redis.send(["KEYS", .string("\(store.keys.prefix.escaped):*")])
            let left = keys.array?.compactMap(\.string).map { $0.dropFirst(store.keys.prefix.count + 1) } ?? []
            #expect(
                Set(left) == [
                    "events", "logs:bytes", "claims", "sequence", "types", "wake:application",
                    "worker:w1:removed",
                ]
            )
            #expect(try await store.tick(process: "p", canListen: false, worker: ("w1", [])).removed == ["ended"])
            try await store.forget(["ended"], worker: "w1")
            #expect(try await store.exists("worker:w1:removed") == false)
        }
    }

    @Test func retryMakesANewJobOfAnEndedOne() async throws {
        try await withStore { store async throws in
            try await store.add("a", "r") { document in
                document.title = "t"
                document.payload = Array(#"{"x":1}"#.utf8)
                document.timeout = .seconds(7)
                document.maxAttempts = 3
                document.priority = 2
                document.labels = ["l": "v"]
                document.node = "n"
            }
            #expect(try await refusal { _ = try await store.retry("a") } == .wrongState)
            _ = try await store.kill("a", KillOrder())
            guard case .accepted(let id) = try await store.retry("a") else { throw TimedOutRetry() }
            let (old, new) = (try #require(try await store.job("a")), try #require(try await store.job(id)))
            for name in ["title", "payload", "options", "maxAttempts", "priority", "labels", "node", "concurrencyKey"] {
                #expect(new.fields[name] == old.fields[name])
            }
            #expect(new.fields["retryOf"] == "a")
            #expect(new.state == .queued)
            #expect(try await store.retry("a") == .existing(id: id))
            _ = try await store.kill(id, KillOrder())
            let again = try await store.retry("a")
            #expect(again.id != id)
        }
    }

    @Test func aRetryAskedForTwiceByOneRequestHappensOnce() async throws {
        try await withStore { store async throws in
            try await store.add("a")
            _ = try await store.kill("a", KillOrder())
            let first = try await store.retry("a", requestID: "one").id
            _ = try await store.kill(first, KillOrder())
            let second = try await store.retry("a", requestID: "two").id
            #expect(second != first)
            #expect(try await store.retry("a", requestID: "one") == .existing(id: first))
            #expect(try await store.retry("a", requestID: "two") == .existing(id: second))
        }
    }

    @Test func whatWasRejectedIsNotRetried() async throws {
        try await withStore { store async throws in
            try await store.push("inbox:application", #"{"id":"a"}"#)
            try await store.admitAll()
            #expect(try await store.state("a") == .error(.rejected))
            #expect(try await refusal { _ = try await store.retry("a") } == .wrongState)
        }
    }

    @Test func pauseNamesEveryWaitingJobAndKeepsTheOrder() async throws {
        try await withStore { store async throws in
            let ids = (0..<230).map { "j\($0)" }
            for id in ids { try await store.add(id) }
            try await store.add("other", type: .backup)
            try await store.add("blocked", "resource-of-j0")
            try await store.pause("application", true)
            for id in ids { #expect(try await store.state(id) == .paused) }
            #expect(try await store.state("blocked") == .blocked)
            #expect(try await store.state("other") == .queued)
            #expect(try await store.list("queue:application") == ids)
            #expect(try await store.queues().first { $0.type == .application }?.isPaused == true)
            try await store.add("new")
            #expect(try await store.state("new") == .paused)
            try await store.pause("application", true)
            try await store.pause("application", false)
            for id in ids { #expect(try await store.state(id) == .queued) }
            #expect(try await store.take(300, .worker(types: [.application])) == ids + ["new"])
            #expect(try await refusal { try await store.pause("aplication", true) } == .unknownType)
            try await store.pause("*", true)
            try await store.add("late", type: .compose)
            #expect(try await store.state("late") == .paused)
        }
    }

    @Test func drainCancelsWhatWaitsAndNothingElse() async throws {
        try await withStore { store async throws in
            for number in 0..<230 { try await store.add("j\(number)") }
            try await store.add("other", type: .backup)
            try await store.run()
            _ = try await store.takeOne(.worker(types: [.application]))
            #expect(try await store.drain("application") >= 228)
            #expect(try await store.state("j229") == .error(.cancelled))
            #expect(try await store.list("queue:application").isEmpty)
            #expect(try await store.drain("application") == 0)
        }
    }

    @Test func oneKillForManyJobs() async throws {
        try await withStore { store async throws in
            for number in 0..<120 { try await store.add("j\(number)") { $0.labels = ["team": "a"] } }
            for number in 0..<10 { try await store.add("k\(number)", "r", type: .backup) { $0.labels = ["team": "b"] } }
            try await store.run(.worker(types: [.backup]))
            var selection = KillSelection()
            selection.type = "application"
            #expect(try await store.kill(selection, KillOrder()) == 120)
            #expect(try await store.kill(selection, KillOrder()) == 0)
            selection = KillSelection()
            selection.resourceID = "r"
            selection.olderThan = .seconds(3600)
            #expect(try await store.kill(selection, KillOrder()) == 0)
            selection.olderThan = nil
            #expect(try await store.kill(selection, KillOrder()) == 10)
            #expect(try await store.state("k9") == .error(.cancelled))
        }
    }

    @Test func promoteLetsADelayedJobRunNow() async throws {
        try await withStore { store async throws in
            try await store.add("a") { $0.delay = .seconds(3600) }
            try await store.promote("a")
            #expect(try await store.job("a")?.fields["runAt"] == nil)
            #expect(try await store.take() == ["a"])
            #expect(try await refusal { try await store.promote("a") } == .wrongState)
        }
    }

    @Test func aCommandIsAnsweredOnce() async throws {
        try await withStore { store async throws in
            let raw = Array(#"{"command":"pause","type":"application"}"#.utf8)
            try await store.push("control", String(decoding: raw, as: UTF8.self))
            #expect(try await store.commands() == [raw])
            let list = "\(store.keys.prefix):reply"
            try await store.answer(raw, replyTo: list, requestID: "r", ["ok": true])
            try await store.answer(raw, replyTo: list, requestID: "r", ["ok": true])
            #expect(try await store.list("reply") == [#"{"ok":true}"#])
            #expect(try await store.earlierAnswer(to: "r") == ["ok": true])
            #expect(try await store.commands().isEmpty)
            try await store.push("control", "junk", #"{"command":"kil","replyTo":"\#(list)2"}"#)
            for raw in try await store.commands() {
                try await store.rejectCommand(raw, try #require(commandRefusal(raw)))
            }
            #expect(try await store.list("control:rejected").count == 2)
            #expect(
                try await store.list("reply2").first.map { try JSON(parsing: $0) }?["error"]?["code"]
                    == "unknown_command"
            )
        }
    }

    private func commandRefusal(_ raw: [UInt8]) -> Refusal? {
        do throws(Refusal) {
            _ = try ControlDocument(parsing: raw)
            return nil
        } catch {
            return error
        }
    }

    @Test func aWorkersLife() async throws {
        try await withStore { store async throws in
            _ = try await store.register(types: [JobType("own")], worker: ("w1", [("host", "h"), ("types", "own")]))
            #expect(try await store.knownTypes().contains(JobType("own")))
            #expect(try await store.workers().first?["state"] == "running")
            try await store.stopWorker("w1", mode: .detach)
            #expect(
                try await store.tick(process: "p", canListen: true, worker: ("w1", [("running", "2")])).stopMode
                    == .detach
            )
            #expect(try await store.workers().first?["running"] == "2")
            try await store.leave("w1", state: "stopped")
            #expect(try await store.workers().first?["state"] == "stopped")
            #expect(try await refusal { try await store.stopWorker("w2", mode: .drain) } == .notFound)
            #expect(try await store.register(types: [], worker: ("w1", [])) == [])
            #expect(try await store.workers().first?["stopMode"] == nil)
        }
    }

    @Test func aSilentWorkerIsUnreachableUntilItBeatsAgain() async throws {
        try await withStore { store async throws in
            _ = try await store.register(types: [], worker: ("w1", []))
            let old = Timestamp(milliseconds: Timestamp.now().milliseconds - 11_000).description
            _ = try await store.redis.send(["HSET", .string(store.keys.worker("w1")), "heartbeatAt", .string(old)])
            #expect(try await store.tick(process: "p", canListen: true).isListener)
            #expect(try await store.workers().first?["state"] == "unreachable")
            #expect(try await store.tick(process: "q", canListen: true, worker: ("w1", [])).isListener == false)
            #expect(try await store.workers().first?["state"] == "running")
        }
    }

    @Test func aTickTellsWhatToLookAt() async throws {
        try await withStore { store async throws in
            _ = try await store.register(types: JobType.builtIn)
            try await store.push("inbox:backup", "x")
            try await store.push("control", "x", "y")
            let tick = try await store.tick(process: "p", canListen: false)
            #expect(tick.inboxes == [.backup])
            #expect(tick.waitingCommands == 2)
            #expect(tick.isListener == false)
            for number in 0..<120 { try await store.add("j\(number)") { $0.delay = TimeSpan(milliseconds: 1) } }
            try await eventually("all are due") {
                _ = try await store.tick(process: "p", canListen: false)
                return try await store.list("queue:application").count == 120
            }
        }
    }

    @Test func aNewerSchemaIsRefused() async throws {
        try await withStore { store async throws in
            _ = try await store.register(types: [])
            _ = try await store.redis.send(["HSET", .string(store.keys.meta), "schema", "2", "minReader", "2"])
            let error = await #expect(throws: StoreError.self) { try await store.register(types: []) }
            #expect(error?.description.contains("schema 2") == true)
        }
    }

    @Test func listsFilterAndPage() async throws {
        try await withStore { store async throws in
            for number in 0..<25 {
                try await store.add("j\(number)", "r\(number % 2)", type: number % 5 == 0 ? .backup : .application)
            }
            var filter = JobFilter()
            filter.limit = 10
            var seen: [String] = []
            repeat {
                let page = try await store.list(filter)
                seen += page.jobs.map(\.id)
                filter.cursor = page.nextCursor
            } while filter.cursor != nil
            #expect(seen == (0..<25).reversed().map { "j\($0)" })
            filter = JobFilter()
            filter.type = .backup
            filter.status = .pending
            #expect(try await store.list(filter).jobs.map(\.id) == ["j20", "j15", "j10", "j5", "j0"])
            filter.resourceID = "r1"
            #expect(try await store.list(filter).jobs.map(\.id) == ["j15", "j5"])
        }
    }

    private struct TimedOutRetry: Error {}
}

extension String {
    /// As a pattern of KEYS that matches it alone.
    fileprivate var escaped: String { map { "*?[]\\".contains($0) ? "\\\($0)" : String($0) }.joined() }
}
