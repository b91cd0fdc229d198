import Glibc
import TestSupport
import Testing

/// A Redis that wants a password, which nobody gets to read.
@Suite(.redis(RedisServer.Options(tcp: true, password: "p@ss:w/rd")), .timeLimit(.minutes(3)))
struct PasswordTests {
    @Test func overTCP() async throws {
        try await Site.with { site in
            try site.recipe("backup", "true")
            let url = "redis://:p%40ss%3Aw%2Frd@127.0.0.1:\(site.redis.port)/0"
            let data = "\(site.directory.path)/tcp"
            let worker = try await Program.start(
                ["worker", "--prefix", site.prefix, "--data", data, "--recipes", site.recipes],
                environment: ["HOISTWAY_REDIS": url],
                log: "\(site.directory.path)/workers.log"
            )
            #expect(try await site.run("backup", "job")["status"] == "done")
            let wrong = try await Program.run(["list", "--redis", "redis://:wrong-word@127.0.0.1:\(site.redis.port)"])
            #expect(wrong.status == 69 && !wrong.errors.contains("wrong-word"), "\(wrong)")
            #expect(!worker.printed.contains("p@ss") && !worker.printed.contains("p%40ss"))
            try await worker.end(SIGTERM)
        }
    }
}
