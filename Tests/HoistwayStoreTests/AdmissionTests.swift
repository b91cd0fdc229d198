import HoistwayModel
import HoistwayStore
import RESP
import RedisClient
import TestSupport
import Testing

/// From the inbox into a job.
@Suite(.redis, .timeLimit(.minutes(2))) struct AdmissionTests {
    private func document(_ id: String, _ resource: String, _ more: String = "") -> String {
        "{\"id\":\"\(id)\",\"applicationId\":\"\(resource)\"\(more)}"
    }

    @Test func keepsTheOrderOfTheInboxAndThePayloadsBytes() async throws {
        try await withStore { store async throws in
            let payload = #"{ "big" : 9007199254740993 , "list":[], "e":1e400,"text":"ü\u0000" }"#
            try await store.push("inbox:application", document("a", "1", ",\"payload\":\(payload)"), document("b", "2"))
            try await store.push("inbox:application", document("c", "3"))
            #expect(try await store.admitAll() == 3)
            #expect(try await store.list("queue:application") == ["a", "b", "c"])
            #expect(try await store.list("inbox:application").isEmpty)
            let job = try #require(try await store.job("a"))
            #expect(job.fields["payload"] == payload)
            #expect(job.state == .queued)
            #expect(job.revision == 1)
            #expect(job.createdAt != nil)
            #expect(job.fields["queuedAt"] == job.fields["createdAt"])
            #expect(try await store.history("a")?.map { $0["event"] } == ["accepted"])
            #expect(try await store.job("b")?.payload == Array("{}".utf8))
        }
    }

    @Test func twoProcessesMakeOneJobOfEachDocument() async throws {
        try await withStore { store async throws in
            let other = store.through(try await RedisServer.required().client(scripts: Scripts.all))
            for _ in 0..<150 { try await store.push("inbox:application", #"{"applicationId":"same"}"#) }
            async let mine = {
                var count = 0
                while true {
                    let documents = try await store.inbox(.application)
                    if documents.isEmpty { return count }
                    count += try await store.admit(documents, type: .application)
                }
            }()
            var theirs = 0
            while true {
                let documents = try await other.inbox(.application)
                if documents.isEmpty { break }
                theirs += try await other.admit(documents, type: .application)
            }
            let count = try await mine + theirs
            #expect(count == 150)
            #expect(try await store.list(JobFilter.all).jobs.count == 150)
        }
    }

    @Test func aHeadThatIsGoneIsNobodysJob() async throws {
        try await withStore { store async throws in
            try await store.push("inbox:application", document("a", "1"), document("b", "2"))
            let read = try await store.inbox(.application)
            #expect(try await store.admit(read, type: .application) == 2)
            #expect(try await store.admit(read, type: .application) == 0)
            try await store.push("inbox:application", "junk")
            #expect(try await store.admit(read, type: .application) == 0)
            #expect(try await store.list("inbox:application") == ["junk"])
            #expect(try await store.admitAll() == 1)
        }
    }

    @Test func anIdInUseIsRejectedAndChangesNothing() async throws {
        try await withStore { store async throws in
            try await store.add("a", "1")
            let before = try await store.snapshot("a")
            try await store.push(
                "inbox:application",
                document("a", "2", #","replyTo":"\#(store.keys.prefix):reply:1""#)
            )
            #expect(try await store.admitAll() == 1)
            #expect(try await store.snapshot("a") == before)
            let reply = try JSON(parsing: try #require(try await store.list("reply:1").first))
            #expect(reply["ok"] == false)
            #expect(reply["error"]?["code"] == "id_in_use")
            #expect(reply["error"]?["fieldErrors"]?["id"] != nil)
            let ttl = try await store.redis.send(["TTL", .string("\(store.keys.prefix):reply:1")]).int ?? 0
            #expect((1...60).contains(ttl))
        }
    }

    /// Nobody can put something where Hoistway looks for something else, or an end to what others keep.
    @Test func answersGoToNoKeyOfOursAndEndNoListOfOthers() async throws {
        try await withStore { store async throws in
            let families = Set(Scripts.all.flatMap { $0.source.matches(of: /P \.\. '([a-z]+)/).map { String($0.1) } })
            #expect(families.count > 40 && families.isSuperset(of: ["inbox", "idempotency", "resource", "login"]))
            try await store.add("a", "1")
            let reply = try await store.redis.send(["KEYS", .string("\(store.keys.prefix):*")])
            let before = Set((reply.array ?? []).compactMap(\.string))
            for family in families.sorted() {
                for key in [family, "\(family):x"] where !before.contains("\(store.keys.prefix):\(key)") {
                    let list = JSON.string("\(store.keys.prefix):\(key)")
                    try await store.push("inbox:application", #"{"id":"a","resourceId":"2","replyTo":\#(list)}"#)
                    #expect(try await store.admitAll() == 1)
                    #expect(try await !store.exists(key) || key == "rejected", "\(key)")
                }
            }
            let (others, own) = ("\(store.keys.prefix):others", "\(store.keys.prefix):own")
            _ = try await store.redis.send(["RPUSH", .string(others), "precious"])
            for list in [others, own, own] {
                try await store.push("inbox:application", document("a", "2", #","replyTo":"\#(list)""#))
                #expect(try await store.admitAll() == 1)
            }
            #expect(try await store.redis.send(["TTL", .string(others)]).int == -1)
            #expect(try await store.list("others").count == 2)
            #expect(try await store.list("own").count == 2)
            #expect(try #require(try await store.redis.send(["TTL", .string(own)]).int) > 50)
            _ = try await store.redis.send(["DEL", .string(others)])
        }
    }

    @Test func oneIdempotencyKeyMakesOneJob() async throws {
        try await withStore { store async throws in
            let first = try await store.enqueue(.of("a") { $0.idempotencyKey = "once" })
            #expect(first == .accepted(id: "a"))
            #expect(try await store.enqueue(.of("b", "elsewhere") { $0.idempotencyKey = "once" }) == .existing(id: "a"))
            try await store.push(
                "inbox:application",
                #"{"applicationId":"x","idempotencyKey":"once","replyTo":"\#(store.keys.prefix):reply"}"#
            )
            #expect(try await store.admitAll() == 1)
            #expect(try await store.list("reply") == [#"{"ok":true,"id":"a"}"#])
            let ttl = try await store.redis.send(["TTL", .string("\(store.keys.prefix):idempotency:once")]).int ?? 0
            #expect((86_390...86_400).contains(ttl))
            try await store.remove("a")
            #expect(try await store.enqueue(.of("c") { $0.idempotencyKey = "once" }) == .accepted(id: "c"))
        }
    }

    @Test func aRequestSentTwiceMakesOneJob() async throws {
        try await withStore { store async throws in
            let document = JobDocument.of("a")
            #expect(try await store.enqueue(document, requestID: "r") == .accepted(id: "a"))
            #expect(try await store.enqueue(document, requestID: "r") == .existing(id: "a"))
            #expect(try await refusal { _ = try await store.enqueue(document, requestID: "s") } == .idInUse)
            #expect(try await store.job("a")?.fields["requestId"] == "r")
        }
    }

    @Test func whatIsInvalidIsRejectedAndBlocksNothing() async throws {
        try await withStore { store async throws in
            let reply = "\(store.keys.prefix):reply"
            try await store.push("inbox:application", document("a", "1"), "\u{1}\u{2}junk", "", "[]", "{\"id\":\"x\"")
            _ = try await store.redis.send([
                "RPUSH", .string(store.keys.inbox(.application)), .bytes([0xFF, 0xFE, 0, 0x7B]),
            ])
            try await store.push("inbox:application", document("bad", "1", #","priorty":3,"replyTo":"\#(reply)""#))
            try await store.push("inbox:application", document("b", "2"))
            #expect(try await store.admitAll() == 8)
            #expect(try await store.list("queue:application") == ["a", "b"])
            let rejected = try await store.list("rejected").map { try JSON(parsing: $0) }
            #expect(rejected.count == 6)
            let newest = try #require(rejected.first?.objectValue)
            #expect(newest.keys == ["raw", "error", "at", "queue"])
            #expect(newest["raw"]?.stringValue?.contains("priorty") == true)
            #expect(newest["queue"] == "inbox:application")
            #expect(newest["at"]?.stringValue.flatMap { Timestamp(parsing: $0) } != nil)
            let error = try #require(newest["error"]?.objectValue)
            #expect(error.keys == ["code", "message", "fieldErrors"])
            #expect(error["fieldErrors"]?["priorty"] == "unknown field; did you mean \"priority\"?")
            #expect(try await store.list("reply").first.map { try JSON(parsing: $0) }?["ok"] == false)

            let job = try #require(try await store.job("bad"))
            #expect(job.state == .error(.rejected))
            #expect(job.json("error")?["code"] == "invalid_document")
            #expect(try await store.history("bad")?.compactMap { $0["event"] } == ["rejected"])
            try await store.remove("bad")
        }
    }

    @Test func theListOfTheRejectedIsBoundedAndItsRawTextsAreCut() async throws {
        try await withStore { store async throws in
            for batch in 0..<11 {
                for number in 0..<100 { try await store.push("inbox:application", "junk \(batch) \(number)") }
                #expect(try await store.admitAll() == 100)
            }
            let rejected = try await store.list("rejected")
            #expect(rejected.count == 1000)
            #expect(try JSON(parsing: rejected[0])["raw"] == "junk 10 99")
            try await store.push("inbox:application", String(repeating: "é", count: 100_000))
            try await store.admitAll()
            let cut = try JSON(parsing: try #require(try await store.list("rejected").first))["raw"]?.stringValue ?? ""
            #expect(cut.utf8.count <= 64 * 1024)
            #expect(cut.utf8.count > 64 * 1024 - 8)
        }
    }

    @Test func anUnknownTypeIsRejectedAndStaysUnknown() async throws {
        try await withStore { store async throws in
            let type = JobType("nobody")
            try await store.push("inbox:nobody", #"{"id":"a","resourceId":"1"}"#)
            #expect(try await store.admitAll(type) == 1)
            #expect(try await store.job("a")?.state == .error(.rejected))
            #expect(try await store.knownTypes().contains(type) == false)
        }
    }

    @Test(arguments: ["inbox:application", "control", "queue:application", "job:a"])
    func repliesNeverLandInOurOwnLists(key: String) async throws {
        try await withStore { store async throws in
            let text = document("a", "1", #","replyTo":"\#(store.keys.prefix):\#(key)""#)
            try await store.push("inbox:application", text, document("b", "2"))
            #expect(try await store.admitAll() == 2)
            #expect(try await store.list("queue:application") == ["a", "b"])
            #expect(try await store.exists("control") == false)
        }
    }

    @Test func aReplyListOfTheWrongKindHarmsNothing() async throws {
        try await withStore { store async throws in
            _ = try await store.redis.send(["SET", .string("\(store.keys.prefix):text"), "x"])
            try await store.push("inbox:application", document("a", "1", #","replyTo":"\#(store.keys.prefix):text""#))
            #expect(try await store.admitAll() == 1)
            #expect(try await store.state("a") == .queued)
        }
    }

    @Test func dependenciesFirstThenTheRest() async throws {
        try await withStore { store async throws in
            #expect(try await refusal { try await store.add("x") { $0.dependsOn = ["nobody"] } } == .unknownDependency)
            #expect(try await refusal { try await store.add("x") { $0.dependsOn = ["x"] } } == .unknownDependency)
            #expect(try await store.job("x") == nil)
            try await store.add("a")
            try await store.add("b")
            try await store.add("c") { $0.dependsOn = ["a", "b"] }
            #expect(try await store.state("c") == .blocked)
            try await store.end(try await store.run())
            #expect(try await store.state("c") == .blocked)
            try await store.end(try await store.run())
            #expect(try await store.state("c") == .queued)
            try await store.add("d") { $0.dependsOn = ["a"] }
            #expect(try await store.state("d") == .queued)
        }
    }

    @Test func aFailedDependencySkipsAllThatHangsOnIt() async throws {
        try await withStore { store async throws in
            try await store.add("a")
            try await store.add("b") { $0.dependsOn = ["a"] }
            try await store.add("c") { $0.dependsOn = ["b"] }
            try await store.end(try await store.run(), Outcome(.failed))
            #expect(try await store.state("b") == .error(.skipped))
            #expect(try await store.state("c") == .error(.skipped))
            try await store.add("waiting", "r")
            try await store.add("late", "r") {
                $0.dependsOn = ["a"]; $0.onConflict = .supersede
            }
            #expect(try await store.state("late") == .error(.skipped))
            #expect(try await store.state("waiting") == .queued)
        }
    }

    @Test func dependentsAskForTheirTurnInTheOrderOfAcceptance() async throws {
        try await withStore { store async throws in
            try await store.add("a", type: .backup)
            let ids = (0..<20).map { "d\($0)" }
            for id in ids { try await store.add(id, "one") { $0.dependsOn = ["a"] } }
            try await store.end(try await store.run(.worker(types: [.backup])))
            var started: [String] = []
            while let job = try await store.claim(.worker(), count: 1).first {
                started.append(job.id)
                try await store.end(job)
            }
            #expect(started == ids)
        }
    }

    @Test func aThousandDependentsAreSettledInBoundedSteps() async throws {
        try await withStore { store async throws in
            try await store.add("a")
            for number in 0..<350 { try await store.add("d\(number)") { $0.dependsOn = ["a"] } }
            for number in 0..<350 { try await store.add("e\(number)") { $0.dependsOn = ["d\(number)"] } }
            try await store.end(try await store.run(), Outcome(.failed))
            #expect(try await store.violations() == [])
            var ticks = 0
            while try await store.tick(process: "p", canListen: false).hasMoreDue { ticks += 1 }
            #expect(ticks < 200)
            #expect(try await store.list(JobFilter.all).jobs.filter { $0.state == .error(.skipped) }.count == 700)
        }
    }

    @Test func supersedeEndsTheOlderAndKeepsTheirPlace() async throws {
        try await withStore { store async throws in
            try await store.add("running", "r")
            try await store.run()
            try await store.add("b", "r")
            try await store.add("c", "r")
            try await store.add("later", "r") { $0.delay = .seconds(3600) }
            try await store.add("last", "r") { $0.onConflict = .supersede }
            for id in ["b", "c", "later"] {
                #expect(try await store.state(id) == .error(.superseded))
                #expect(try await store.job(id)?.fields["supersededBy"] == "last")
            }
            #expect(try await store.state("running") == .running)
            #expect(try await store.state("last") == .blocked)
        }
    }

    @Test func supersedeTakesTheTurnAndThePlaceInTheQueue() async throws {
        try await withStore { store async throws in
            try await store.add("a", "1")
            try await store.add("b", "2")
            try await store.add("c", "3")
            try await store.add("b2", "2") { $0.onConflict = .supersede }
            #expect(try await store.list("queue:application") == ["a", "b2", "c"])
            try await store.add("b3", "2") {
                $0.onConflict = .supersede; $0.priority = 0
            }
            #expect(try await store.list("queue:application") == ["a", "c"])
            #expect(try await store.take(3) == ["b3", "a", "c"])
        }
    }

    @Test func supersedeEndsWhatWaitsForARetry() async throws {
        try await withStore { store async throws in
            try await store.add("a", "r") { $0.maxAttempts = 3 }
            try await store.end(try await store.run(), Outcome(.failed, wait: .seconds(3600)))
            try await store.add("b", "r") { $0.onConflict = .supersede }
            #expect(try await store.state("a") == .error(.superseded))
            #expect(try await store.take() == ["b"])
        }
    }

    @Test func supersedeEndsEveryOneOfAThousand() async throws {
        try await withStore { store async throws in
            try await store.add("holder", "r")
            for number in 0..<300 { try await store.add("w\(number)", "r") }
            try await store.add("last", "r") { $0.onConflict = .supersede }
            #expect(try await store.list("queue:application") == ["last"])
            while try await store.tick(process: "p", canListen: false).hasMoreDue {}
            #expect(try await store.state("w299") == .error(.superseded))
        }
    }

    @Test func supersedeRunningKillsWhatRuns() async throws {
        try await withStore { store async throws in
            try await store.add("a", "r")
            let job = try await store.run()
            try await store.add("b", "r") { $0.onConflict = .supersedeRunning }
            #expect(try await store.state("b") == .blocked)
            #expect(try await store.job("a")?.json("kill")?["requestedAt"] != nil)
            #expect(Array(try await store.tick(process: "p", canListen: false, worker: ("w1", [])).kills.keys) == ["a"])
            try await store.end(job, Outcome(.killed))
            #expect(try await store.state("a") == .error(.superseded))
            #expect(try await store.take() == ["b"])
        }
    }

    @Test func rejectRefusesWhileTheKeyIsInUse() async throws {
        try await withStore { store async throws in
            try await store.add("a", "r") { $0.onConflict = .reject }
            #expect(try await refusal { try await store.add("b", "r") { $0.onConflict = .reject } } == .conflict)
            let job = try await store.run()
            #expect(try await refusal { try await store.add("b", "r") { $0.onConflict = .reject } } == .conflict)
            try await store.end(job)
            try await store.add("b", "r") { $0.onConflict = .reject }
        }
    }

    @Test func aStartDeadlineEndsWhatWaitsTooLong() async throws {
        try await withStore { store async throws in
            try await store.add("a", "r")
            try await store.add("b", "r") { $0.startDeadline = TimeSpan(milliseconds: 20) }
            try await store.add("c", "other") { $0.startDeadline = TimeSpan(milliseconds: 20) }
            let starting = try await store.claim(.worker(), count: 2)
            try await eventually("the deadline") {
                _ = try await store.tick(process: "p", canListen: false)
                return try await store.state("b") == .error(.expired)
            }
            #expect(try await store.state("c") == .starting)
            let released = try #require(starting.last)
            #expect(try await store.release(released.id, fence: try #require(released.fence)) == .ok)
            try await eventually("the deadline of a released job") {
                _ = try await store.tick(process: "p", canListen: false)
                return try await store.state("c") == .error(.expired)
            }
        }
    }

    @Test func theDeadlineCountsFromWhenItMayStart() async throws {
        try await withStore { store async throws in
            try await store.add("a") {
                $0.delay = .seconds(3600); $0.startDeadline = .seconds(1)
            }
            let score = try await store.redis.send(["ZSCORE", .string("\(store.keys.prefix):deadlines"), "a"]).string
            let deadline = score.flatMap { Double($0) } ?? 0
            #expect(deadline > Double(Timestamp.now().milliseconds + 3_590_000))
        }
    }

    @Test func whatIsDelayedStartsWhenDueAndStandsBehindThoseBeforeIt() async throws {
        try await withStore { store async throws in
            try await store.add("due", "r") { $0.delay = TimeSpan(milliseconds: 2000) }
            try await store.add("at", "s") { $0.runAt = Timestamp(milliseconds: Timestamp.now().milliseconds + 2000) }
            try await store.add("past", "t") { $0.runAt = Timestamp(milliseconds: 0) }
            #expect(try await store.state("due") == .delayed)
            #expect(try await store.job("at")?.time("runAt") != nil)
            #expect(try await store.state("past") == .queued)
            try await store.add("first", "r")
            try await store.add("second", "r")
            try await eventually("both are due") {
                _ = try await store.tick(process: "p", canListen: false)
                let states = [try await store.state("at"), try await store.state("due")]
                return states == [.queued, .blocked]
            }
            var order: [String] = []
            while let job = try await store.claim(.worker(), count: 1).first {
                order.append(job.id)
                try await store.end(job)
            }
            #expect(order.filter { !["past", "at"].contains($0) } == ["first", "second", "due"])
        }
    }
}
