import RESP
import RedisClient
import TestSupport
import Testing

@Suite(.redis, .timeLimit(.minutes(1))) struct TrackingTests {
    @Test func tellsWhatOthersChangeUnderThePrefixes() async throws {
        let client = try await RedisServer.required().client()
        let prefix = randomPrefix()
        let tracking = RedisTracking(client: client, prefixes: ["\(prefix):inbox:", "\(prefix):control"])
        var changes = tracking.changes().makeAsyncIterator()
        #expect(try await changes.next() == [])
        _ = try await tracking.send(["RPUSH", "\(prefix):inbox:own", "x"])
        _ = try await client.send(["SET", "\(prefix):other", "x"])
        _ = try await client.send(["RPUSH", "\(prefix):control", "x"])
        #expect(try await changes.next() == ["\(prefix):control"])
        _ = try await client.send(["RPUSH", "\(prefix):inbox:shell", "x"])
        #expect(try await changes.next() == ["\(prefix):inbox:shell"])
        await tracking.close()
        #expect(try await changes.next() == nil)
        await client.close()
    }

    @Test func tellsEachKeyOnceUntilItIsAskedAgain() async throws {
        let client = try await RedisServer.required().client()
        let prefix = randomPrefix()
        let tracking = RedisTracking(client: client, prefixes: ["\(prefix):"])
        var changes = tracking.changes().makeAsyncIterator()
        #expect(try await changes.next() == [])
        for _ in 0..<100 {
            _ = try await client.send(["RPUSH", "\(prefix):a", "x"])
        }
        _ = try await client.send(["RPUSH", "\(prefix):end", "x"])
        var told: [String] = []
        while told.last != "\(prefix):end" {
            told += try #require(await changes.next())
        }
        #expect(told.count(where: { $0 == "\(prefix):a" }) < 100)
        #expect(Set(told) == ["\(prefix):a", "\(prefix):end"])
        await tracking.close()
        await client.close()
    }

    @Test(arguments: ["__redis__:invalidate", "tracker"])
    func startsAnewWhenEitherConnectionBreaks(_ victim: String) async throws {
        let client = try await RedisServer.required().client()
        let prefix = randomPrefix()
        let tracking = RedisTracking(client: client, prefixes: ["\(prefix):"])
        var changes = tracking.changes().makeAsyncIterator()
        #expect(try await changes.next() == [])
        let tracker = try #require(await tracking.send(["CLIENT", "ID"]).int)
        let redirect = try #require(await tracking.send(["CLIENT", "GETREDIR"]).int)
        let id = victim == "tracker" ? tracker : redirect
        #expect(try await client.send(["CLIENT", "KILL", "ID", .int(id)]).int == 1)
        #expect(try await changes.next() == [])
        #expect(try await tracking.send(["CLIENT", "ID"]).int != tracker)
        _ = try await client.send(["SET", "\(prefix):a", "x"])
        #expect(try await changes.next() == ["\(prefix):a"])
        await tracking.close()
        await client.close()
    }

    @Test func endsWithTheTaskThatListens() async throws {
        let client = try await RedisServer.required().client()
        let tracking = RedisTracking(client: client, prefixes: ["\(randomPrefix()):"])
        let changes = tracking.changes()
        let listener = Task {
            for try await _ in changes {}
        }
        try await eventually("tracking is on") { (try? await tracking.send(["PING"])) != nil }
        let tracker = try #require(await tracking.send(["CLIENT", "ID"]).int)
        listener.cancel()
        _ = await listener.result
        try await eventually("the connection is gone") {
            try await client.send(["CLIENT", "LIST", "ID", .int(tracker)]).string?.isEmpty == true
        }
        await client.close()
    }

    @Test func throwsWhenRedisRefuses() async throws {
        let client = try await RedisServer.required().client()
        let tracking = RedisTracking(client: client, prefixes: ["a", "ab"])
        var changes = tracking.changes().makeAsyncIterator()
        await #expect(throws: RedisError.self) { try await changes.next() }
        let error = await #expect(throws: RedisError.self) { try await tracking.send(["PING"]) }
        #expect(error?.code == .notSent)
        await client.close()
    }
}
