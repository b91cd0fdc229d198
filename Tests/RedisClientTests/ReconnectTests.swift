import Glibc
import RESP
import RedisClient
import TestSupport
import Testing

/// What commands come to when the way to Redis breaks.
@Suite(.redis, .timeLimit(.minutes(1))) struct ReconnectTests {
    private func client(of proxy: FaultProxy, commandTimeout: Duration = .seconds(5)) async throws -> RedisClient {
        let client = RedisClient(
            url: RedisURL(proxy.address),
            name: "test",
            scripts: [],
            commandTimeout: commandTimeout,
            logger: .silent
        )
        try await client.connect()
        return client
    }

    @Test func connectsAgainAfterItWasKilled() async throws {
        let server = try RedisServer.required()
        let client = try await server.client()
        let killer = try await server.client()
        var events = client.connectionEvents().makeAsyncIterator()
        let id = try #require(await client.send(["CLIENT", "ID"]).int)
        _ = try await killer.send(["CLIENT", "KILL", "ID", .int(id)])
        guard case .disconnected = await events.next() else { Issue.record("no disconnected"); return }
        #expect(await events.next() == .connected)
        #expect(try await client.send(["CLIENT", "ID"]).int != id)
        await client.close()
        await killer.close()
        while await events.next() != nil {}
    }

    @Test func neverSendsAgainWhatMayHaveBeenCarriedOut() async throws {
        let server = try RedisServer.required()
        let proxy = try await FaultProxy.start(backend: server.url.address)
        let client = try await client(of: proxy)
        let key = RedisArgument("\(randomPrefix()):n")
        proxy.set(.cut(after: 0, .toClient))
        let error = await #expect(throws: RedisError.self) { try await client.send(["INCR", key]) }
        #expect(error?.code == .closed)
        #expect(error?.isConnectionLoss == true)
        #expect(try await client.send(["GET", key]).int == 1)
        await client.close()
        try await proxy.stop()
    }

    @Test func keepsTheRepliesThatArrivedBeforeTheBreak() async throws {
        let server = try RedisServer.required()
        let proxy = try await FaultProxy.start(backend: server.url.address)
        let client = try await client(of: proxy)
        let key = RedisArgument("\(randomPrefix()):n")
        proxy.set(.cut(after: 9, .toClient))
        let results = try await client.pipeline([["INCR", key], ["INCR", key], ["INCR", key]])
        #expect(try results[0].get() == .integer(1))
        #expect(try results[1].get() == .integer(2))
        #expect(throws: RedisError.self) { try results[2].get() }
        #expect(try await client.send(["GET", key]).int == 3)
        await client.close()
        try await proxy.stop()
    }

    @Test func failsOverdueCommandsInABlackHole() async throws {
        let server = try RedisServer.required()
        let proxy = try await FaultProxy.start(backend: server.url.address)
        let client = try await client(of: proxy)
        proxy.set(.blackHole)
        let error = await #expect(throws: RedisError.self) {
            try await client.send(["PING"], timeout: .milliseconds(50))
        }
        #expect(error?.code == .timeout)
        proxy.set(.none)
        proxy.cutAll()
        #expect(try await client.send(["PING"]) == .status("PONG"))
        await client.close()
        try await proxy.stop()
    }

    @Test func waitsForTheServerToComeBack() async throws {
        let server = try await RedisServer.start(RedisServer.Options(appendOnly: true))
        let client = try await server.client(commandTimeout: .seconds(20))
        let key = RedisArgument("\(randomPrefix()):n")
        #expect(try await client.send(["INCR", key]).int == 1)
        try await server.stop(SIGKILL)
        try await eventually("the loss is seen") { !client.isConnected }
        async let waiting = client.send(["INCR", key])
        try await server.restart()
        #expect(try await waiting.int == 2)
        await client.close()
        try await server.stop()
    }

    @Test func tellsWhatWasNotSent() async throws {
        let server = try await RedisServer.start()
        let client = try await server.client()
        var events = client.connectionEvents().makeAsyncIterator()
        try await server.stop(SIGKILL)
        try await eventually("the loss is seen") { !client.isConnected }
        let error = await #expect(throws: RedisError.self) {
            try await client.send(["PING"], timeout: .milliseconds(300))
        }
        #expect(error?.code == .notSent)
        #expect(error?.isRefusal == true)
        #expect(error?.description.contains("Connection refused") == true)
        guard case .disconnected = await events.next() else { Issue.record("no disconnected"); return }
        guard case .attemptFailed(let failure) = await events.next() else { Issue.record("no attempt"); return }
        #expect(failure.code == .unreachable)
        #expect(failure.isRefusal)
        let waiting = Task { try await client.send(["PING"], timeout: .seconds(60)) }
        waiting.cancel()
        let result = await waiting.result
        #expect(throws: RedisError.self) { try result.get() }
        await client.close()
    }

    @Test func failsAtOnceWhenNobodyIsThere() async throws {
        let directory = try TemporaryDirectory()
        let url = RedisURL(.unix(path: "\(directory.path)/none"))
        let client = RedisClient(url: url, name: "test", scripts: [], commandTimeout: .seconds(50), logger: .silent)
        let error = await #expect(throws: RedisError.self) { try await client.connect() }
        #expect(error?.code == .unreachable)
        #expect(error?.isRefusal == true)
        #expect(error?.description.contains(directory.path) == true)
        await client.close()
    }
}

/// A server with a password, on TCP too.
@Suite(.redis(RedisServer.Options(tcp: true, password: "s3cr:t")), .timeLimit(.minutes(1))) struct AuthenticationTests {
    private func connect(_ url: RedisURL) async throws {
        let client = RedisClient(url: url, name: "test", scripts: [], logger: .silent)
        do {
            try await client.connect()
            #expect(try await client.send(["PING"]) == .status("PONG"))
        } catch {
            await client.close()
            throw error
        }
        await client.close()
    }

    @Test func letsInWithTheRightPassword() async throws {
        let server = try RedisServer.required()
        try await connect(server.tcpURL)
        try await connect(server.url)
        try await connect(RedisURL("redis://default:s3cr%3At@localhost:\(server.port)/1"))
    }

    @Test(arguments: ["redis://:wrong@127.0.0.1", "redis://nobody:s3cr%3At@127.0.0.1"])
    func refusesTheWrongOne(_ text: String) async throws {
        let port = try RedisServer.required().port
        let error = await #expect(throws: RedisError.self) { try await connect(RedisURL("\(text):\(port)")) }
        #expect(error?.serverCode == "WRONGPASS")
    }

    @Test func refusesNone() async throws {
        let port = try RedisServer.required().port
        let error = await #expect(throws: RedisError.self) {
            try await connect(RedisURL(.tcp(host: "127.0.0.1", port: port)))
        }
        #expect(error?.serverCode == "NOAUTH")
    }
}
