import Glibc
import HoistwayModel
import RESP
import RedisClient
import TestSupport
import Testing

/// The whole product on Sentinel and on a cluster, each with a real failover.
@Suite(.timeLimit(.minutes(8))) struct FailoverTests {
    private static let recipe = "echo begun; while [ ! -e $1/go ]; do sleep 0.05; done; echo over"

    @Test func sentinel() async throws {
        let sentinels = try await RedisSentinels.start(password: "secret")
        let site = try await Site(redis: sentinels.servers[0], url: sentinels.url)
        do {
            try await Site.with(site) { site in
                try await goOn(site) { try await sentinels.servers[0].stop(SIGKILL) }
                let role = try await Program.run(["redis-cli", "--redis", site.url, "ROLE"])
                #expect(role.output.hasPrefix("master\n"), "\(role)")
            }
        } catch {
            try await sentinels.stop()
            throw error
        }
        try await sentinels.stop()
    }

    @Test func cluster() async throws {
        let cluster = try await RedisCluster.start()
        let prefix = "{\(randomPrefix())}"
        // Seen from a node that has none of the keys.
        let home = try await cluster.node(of: "\(prefix):meta")
        let other = try #require(cluster.nodes.first { $0 !== home })
        let site = try await Site(redis: home, prefix: prefix, url: cluster.url(other))
        do {
            try await Site.with(site) { site in
                try await refuse(site)
                try await goOn(site) { try await home.stop(SIGKILL) }
            }
        } catch {
            try await cluster.stop()
            throw error
        }
        try await cluster.stop()
    }

    /// A running job outlives the master, what is told meanwhile arrives, and everything works with the next one.
    private func goOn(_ site: Site, failOver: () async throws -> Void) async throws {
        try site.recipe("backup", Self.recipe.replacing("$1", with: site.directory.path))
        let worker = try await site.worker(["--types", "backup"])
        try await site.push("backup", #"{"id":"before","resourceId":"a"}"#)
        try await site.wait(for: "before", "running")
        let accepted = try await site.hoistway("enqueue", "backup", "a", "--id", "waiting")
        #expect(accepted.status == 0, "\(accepted)")
        try await site.replicate()

        try await failOver()
        site.touch("go")
        #expect(try await site.patiently { try await site.ended("before", timeout: .seconds(90)) }["status"] == "done")
        #expect(try await site.ended("waiting")["status"] == "done")

        try await site.push("backup", #"{"id":"pushed","resourceId":"b"}"#)
        #expect(try await site.ended("pushed")["status"] == "done")
        let enqueued = try await site.hoistway("enqueue", "backup", "c", "--id", "after", "--wait")
        #expect(enqueued.status == 0, "\(enqueued)")
        for line in [["list"], ["logs", "after"], ["events"], ["queues"], ["workers"], ["history", "before"]] {
            let result = try await Program.run(line + ["--redis", site.url, "--prefix", site.prefix])
            #expect(result.status == 0, "\(line): \(result)")
        }
        let kinds = Set(try await site.history("before"))
        #expect(kinds == ["accepted", "claimed", "started", "done"])
        try await worker.end(SIGTERM)
    }

    /// Without a hash tag nothing begins.
    private func refuse(_ site: Site) async throws {
        let list = try await Program.run(["list", "--redis", site.url])
        #expect(list.status == 64 && list.errors.contains("--prefix '{hoistway}'"), "\(list)")
        #expect(list.errors.split(separator: "\n").count == 1)
        let worker = try await Program.run(["worker", "--redis", site.url, "--data", "\(site.directory.path)/none"])
        #expect(worker.status == 64 && worker.errors.contains("hash tag"), "\(worker)")
    }
}

extension Site {
    /// Waits until a replica has everything.
    fileprivate func replicate() async throws {
        #expect(try await send(["WAIT", 1, 10_000]).int ?? 0 > 0)
    }

    /// While there is no master, commands fail.
    fileprivate func patiently<Value>(_ body: () async throws -> Value) async throws -> Value {
        var value: Value?
        try await eventually("an answer of the new master", timeout: .seconds(90)) {
            value = try? await body()
            return value != nil
        }
        return try #require(value)
    }
}
