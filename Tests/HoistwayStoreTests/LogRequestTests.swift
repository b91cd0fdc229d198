import HoistwayModel
import HoistwayStore
import RESP
import RedisClient
import TestSupport
import Testing

/// Logs that are read after their copies are gone: the worker that has the file is asked, its part is played here.
@Suite(.redis, .timeLimit(.minutes(1))) struct LogRequestTests {
    private static let text = [UInt8]("hello\nworld\n".utf8)

    /// A worker on record and a job that ended on it, whose log has no copy.
    private func endedJob(_ store: Store) async throws -> Job {
        _ = try await store.register(types: everyType, worker: ("w1", [("host", "host-w1")]))
        try await store.add("a")
        let job = try await store.run()
        try await store.end(job, Outcome(.done, fields: [("logBytes", String(LogRequestTests.text.count))]))
        return try #require(try await store.job("a"))
    }

    private func wanted(_ store: Store) async throws -> [String] {
        try await store.tick(process: "p", canListen: false, worker: ("w1", [])).wantedLogs
    }

    private func append(
        _ store: Store,
        _ job: Job,
        _ bytes: ArraySlice<UInt8> = text[...],
        all: Int = 10_000
    ) async throws -> StoreCode {
        let piece = LogPiece(offset: bytes.startIndex, bytes: Array(bytes))
        return try await store.appendLog(job.id, fence: try #require(job.fence), piece, most: 1000, all: all)
    }

    @Test func twoReadersGetOneCopy() async throws {
        try await withStore { store async throws in
            let job = try await endedJob(store)
            async let first = store.provideLog(of: job, patience: .seconds(30))
            async let second = store.provideLog(of: job, patience: .seconds(30))
            try await eventually("the request") { try await wanted(store) == ["a"] }
            // Until the worker has told that it is done it is told again, should it have missed the answer.
            #expect(try await wanted(store) == ["a"])
            #expect(try await append(store, job, LogRequestTests.text[..<6]) == .ok)
            #expect(try await append(store, job, LogRequestTests.text[6...]) == .ok)
            try await store.provided("a", worker: "w1")
            let copied = (try await first, try await second)
            #expect(copied == (true, true))
            #expect(try await store.provideLog(of: job))
            #expect(try await wanted(store) == [])
            #expect(try await store.logPieces("a", after: 0).flatMap(\.bytes) == LogRequestTests.text)
            let reply = try await store.redis.send(["ZSCORE", .string("\(store.keys.prefix):logs:ended"), "a"])
            #expect(reply.isNull == false)
        }
    }

    @Test func onlyAWorkerThatIsUpIsAskedAndOnlyForEndedJobs() async throws {
        try await withStore { store async throws in
            let job = try await endedJob(store)
            let worker = store.keys.worker("w1")
            let signs = ["heartbeatAt": "2020-01-01T00:00:00.000Z", "state": "unreachable"]
            for (field, value) in signs {
                _ = try await store.register(types: everyType, worker: ("w1", []))
                _ = try await store.redis.send(["HSET", .string(worker), .string(field), .string(value)])
                #expect(try await !store.provideLog(of: job, patience: .seconds(30)), "\(field)")
                #expect(try await !store.exists("worker:w1:logs"), "\(field)")
            }
            for state in ["stopped", "detached"] {
                _ = try await store.register(types: everyType, worker: ("w1", []))
                #expect(try await !store.provideLog(of: job, patience: .zero))
                #expect(try await store.exists("worker:w1:logs"))
                try await store.leave("w1", state: state)
                #expect(try await !store.exists("worker:w1:logs"))
            }
            _ = try await store.register(types: everyType, worker: ("w1", []))
            #expect(try await !store.provideLog(of: job, patience: .zero))
            _ = try await store.forgetWorker("w1")
            #expect(try await !store.exists("worker:w1:logs"))
            #expect(try await !store.provideLog(of: job, patience: .seconds(30)))

            _ = try await store.register(types: everyType, worker: ("w1", []))
            try await store.add("b")
            let running = try await store.run()
            #expect(try await !store.provideLog(of: running, patience: .seconds(30)))
            #expect(try await wanted(store) == [])
        }
    }

    @Test func aWorkerThatDiesOrHasNoFileLeavesNothing() async throws {
        try await withStore { store async throws in
            let job = try await endedJob(store)
            #expect(try await !store.provideLog(of: job, patience: .milliseconds(100)))
            let key = RedisArgument.string(store.keys.wantedLogs(of: "w1"))
            let ttl = try await store.redis.send(["TTL", key]).int
            #expect(ttl.map { (1...60).contains($0) } == true)
            try await store.provided("a", worker: "w1")
            async let answer = store.provideLog(of: job, patience: .seconds(30))
            try await eventually("the request") { try await wanted(store) == ["a"] }
            try await store.provided("a", worker: "w1")
            let isCopied = try await answer
            #expect(!isCopied)
            #expect(try await store.exists("job:a:log") == false)
        }
    }

    @Test func aRemovedJobIsNotResurrected() async throws {
        try await withStore { store async throws in
            let job = try await endedJob(store)
            async let answer = store.provideLog(of: job, patience: .seconds(30))
            try await eventually("the request") { try await wanted(store) == ["a"] }
            try await store.remove("a")
            let isCopied = try await answer
            #expect(!isCopied)
            #expect(try await wanted(store) == [])
            #expect(try await append(store, job) == .notFound)
            #expect(try await !store.provideLog(of: job))
            #expect(try await store.exists("job:a:log") == false)
        }
    }

    @Test func aCopyOfWhichNothingWasKeptIsMadeAnew() async throws {
        try await withStore { store async throws in
            let job = try await endedJob(store)
            #expect(try await append(store, job, all: 5) == .ok)
            #expect(try await store.exists("job:a:log"))
            #expect(try await append(store, job) == .already)
            async let answer = store.provideLog(of: job, patience: .seconds(30))
            try await eventually("the request") { try await wanted(store) == ["a"] }
            #expect(try await append(store, job) == .ok)
            let isCopied = try await answer
            #expect(isCopied)
            try await store.provided("a", worker: "w1")
        }
    }

    @Test func theEndThatACopyLacksIsBroughtToo() async throws {
        try await withStore { store async throws in
            let job = try await endedJob(store)
            #expect(try await append(store, job, LogRequestTests.text[..<6]) == .ok)
            async let answer = store.provideLog(of: job, patience: .seconds(30))
            try await eventually("the request") { try await wanted(store) == ["a"] }
            #expect(try await append(store, job, LogRequestTests.text[..<6]) == .already)
            #expect(try await append(store, job, LogRequestTests.text[6...]) == .ok)
            let isCopied = try await answer
            #expect(isCopied)
            try await store.provided("a", worker: "w1")
            // With nobody there to ask, what there is is read.
            try await store.leave("w1", state: "stopped")
            _ = try await store.redis.send(["HSET", .string(store.keys.job("a")), "logBytes", "99"])
            #expect(try await store.provideLog(of: try #require(try await store.job("a")), patience: .seconds(30)))
        }
    }
}
