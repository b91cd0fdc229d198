import Glibc
import HoistwayModel
import RESP
import TestSupport
import Testing

/// Reading logs and events from a shell.
@Suite(.redis, .timeLimit(.minutes(3)))
struct LogCommandTests {
    @Test func wholeTailAndFollow() async throws {
        try await Site.with { site in
            try site.recipe(
                "backup",
                "for i in 1 2 3; do echo line $i; done; \(site.awaiting("gate")); echo last; exit 1"
            )
            let worker = try await site.worker()
            try await site.push("backup", #"{"id":"job","backupId":"db"}"#)
            try await eventually("the lines") { try await site.hoistway("logs", "job").output.contains("line 3") }
            let tail = try await site.hoistway("logs", "job", "--tail", "1")
            #expect(tail.output.hasSuffix(" INFO line 3\n") && tail.output.split(separator: "\n").count == 1)

            let follower = try await Program.start(
                ["logs", "-f", "job", "--redis", site.url, "--prefix", site.prefix],
                log: "\(site.directory.path)/followed"
            )
            try await eventually("what was there") { follower.printed.contains("line 3") }
            site.touch("gate")
            #expect(try await follower.waitForEnd() == 0)
            let whole = try await site.hoistway("logs", "job")
            let file = try await site.log("job")
            #expect(whole.status == 0 && whole.output == file + "\n")
            #expect(follower.printed.hasPrefix(whole.output))
            let json = try JSON(parsing: try await site.hoistway("logs", "job", "--json").output)
            #expect(json["items"]?.arrayValue?.count == 4)
            #expect(json["nextOffset"]?.intValue == whole.output.utf8.count)
            try await worker.end(SIGTERM)
        }
    }

    @Test func fromTheCopyWhereTheFileIsNot() async throws {
        try await Site.with { site in
            try site.recipe("backup", "for i in 1 2 3; do echo line $i; done")
            let worker = try await site.worker()
            _ = try await site.run("backup", "job")
            let log = try await site.log("job")
            try await worker.end(SIGTERM)
            try await site.send(["HSET", "\(site.prefix):job:job", "host", "elsewhere", "logPath", "/nowhere/log"])
            let copy = try await site.hoistway("logs", "job")
            #expect(copy.output == log + "\n", "\(copy)")
        }
    }

    @Test func events() async throws {
        try await Site.with { site in
            try site.recipe("backup", "true")
            let worker = try await site.worker()
            let follower = try await Program.start(
                ["events", "-f", "--json", "--redis", site.url, "--prefix", site.prefix],
                log: "\(site.directory.path)/events"
            )
            try await eventually("events") {
                try await site.push("backup", #"{"backupId":"db"}"#)
                return follower.printed.contains(#""done""#)
            }
            for line in follower.printed.split(separator: "\n") {
                #expect(try JSON(parsing: String(line))["event"] != nil)
            }
            follower.send(SIGINT)
            _ = try await follower.waitForEnd()
            try await worker.end(SIGTERM)
        }
    }
}
