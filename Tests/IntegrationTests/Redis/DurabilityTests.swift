import Glibc
import RESP
import RedisClient
import TestSupport
import Testing

/// `--durability replicated` with a real replica, which comes and goes.
@Suite(.timeLimit(.minutes(4))) struct DurabilityTests {
    private static func withReplica(
        _ body: (_ site: Site, _ replica: RedisServer) async throws -> Void
    ) async throws {
        let master = try await RedisServer.start(RedisServer.Options(tcp: true))
        let replica = try await RedisServer.start(
            RedisServer.Options(arguments: ["--replicaof", "127.0.0.1 \(master.port)"])
        )
        do {
            try await Site.with(try await Site(redis: master)) { site in
                try await confirms(site)
                try await body(site, replica)
            }
        } catch {
            try await replica.stop(SIGKILL)
            try await master.stop(SIGKILL)
            throw error
        }
        try await replica.stop(SIGKILL)
        try await master.stop(SIGKILL)
    }

    private static func confirms(_ site: Site) async throws {
        try await eventually("the replica to confirm", timeout: .seconds(60)) {
            try await site.send(["WAIT", 1, 1000]).int == 1
        }
    }

    @Test func acknowledgesWhatAReplicaHas() async throws {
        try await Self.withReplica { site, replica in
            func run(_ words: String...) async throws -> Program.Result {
                try await Program.run(
                    words + ["--durability", "replicated", "--redis", site.url, "--prefix", site.prefix]
                )
            }
            #expect(try await run("enqueue", "backup", "a", "--id", "kept").status == 0)
            let reader = try await replica.client()
            #expect(try await reader.send(["HGET", "\(site.prefix):job:kept", "status"]).string == "pending")
            await reader.close()

            try await replica.stop(SIGKILL)
            let lone = try await run("enqueue", "backup", "b", "--id", "lone")
            #expect(lone.status == 69 && lone.output.isEmpty, "\(lone)")
            #expect(lone.errors.contains("job lone is accepted, but no replica of Redis has confirmed it within 1"))
            #expect(try await site.field("lone", "status") == "pending")
            // Another try finds the job there, and says no more than is so.
            for _ in 0..<2 {
                let again = try await run("enqueue", "backup", "b", "--id", "keyed", "--idempotency-key", "k")
                #expect(again.status == 69 && again.errors.contains("no replica"), "\(again)")
            }
            let kill = try await run("kill", "kept")
            #expect(kill.status == 69 && kill.errors.contains("no replica of Redis has confirmed it"), "\(kill)")
            #expect(try await site.field("kept", "status") == "error")
            // What changes nothing needs no replica, and says what it would say anyway.
            #expect(try await run("list").status == 0)
            #expect(try await run("remove", "nobody").status == 2)
            let local = try await site.hoistway("enqueue", "backup", "c", "--id", "local")
            #expect(local.status == 0)

            try await replica.restart()
            try await Self.confirms(site)
            let again = try await run("enqueue", "backup", "b", "--id", "keyed", "--idempotency-key", "k")
            #expect(again.status == 0 && again.output == "keyed\n", "\(again)")
            #expect(try await run("remove", "lone").status == 0)
        }
    }

    @Test func startsNothingThatAFailoverCouldGiveAway() async throws {
        try await Self.withReplica { site, replica in
            try site.recipe("backup", "true")
            let worker = try await site.worker(environment: ["HOISTWAY_DURABILITY": "replicated"])
            #expect(try await site.run("backup", "first")["status"] == "done")
            try await replica.stop(SIGKILL)
            try await site.push("backup", #"{"id":"second","resourceId":"second"}"#)
            try await site.wait(for: "second", "pending")
            // Tried at least twice, as the WAITs that Redis has seen tell.
            let before = try await waits(site)
            try await eventually("the worker to look for a replica", timeout: .seconds(30)) {
                try await self.waits(site) >= before + 2
            }
            #expect(try await site.field("second", "status") == "pending")
            #expect(try await site.history("second").contains("started") == false)
            try await replica.restart()
            #expect(try await site.ended("second", timeout: .seconds(60))["status"] == "done")
            try await worker.end(SIGTERM)
        }
    }

    private func waits(_ site: Site) async throws -> Int {
        let text = try await site.client.information("commandstats")["cmdstat_wait"] ?? "calls=0,"
        return Int(text.dropFirst("calls=".count).prefix { $0 != "," }) ?? 0
    }

    @Test func upHasNoReplica() async throws {
        let directory = try TemporaryDirectory()
        let result = try await Program.run(["up", "--durability", "replicated", "--data", "\(directory.path)/data"])
        #expect(result.status == 64 && result.errors.contains("no replica"), "\(result)")
    }
}
