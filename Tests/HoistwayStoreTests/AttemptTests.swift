import HoistwayModel
import HoistwayStore
import RESP
import RedisClient
import TestSupport
import Testing

/// What happens to an attempt, and who may say so.
@Suite(.redis, .timeLimit(.minutes(2))) struct AttemptTests {
    @Test func anOlderFenceIsRefusedEverywhere() async throws {
        try await withStore { store async throws in
            try await store.add("a") { $0.maxAttempts = 5 }
            let first = try await store.run()
            try await store.end(first, Outcome(.failed))
            try await store.promote("a")
            let second = try await store.run()
            let before = try await store.snapshot("a")
            let stale = try #require(first.fence)
            #expect(try await store.started("a", fence: stale, pid: 1, startTime: 1, log: "/l") == .staleFence)
            #expect(try await store.report("a", fence: stale, fields: [("stage", "x")], data: nil) == .staleFence)
            #expect(try await store.release("a", fence: stale) == .staleFence)
            let piece = LogPiece(offset: 0, bytes: [1])
            #expect(try await store.appendLog("a", fence: stale, piece, most: 10, all: 10) == .staleFence)
            for kind in Outcome.Kind.allCases { #expect(try await store.end(first, Outcome(kind)) == .staleFence) }
            #expect(try await store.snapshot("a") == before)
            try await store.end(second)
        }
    }

    @Test func whatDoesNotExistIsNotFound() async throws {
        try await withStore { store async throws in
            #expect(try await store.started("a", fence: 1, pid: 1, startTime: 1, log: "/l") == .notFound)
            #expect(try await store.finish("a", fence: 1, Outcome(.done)) == .notFound)
            #expect(try await store.release("a", fence: 1) == .notFound)
            #expect(try await store.report("a", fence: 1, fields: [], data: nil) == .notFound)
            #expect(try await refusal { _ = try await store.kill("a", KillOrder()) } == .notFound)
            #expect(try await refusal { try await store.remove("a") } == .notFound)
            #expect(try await refusal { try await store.promote("a") } == .notFound)
            #expect(try await refusal { _ = try await store.retry("a") } == .notFound)
            #expect(try await store.history("a") == nil)
        }
    }

    @Test func saidTwiceItHappensOnce() async throws {
        try await withStore { store async throws in
            try await store.add("a") { $0.maxAttempts = 2 }
            let job = try await store.run()
            let running = try await store.snapshot("a")
            let fence = try #require(job.fence)
            #expect(try await store.started("a", fence: fence, pid: 2, startTime: 1, log: "/other") == .already)
            #expect(try await store.snapshot("a") == running)
            #expect(try await store.end(job, Outcome(.failed, wait: .seconds(60))) == .ok)
            let retrying = try await store.snapshot("a")
            #expect(try await store.end(job, Outcome(.failed)) == .already)
            #expect(try await store.started("a", fence: fence, pid: 2, startTime: 1, log: "/other") == .already)
            #expect(try await store.release("a", fence: fence) == .already)
            #expect(try await store.snapshot("a") == retrying)
        }
    }

    @Test func aRunningJobSaysWhereItRuns() async throws {
        try await withStore { store async throws in
            try await store.add("a")
            let claimed = try await store.takeOne()
            #expect(claimed.state == .starting)
            #expect(claimed.attempt == 1)
            #expect(claimed.workerID == "w1")
            #expect(claimed.host == "host-w1")
            #expect(claimed.pid == nil)
            try await store.start(claimed)
            let running = try #require(try await store.job("a"))
            #expect(running.pid == 4711)
            #expect(running.integer("pidStartTime") == 99)
            #expect(running.logPath == "/data/a/log")
            #expect(running.reason == nil)
            try await store.end(running, Outcome(.done, fields: [("exitCode", "0"), ("logBytes", "17")]))
            let done = try #require(try await store.job("a"))
            #expect(done.state == .done)
            #expect(done.pid == nil)
            #expect(done.progress == 100)
            #expect(done.logBytes == 17)
            #expect(done.completedAt != nil)
        }
    }

    @Test func progressNeverFallsAndIsFullOnlyAtTheEnd() async throws {
        try await withStore { store async throws in
            try await store.add("a")
            let job = try await store.run()
            let fence = try #require(job.fence)
            for (told, shown) in [("30", 30), ("10", 30), ("55.9", 55), ("100", 99), ("12", 99)] {
                #expect(try await store.report("a", fence: fence, fields: [("progress", told)], data: ["p": 1]) == .ok)
                #expect(try await store.job("a")?.progress == shown)
            }
            let events = try await store.recentEvents(1)
            #expect(events.first?.event["event"] == "progress")
            #expect(events.first?.event["data"] == ["p": 1])
            try await store.end(job)
        }
    }

    @Test(arguments: [Outcome.Kind.failed, .timeout, .idle])
    func failuresUseUpTheAttempts(kind: Outcome.Kind) async throws {
        try await withStore { store async throws in
            try await store.add("a") { $0.maxAttempts = 3 }
            for attempt in 1...3 {
                let job = try await store.run()
                #expect(job.attempt == attempt)
                try await store.end(job, Outcome(kind, wait: .seconds(60), fields: [("exitCode", "1")]))
                if attempt < 3 {
                    let waiting = try #require(try await store.job("a"))
                    #expect(waiting.state == .retrying)
                    #expect(waiting.time("runAt") ?? .now() > .now())
                    #expect(
                        try await store.history("a")?.last?["data"] == ["cause": .string(kind.rawValue), "wait": 60]
                    )
                    try await store.promote("a")
                }
            }
            let job = try #require(try await store.job("a"))
            #expect(job.state == .error(JobReason(rawValue: kind.rawValue) ?? .failed))
            #expect(job.failures == 3)
        }
    }

    @Test func anAttemptStartsWithoutTheLastOnesTraces() async throws {
        try await withStore { store async throws in
            try await store.add("a") { $0.maxAttempts = 2 }
            let job = try await store.run()
            let fields = [("exitCode", "3"), ("error", "{}"), ("stage", "x"), ("message", "m"), ("signal", "KILL")]
            try await store.end(job, Outcome(.failed, fields: fields))
            try await store.promote("a")
            let second = try await store.run()
            for (name, _) in fields { #expect(second.fields[name] == nil) }
            #expect(second.progress == 0)
        }
    }

    @Test func oneAttemptIsTheDefault() async throws {
        try await withStore { store async throws in
            for kind in [Outcome.Kind.failed, .timeout, .idle, .lost] {
                try await store.add("\(kind)")
                try await store.end(try await store.run(), Outcome(kind))
                #expect(try await store.state("\(kind)")?.status == .error)
            }
        }
    }

    @Test func whatCouldNotBeStartedIsTriedThreeTimesMore() async throws {
        try await withStore { store async throws in
            try await store.add("a")
            for attempt in 1...4 {
                let job = try await store.takeOne()
                #expect(job.attempt == attempt)
                try await store.end(job, Outcome(.spawn))
                if attempt < 4 { try await store.promote("a") }
            }
            #expect(try await store.state("a") == .error(.spawn))
            #expect(try await store.job("a")?.failures == 0)
        }
    }

    @Test func lostIsRetriedOnlyWhereAskedForAndThreeTimesInARow() async throws {
        try await withStore { store async throws in
            try await store.add("a") { $0.maxAttempts = 2 }
            for attempt in 1...4 {
                try await store.end(try await store.run(), Outcome(.lost))
                if attempt < 4 { try await store.promote("a") }
            }
            #expect(try await store.state("a") == .error(.lost))
            try await store.add("b") { $0.maxAttempts = 9 }
            for kind in [Outcome.Kind.lost, .lost, .lost, .failed, .lost, .lost, .lost] {
                try await store.end(try await store.run(), Outcome(kind))
                #expect(try await store.state("b") == .retrying)
                try await store.promote("b")
            }
            try await store.end(try await store.run())
        }
    }

    @Test func temporaryIsRetriedThreeTimesEvenWithOneAttempt() async throws {
        try await withStore { store async throws in
            try await store.add("a")
            for attempt in 1...4 {
                try await store.end(try await store.run(), Outcome(.failed, isTemporary: true))
                #expect(try await store.state("a") == (attempt < 4 ? .retrying : .error(.failed)))
                if attempt < 4 { try await store.promote("a") }
            }
        }
    }

    @Test func whatIsNotRepeatableWinsOverEverything() async throws {
        try await withStore { store async throws in
            try await store.add("a") { $0.maxAttempts = 9 }
            try await store.end(try await store.run(), Outcome(.failed, isRepeatable: false, isTemporary: true))
            #expect(try await store.state("a") == .error(.failed))
        }
    }

    @Test func aRetryKeepsItsTurn() async throws {
        try await withStore { store async throws in
            try await store.add("a", "r") { $0.maxAttempts = 2 }
            try await store.add("b", "r")
            try await store.end(try await store.run(), Outcome(.failed, wait: TimeSpan(milliseconds: 10)))
            #expect(try await store.take() == [])
            try await eventually("the retry") {
                _ = try await store.tick(process: "p", canListen: false)
                return try await store.state("a") == .queued
            }
            #expect(try await store.take() == ["a"])
            #expect(try await store.state("b") == .blocked)
        }
    }

    @Test func aKillWinsOverARetry() async throws {
        try await withStore { store async throws in
            try await store.add("a") { $0.maxAttempts = 9 }
            let job = try await store.run()
            #expect(try await store.kill("a", KillOrder(signal: .kill, by: "me", why: "\"quoted\"\n")) == .requested)
            let receipt = try #require(try await store.job("a")?.json("kill"))
            #expect(receipt["by"] == "me")
            #expect(receipt["why"] == "\"quoted\"\n")
            #expect(receipt["signals"] == [])
            #expect(receipt["deliveredAt"] == .null)
            let revision = try await store.job("a")?.revision
            #expect(try await store.kill("a", KillOrder()) == .requested)
            #expect(try await store.job("a")?.revision == revision)
            let kills = try await store.tick(process: "p", canListen: false, worker: ("w1", [])).kills
            #expect(kills["a"]?["signal"] == .null)
            try await store.end(job, Outcome(.failed))
            #expect(try await store.state("a") == .error(.killed))
            #expect(try await store.tick(process: "p", canListen: false, worker: ("w1", [])).kills.isEmpty)
            #expect(try await refusal { _ = try await store.kill("a", KillOrder()) } == .alreadyEnded)
        }
    }

    @Test func aKillWhileStartingEndsTheReleasedJob() async throws {
        try await withStore { store async throws in
            try await store.add("a")
            let job = try await store.takeOne()
            #expect(try await store.kill("a", KillOrder()) == .requested)
            #expect(try await store.state("a") == .starting)
            #expect(try await store.release("a", fence: try #require(job.fence)) == .ok)
            #expect(try await store.state("a") == .error(.killed))
        }
    }

    @Test func aProcessThatWasFasterThanItsKillIsDone() async throws {
        try await withStore { store async throws in
            try await store.add("a", "r")
            let job = try await store.run()
            try await store.add("b", "r") { $0.onConflict = .supersedeRunning }
            try await store.end(job)
            #expect(try await store.state("a") == .done)
            #expect(try await store.job("a")?.fields["supersededBy"] == nil)
        }
    }

    @Test func aReleasedJobStandsFirstAndItsAttemptDoesNotCount() async throws {
        try await withStore { store async throws in
            for id in ["a", "b", "c"] { try await store.add(id) }
            let job = try await store.takeOne()
            #expect(try await store.release("a", fence: try #require(job.fence)) == .ok)
            #expect(try await store.list("queue:application") == ["a", "b", "c"])
            let again = try await store.takeOne()
            #expect(again.id == "a")
            #expect(again.attempt == 1)
            #expect(try #require(again.fence) > #require(job.fence))
        }
    }

    @Test func aJobReleasedIntoAPausedTypeIsPaused() async throws {
        try await withStore { store async throws in
            try await store.add("a")
            let job = try await store.takeOne()
            try await store.pause("application", true)
            #expect(try await store.release("a", fence: try #require(job.fence)) == .ok)
            #expect(try await store.state("a") == .paused)
            try await store.pause("application", false)
            #expect(try await store.state("a") == .queued)
        }
    }

    @Test func aRunningJobIsNotReleased() async throws {
        try await withStore { store async throws in
            try await store.add("a")
            let job = try await store.run()
            #expect(try await store.release("a", fence: try #require(job.fence)) == .wrongState)
        }
    }

    @Test func anEndBeforeItsStartWasToldHasBothInItsHistory() async throws {
        try await withStore { store async throws in
            try await store.add("a")
            try await store.end(try await store.takeOne(), Outcome(.done, fields: [("exitCode", "0")]))
            let events = try await store.history("a")?.compactMap { $0["event"]?.stringValue }
            #expect(events == ["accepted", "claimed", "started", "done"])
            #expect(try await store.job("a")?.startedAt != nil)
        }
    }
}
