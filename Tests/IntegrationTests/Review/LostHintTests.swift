import Glibc
import RESP
import RedisClient
import TestSupport
import Testing

/// Wake lists only hint: a worker that dies, or leaves, with the hint in its hands costs nobody his turn.
@Suite(.redis, .timeLimit(.minutes(2)))
struct LostHintTests {
    @Test func jobIsFoundWithoutItsHint() async throws {
        try await Site.with { site in
            try site.recipe("backup", "true")
            // Who waits longest gets the hint.
            let thief = site.client.blocking()
            async let stolen = thief.blpop(["\(site.prefix):wake:backup"], seconds: 30)
            try await eventually("somebody to wait for the hint") {
                try await site.send(["INFO", "clients"]).string?.contains("blocked_clients:1\r\n") == true
            }
            let worker = try await site.worker()
            try await site.push("backup", #"{"id":"job","backupId":"db"}"#)
            #expect(try await stolen != nil)
            try await site.wait(for: "job", "done", timeout: .seconds(20))
            await thief.close()
            try await worker.end(SIGTERM)
        }
    }
}
