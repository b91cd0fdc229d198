import HoistwayModel
import HoistwayStore
import RESP
import RedisClient
import TestSupport
import Testing

/// The copies of logs in Redis and their bounds.
@Suite(.redis, .timeLimit(.minutes(1))) struct LogCopyTests {
    private func append(
        _ store: Store,
        _ job: Job,
        _ offset: Int,
        _ count: Int,
        most: Int = 1000,
        all: Int = 10_000
    ) async throws -> StoreCode {
        let bytes = [UInt8](repeating: UInt8(offset & 0xFF), count: count)
        let piece = LogPiece(offset: offset, bytes: bytes)
        return try await store.appendLog(job.id, fence: try #require(job.fence), piece, most: most, all: all)
    }

    private func sizes(_ store: Store) async throws -> [String: Int] {
        let reply = try await store.redis.send(["HGETALL", .string("\(store.keys.prefix):logs:bytes")]).array ?? []
        var sizes: [String: Int] = [:]
        for index in stride(from: 0, to: reply.count - 1, by: 2) {
            sizes[reply[index].string ?? ""] = reply[index + 1].int
        }
        return sizes
    }

    @Test func aPieceSentTwiceIsThereOnceAndGapsStay() async throws {
        try await withStore { store async throws in
            try await store.add("a")
            let job = try await store.run()
            #expect(try await append(store, job, 0, 10) == .ok)
            #expect(try await append(store, job, 0, 10) == .already)
            #expect(try await append(store, job, 10, 5) == .ok)
            #expect(try await append(store, job, 100, 7) == .ok)
            #expect(try await sizes(store) == ["a": 22, "": 22])
            let pieces = try await store.logPieces("a", after: 0)
            #expect(pieces.map(\.offset) == [0, 10, 100])
            #expect(pieces.map(\.end) == [10, 15, 107])
            #expect(pieces[1].bytes == [UInt8](repeating: 10, count: 5))
            #expect(try await store.logPieces("a", after: 9).map(\.offset) == [0, 10, 100])
            #expect(try await store.logPieces("a", after: 10).map(\.offset) == [10, 100])
            #expect(try await store.logPieces("a", after: 107).isEmpty)
            #expect(try await store.lastLogPieces("a", count: 2).map(\.offset) == [10, 100])
        }
    }

    @Test func oneCopyDropsItsOldestBytes() async throws {
        try await withStore { store async throws in
            try await store.add("a")
            let job = try await store.run()
            for piece in 0..<50 { _ = try await append(store, job, piece * 100, 100, most: 450) }
            #expect(try await sizes(store)["a"] == 400)
            #expect(try await store.logPieces("a", after: 0).map(\.offset) == [4600, 4700, 4800, 4900])
        }
    }

    @Test func theEndedGoFirstThenTheLargest() async throws {
        try await withStore { store async throws in
            for id in ["ended", "large", "small"] { try await store.add(id) }
            let jobs = try await store.claim(.worker(), count: 3)
            for job in jobs { try await store.start(job) }
            for job in jobs.prefix(2) {
                for piece in 0..<4 { _ = try await append(store, job, piece * 100, 100, all: 1000) }
            }
            try await store.end(jobs[0])
            #expect(try await append(store, jobs[2], 0, 100, all: 900) == .ok)
            #expect(try await sizes(store) == ["ended": 400, "large": 400, "small": 100, "": 900])
            #expect(try await append(store, jobs[2], 100, 100, all: 900) == .ok)
            #expect(try await sizes(store) == ["large": 400, "small": 200, "": 600])
            #expect(try await append(store, jobs[2], 200, 100, all: 600) == .ok)
            #expect(try await sizes(store) == ["large": 300, "small": 300, "": 600])
        }
    }

    @Test func aPieceLargerThanAllIsGoneAndAnswersAgain() async throws {
        try await withStore { store async throws in
            try await store.add("a")
            let job = try await store.run()
            #expect(try await append(store, job, 0, 100, most: 50) == .ok)
            #expect(try await store.logPieces("a", after: 0).isEmpty)
            #expect(try await append(store, job, 0, 100, most: 50) == .already)
            #expect(try await append(store, job, 100, 20, most: 50) == .ok)
            #expect(try await sizes(store) == ["a": 20, "": 20])
        }
    }

    @Test func aNewAttemptBeginsAnew() async throws {
        try await withStore { store async throws in
            try await store.add("a") { $0.maxAttempts = 2 }
            let first = try await store.run()
            _ = try await append(store, first, 0, 100)
            try await store.end(first, Outcome(.failed))
            #expect(try await store.logPieces("a", after: 0).count == 1)
            try await store.promote("a")
            let second = try await store.run()
            #expect(try await store.logPieces("a", after: 0).isEmpty)
            #expect(try await append(store, second, 0, 10) == .ok)
            #expect(try await sizes(store) == ["a": 10, "": 10])
        }
    }

    @Test func theCopyOfAnEndedJobIsDroppedWhenItsTimeIsOver() async throws {
        try await withStore { store async throws in
            try await store.add("a")
            let job = try await store.run()
            _ = try await append(store, job, 0, 100)
            try await store.end(job)
            #expect(try await append(store, job, 100, 10) == .ok)
            _ = try await store.tick(process: "p", canListen: false)
            #expect(try await store.logPieces("a", after: 0).count == 2)
            let due: [RedisArgument] = ["ZADD", .string("\(store.keys.prefix):logs:ended"), "XX", 1, "a"]
            _ = try await store.redis.send(due)
            _ = try await store.tick(process: "p", canListen: false)
            #expect(try await store.logPieces("a", after: 0).isEmpty)
            // A late piece finds its end again.
            #expect(try await append(store, job, 110, 10) == .ok)
            let ended: [RedisArgument] = ["ZSCORE", .string("\(store.keys.prefix):logs:ended"), "a"]
            #expect(try await store.redis.send(ended).isNull == false)
        }
    }
}
