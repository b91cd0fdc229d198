import Glibc
import RESP
import RedisClient
import TestSupport
import Testing

/// A real Redis Cluster of three masters, with and without replicas.
@Suite(.timeLimit(.minutes(5))) struct ClusterTests {
    private static let keys = ["{tag}:meta", "{tag}:events", "{tag}:workers"]

    private static func client(_ url: String, keys: [String] = keys) throws -> RedisClient {
        RedisClient(url: try RedisURL(url), name: "test", scripts: [], keys: keys, logger: .silent)
    }

    @Test func leadsToTheNodeOfTheKeys() async throws {
        let cluster = try await RedisCluster.start()
        do {
            try await lead(cluster)
            try await refuse(cluster)
            try await giveUp(cluster)
            try await failOver(cluster)
        } catch {
            try await cluster.stop()
            throw error
        }
        try await cluster.stop()
    }

    @Test func threeNodesAreEnough() async throws {
        let cluster = try await RedisCluster.start(replicas: 0)
        do {
            try await lead(cluster)
            try await refuse(cluster)
        } catch {
            try await cluster.stop()
            throw error
        }
        try await cluster.stop()
    }

    /// Whichever node is named, replicas included.
    private func lead(_ cluster: RedisCluster) async throws {
        let home = try await cluster.node(of: "{tag}:meta")
        for node in cluster.nodes {
            let client = try Self.client(cluster.url(node))
            try await client.connect()
            #expect(client.address == home.tcpURL.address)
            #expect(try await client.send(["MSET", "{tag}:a", "1", "{tag}:b", "2"]) == .status("OK"))
            let blocking = client.blocking()
            #expect(try await blocking.blpop(["{tag}:x", "{tag}:y"], seconds: 0.01) == nil)
            await blocking.close()
            let tracking = RedisTracking(client: client, prefixes: ["{tag}:watched"])
            var changes = tracking.changes().makeAsyncIterator()
            #expect(try await changes.next() == [])
            _ = try await client.send(["SET", "{tag}:watched", "1"])
            #expect(try await changes.next() == ["{tag}:watched"])
            await tracking.close()
            await client.close()
        }
    }

    private func refuse(_ cluster: RedisCluster) async throws {
        for node in cluster.nodes {
            let client = try Self.client(cluster.url(node), keys: ["p:meta", "p:events", "p:workers"])
            let error = await #expect(throws: RedisError.self) { try await client.connect() }
            #expect(error?.code == .needsHashTag)
            #expect(error?.message.contains("'{hoistway}'") == true)
            await client.close()
        }
        let database = try Self.client("\(cluster.url(cluster.nodes[0]))/3")
        let error = await #expect(throws: RedisError.self) { try await database.connect() }
        #expect(error?.message.contains("SELECT is not allowed in cluster mode") == true)
        await database.close()
    }

    /// A key that lies elsewhere than those of the client cannot be had, and the try ends with its time.
    private func giveUp(_ cluster: RedisCluster) async throws {
        let client = try Self.client(cluster.url(cluster.nodes[0]))
        try await client.connect()
        var refused = 0
        for stray in ["a", "b", "c", "d", "e"] {
            do {
                _ = try await client.send(["GET", .string(stray)], timeout: .milliseconds(300))
            } catch {
                #expect(error.code == .notSent)
                refused += 1
            }
        }
        #expect(refused > 0)
        #expect(try await client.send(["EXISTS", "{tag}:meta"]).int == 0)
        await client.close()
    }

    /// Whoever may be a cluster is not down because one address of it is.
    @Test func isNotDownWithTheOneNodeThatIsKnown() async throws {
        let nobody = "redis://127.0.0.1:\(try RedisServer.freePort())"
        for (keys, isRefusal) in [(Self.keys, false), (["p:meta", "p:events"], true), (["{}:a", "}{:b"], true)] {
            let client = try Self.client(nobody, keys: keys)
            let error = await #expect(throws: RedisError.self) { try await client.connect() }
            #expect(error?.code == .unreachable && error?.isRefusal == isRefusal, "\(keys)")
            await client.close()
        }
        let server = try await RedisServer.start(RedisServer.Options(tcp: true))
        let client = RedisClient(
            url: server.tcpURL,
            name: "test",
            scripts: [],
            keys: Self.keys,
            logger: .silent
        )
        try await client.connect()
        try await server.stop(SIGKILL)
        try await isRefused(client)
        await client.close()
    }

    private func failOver(_ cluster: RedisCluster) async throws {
        let home = try await cluster.node(of: "{tag}:meta")
        let client = try Self.client(cluster.url(home))
        try await client.connect()
        let tracking = RedisTracking(client: client, prefixes: ["{tag}:watched"])
        var changes = tracking.changes().makeAsyncIterator()
        #expect(try await changes.next() == [])
        try await home.stop(SIGKILL)
        let refused = await #expect(throws: RedisError.self) {
            try await client.send(["SET", "{tag}:a", "3"], timeout: .milliseconds(300))
        }
        #expect(refused?.isRefusal == false)
        try await eventually("a replica to take over", timeout: .seconds(60)) {
            (try? await client.send(["SET", "{tag}:a", "3"])) == .status("OK")
        }
        #expect(client.address != home.tcpURL.address)
        try await awaitReport(of: "{tag}:watched", by: &changes, client)

        // The keys move on while the connection stands: back to the first one, which is a replica by now.
        let present = try #require(cluster.nodes.first { $0.tcpURL.address == client.address })
        try await home.restart()
        let returned = try await home.client()
        try await eventually("the old master to follow the new one", timeout: .seconds(60)) {
            try await returned.information("replication")["master_link_status"] == "up"
        }
        #expect(present.pid != nil)
        try await eventually("the old master to take over again", timeout: .seconds(60)) {
            _ = try? await returned.send(["CLUSTER", "FAILOVER"])
            return try await returned.send(["ROLE"]).array?.first?.string == "master"
        }
        #expect(try await client.send(["SET", "{tag}:a", "4"], timeout: .seconds(30)) == .status("OK"))
        #expect(client.address == home.tcpURL.address)
        await returned.close()
        await tracking.close()
        await client.close()
    }

    @Test func takesAServerForWhatItIs() async throws {
        let server = try await RedisServer.start()
        let client = RedisClient(url: server.url, name: "test", scripts: [], keys: ["a", "b", "c"], logger: .silent)
        try await client.connect()
        _ = try await client.send(["MSET", "a", "1", "b", "2"])
        try await server.stop(SIGKILL)
        try await isRefused(client)
        await client.close()
    }

    private func isRefused(_ client: RedisClient) async throws {
        try await eventually("a refusal") {
            do {
                _ = try await client.send(["PING"], timeout: .milliseconds(300))
                return false
            } catch let error as RedisError {
                return error.isRefusal
            }
        }
    }
}
