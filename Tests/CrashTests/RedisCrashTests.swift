import Glibc
import TestSupport
import Testing

/// Redis goes away and comes back while jobs run.
@Suite(.redis(RedisServer.Options(appendOnly: true)), .timeLimit(.minutes(5)), .serialized)
struct RedisCrashTests {
    @Test func runningJobsAreNotDisturbed() async throws {
        try await Site.with { site in
            let gate = "\(site.directory.path)/gate"
            try site.recipe(
                "backup",
                "echo run >> \(site.directory.path)/effects; while [ ! -e \(gate) ]; do sleep 0.05; done"
            )
            let worker = try await site.worker()
            try await site.push("backup", #"{"id":"job","backupId":"db"}"#)
            try await site.push("backup", #"{"id":"next","backupId":"db"}"#)
            try await site.wait(for: "job", "running")
            try await site.redis.stop(SIGKILL)
            close(open(gate, O_CREAT | O_WRONLY, 0o600))
            try await eventually("the recipe to end") { site.processes(of: "job").isEmpty }
            try await site.redis.restart()
            try await eventually("the result to be recorded") {
                (try? await site.field("job", "status")) == "done"
            }
            try await eventually("the next one to be done") { (try? await site.field("next", "status")) == "done" }
            #expect(site.lines("effects").count == 2)
            try await worker.end(SIGTERM)
        }
    }

    @Test func workerWaitsForRedisAtStart() async throws {
        try await Site.with { site in
            try site.recipe("backup", "true")
            try await site.redis.stop(SIGKILL)
            let worker = try await site.worker(awaitsReadiness: false)
            try await eventually("a message") { worker.printed.contains("trying again in 5 s") }
            let command = try await site.hoistway("list")
            #expect(command.status == 69)
            try await site.redis.restart()
            try await site.push("backup", #"{"id":"job","backupId":"db"}"#)
            try await site.wait(for: "job", "done")
            try await worker.end(SIGTERM)
        }
    }
}
