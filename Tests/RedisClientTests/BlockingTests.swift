import RESP
import RedisClient
import TestSupport
import Testing

@Suite(.redis, .timeLimit(.minutes(1))) struct BlockingTests {
    @Test func popsWhatIsPushedWhileItWaits() async throws {
        let client = try await RedisServer.required().client()
        let blocking = client.blocking()
        let prefix = randomPrefix()
        async let popped = blocking.blpop(["\(prefix):a", "\(prefix):b"], seconds: 30)
        try await eventually("it blocks") { try await client.isBlocked }
        _ = try await client.send(["RPUSH", "\(prefix):b", "x"])
        let pair = try #require(try await popped)
        #expect(pair.key == "\(prefix):b")
        #expect(pair.value == [0x78])
        await blocking.close()
        await client.close()
    }

    @Test func comesBackWithNothing() async throws {
        let client = try await RedisServer.required().client()
        let blocking = client.blocking()
        #expect(try await blocking.blpop(["\(randomPrefix()):a"], seconds: 0.05) == nil)
        #expect(try await blocking.send(["PING"]) == .status("PONG"))
        await blocking.close()
        await client.close()
    }

    @Test func throwsAwayAnOverdueConnection() async throws {
        let proxy = try await FaultProxy.start(backend: RedisServer.required().url.address)
        let client = RedisClient(url: RedisURL(proxy.address), name: "test", scripts: [], logger: .silent)
        let blocking = client.blocking()
        let before = try await blocking.send(["CLIENT", "ID"]).int
        proxy.set(.blackHole)
        let error = await #expect(throws: RedisError.self) {
            try await blocking.blpop(["\(randomPrefix()):a"], seconds: 0.05)
        }
        #expect(error?.code == .timeout)
        proxy.set(.none)
        #expect(try await blocking.send(["CLIENT", "ID"]).int != before)
        await blocking.close()
        await client.close()
        try await proxy.stop()
    }

    @Test func closesWhenTheTaskIsCancelled() async throws {
        let client = try await RedisServer.required().client()
        let blocking = client.blocking()
        let id = try #require(await blocking.send(["CLIENT", "ID"]).int)
        let key = "\(randomPrefix()):a"
        let task = Task { try await blocking.blpop([key], seconds: 30)?.key }
        try await eventually("it blocks") { try await client.isBlocked(id) }
        task.cancel()
        let result = await task.result
        #expect(throws: RedisError.self) { try result.get() }
        try await eventually("the connection is gone") {
            try await client.send(["CLIENT", "LIST", "ID", .int(id)]).string?.isEmpty == true
        }
        #expect(try await blocking.send(["PING"]) == .status("PONG"))
        await blocking.close()
        await client.close()
    }

    @Test func refusesCommandsAfterClose() async throws {
        let client = try await RedisServer.required().client()
        let blocking = client.blocking()
        await blocking.close()
        let error = await #expect(throws: RedisError.self) { try await blocking.send(["PING"]) }
        #expect(error?.code == .notSent)
        await client.close()
    }
}

extension RedisClient {
    fileprivate func isBlocked(_ id: Int) async throws -> Bool {
        try await send(["CLIENT", "LIST", "ID", .int(id)]).string?.contains(" flags=b") == true
    }

    fileprivate var isBlocked: Bool {
        get async throws { try await send(["CLIENT", "LIST"]).string?.contains(" cmd=blpop ") == true }
    }
}
