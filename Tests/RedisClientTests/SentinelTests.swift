import Glibc
import RESP
import RedisClient
import TestSupport
import Testing

/// Changes a key until that is reported, anew whenever reports may have been missed.
func awaitReport(
    of key: String,
    by changes: inout AsyncThrowingStream<[String], any Error>.AsyncIterator,
    _ client: RedisClient
) async throws {
    while try await changes.next() != [key] {
        _ = try await client.send(["SET", .string(key), "1"])
    }
}

/// `redis+sentinel://` with a real master, its replica and three sentinels.
@Suite(.timeLimit(.minutes(5))) struct SentinelTests {
    @Test func followsAFailover() async throws {
        let sentinels = try await RedisSentinels.start(password: "secret")
        do {
            try await follow(sentinels)
        } catch {
            try await sentinels.stop()
            throw error
        }
        try await sentinels.stop()
    }

    private func follow(_ sentinels: RedisSentinels) async throws {
        let (old, new) = (sentinels.servers[0], sentinels.servers[1])
        let client = RedisClient(url: try RedisURL(sentinels.url), name: "test", scripts: [], logger: .silent)
        try await client.connect()
        #expect(client.address == old.tcpURL.address)
        let blocking = client.blocking()
        let tracking = RedisTracking(client: client, prefixes: ["watched:"])
        var changes = tracking.changes().makeAsyncIterator()
        #expect(try await changes.next() == [])
        #expect(try await blocking.blpop(["none"], seconds: 0.01) == nil)

        try await leave(old, sentinels, client)
        try await old.stop(SIGKILL)
        let refused = await #expect(throws: RedisError.self) {
            try await client.send(["SET", "a", "1"], timeout: .milliseconds(500))
        }
        // Another one may serve already: nobody may take this for a Redis that is down.
        #expect(refused?.isRefusal == false)
        try await eventually("the replica to be the master", timeout: .seconds(60)) {
            (try? await client.send(["SET", "a", "1"])) == .status("OK")
        }
        #expect(client.address == new.tcpURL.address)

        try await awaitReport(of: "watched:b", by: &changes, client)
        async let popped = blocking.blpop(["list"], seconds: 30)
        _ = try await client.send(["RPUSH", "list", "x"])
        #expect(try await popped?.value == Array("x".utf8))
        await tracking.close()
        await blocking.close()
        await client.close()

        let other = RedisClient(
            url: try RedisURL(sentinels.url.replacing("/mymaster", with: "/another")),
            name: "test",
            scripts: [],
            logger: .silent
        )
        let unknown = await #expect(throws: RedisError.self) { try await other.connect() }
        #expect(unknown?.message.contains("knows no master \"another\"") == true, "\(unknown?.message ?? "")")
        await other.close()
    }

    /// A master that is one no more is left, and taken by nobody, whatever the sentinels still believe.
    private func leave(_ master: RedisServer, _ sentinels: RedisSentinels, _ client: RedisClient) async throws {
        let another = try await master.client()
        _ = try await another.send(["REPLICAOF", "127.0.0.1", 1])
        for _ in 0..<2 {
            let refused = await #expect(throws: RedisError.self) {
                try await client.send(["SET", "a", "1"], timeout: .milliseconds(500))
            }
            #expect(refused?.code == .notSent && refused?.isRefusal == false)
            #expect(refused?.message.contains("is not the master") == true, "\(refused?.message ?? "")")
        }
        _ = try await another.send(["REPLICAOF", "NO", "ONE"])
        #expect(try await client.send(["SET", "a", "1"], timeout: .seconds(30)) == .status("OK"))
        await another.close()
        try await sentinels.waitForReplica()
    }

    /// In a planned failover the old master serves on for seconds: whoever stays with it writes what will be lost.
    @Test func leavesAMasterThatStillServes() async throws {
        let sentinels = try await RedisSentinels.start(password: "secret")
        do {
            try await leave(sentinels)
        } catch {
            try await sentinels.stop()
            throw error
        }
        try await sentinels.stop()
    }

    private func leave(_ sentinels: RedisSentinels) async throws {
        let (old, new) = (sentinels.servers[0], sentinels.servers[1])
        let client = RedisClient(url: try RedisURL(sentinels.url), name: "test", scripts: [], logger: .silent)
        try await client.connect()
        #expect(client.address == old.tcpURL.address)
        let blocking = client.blocking()
        let popped = Task { try await blocking.blpop(["none"], seconds: 50)?.key }
        let tracking = RedisTracking(client: client, prefixes: ["watched:"])
        var changes = tracking.changes().makeAsyncIterator()
        #expect(try await changes.next() == [])

        let promoted = try await new.client()
        _ = try await promoted.send(["REPLICAOF", "NO", "ONE"])
        await promoted.close()
        try await sentinels.name(new)
        await #expect(throws: RedisError.self) { try await popped.value }
        #expect(try await client.send(["SET", "a", "1"], timeout: .seconds(30)) == .status("OK"))
        #expect(client.address == new.tcpURL.address)
        try await awaitReport(of: "watched:b", by: &changes, client)
        await tracking.close()
        await blocking.close()
        await client.close()
    }

    @Test func saysWhatTheSentinelsDoNotKnow() async throws {
        // A Redis that is no sentinel, and one that is not there.
        let server = try await RedisServer.start(RedisServer.Options(tcp: true))
        for (hosts, reason) in [("127.0.0.1:\(server.port)", "refuses: ERR"), ("127.0.0.1:1", "Connection refused")] {
            let url = try RedisURL("redis+sentinel://\(hosts)/mymaster")
            let client = RedisClient(url: url, name: "test", scripts: [], logger: .silent)
            let error = await #expect(throws: RedisError.self) { try await client.connect() }
            #expect(error?.code == .unreachable)
            #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
            #expect(error?.isRefusal == false)
            await client.close()
        }
        try await server.stop(SIGKILL)
    }
}
