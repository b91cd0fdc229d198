import TestSupport
import Testing

/// Documents that any tool pushes with RPUSH.
@Suite(.redis, .timeLimit(.minutes(2)))
struct InboxTests {
    @Test func documentBecomesAFinishedJob() async throws {
        try await Site.with { site in
            try site.recipe("backup", "cat; echo; echo '{\"progress\":50,\"stage\":\"dump\"}' >&3")
            let worker = try await site.worker()
            try await site.push("backup", #"{"id":"job","backupId":"db","payload":{"n":1.50}}"#)
            try await site.wait(for: "job", "done")
            #expect(try await site.history("job") == ["accepted", "claimed", "started", "done"])
            #expect(try await site.field("job", "stage") == "dump")
            #expect(try await site.field("job", "progress") == "100")
            #expect(try await site.field("job", "pid") == nil)
            let path = try #require(try await site.field("job", "logPath"))
            let log = try #require(Site.text(path))
            #expect(log.hasSuffix(#" INFO {"n":1.50}"#))
            try await worker.end(15)
        }
    }
}
