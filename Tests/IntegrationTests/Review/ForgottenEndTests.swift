import Glibc
import RESP
import RedisClient
import TestSupport
import Testing

/// Redis may refuse or forget what it was told of an attempt: the worker tells it again, from what is on its disk.
@Suite(.timeLimit(.minutes(3)))
struct ForgottenEndTests {
    private func withRunningJob(_ body: (Site, RedisServer) async throws -> Void) async throws {
        let redis = try await RedisServer.start()
        do {
            let site = try await Site(redis: redis)
            try site.recipe(
                "backup",
                "echo $HOISTWAY_FENCE >> \(site.directory.path)/effects; \(site.awaiting("gate"))"
            )
            let worker = try await site.worker()
            try await site.push("backup", #"{"id":"job","backupId":"db"}"#)
            try await site.wait(for: "job", "running")
            try await body(site, redis)
            #expect(site.lines("effects").count == 1)
            #expect(try await site.field("job", "exitCode") == "0")
            try await worker.end(SIGTERM)
            await site.client.close()
        } catch {
            try await redis.stop()
            throw error
        }
        try await redis.stop()
    }

    @Test func forgottenWithTheLastWrites() async throws {
        try await withRunningJob { site, redis in
            try await site.send(["SAVE"])
            site.touch("gate")
            try await site.wait(for: "job", "done")
            try await eventually("the attempt to be settled") {
                access("\(site.data)/jobs/job/1/settled.json", F_OK) == 0
            }
            try await redis.restart(SIGKILL)
            try await eventually("the old data") { (try? await site.field("job", "status")) == "running" }
            try await site.wait(for: "job", "done", timeout: .seconds(60))
        }
    }

    @Test func refused() async throws {
        try await withRunningJob { site, _ in
            try await site.send(["ACL", "SETUSER", "default", "-evalsha"])
            site.touch("gate")
            try await eventually("the refusal") { site.printed.contains("recording the end of job") }
            try await site.send(["ACL", "SETUSER", "default", "+@all"])
            try await site.wait(for: "job", "done", timeout: .seconds(60))
        }
    }
}
