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

    /// The command is on another host than the worker that ran the job, for all that the record says.
    @Test func throughTheWorkerWhenTheCopyIsGone() async throws {
        try await Site.with { site in
            try site.recipe("backup", "i=0; while [ $i -lt 5000 ]; do echo line $i of a log; i=$((i+1)); done")
            var worker = try await site.worker()
            _ = try await site.run("backup", "job")
            let other = try await site.worker(data: "\(site.directory.path)/other")
            let log = try await site.log("job") + "\n"
            try await site.send(["HSET", "\(site.prefix):job:job", "host", "elsewhere"])
            try await site.dropLogCopy(of: "job")
            let whole = try await site.hoistway("logs", "job")
            #expect(whole.status == 0 && whole.output == log, "\(whole.errors)")
            try await site.dropLogCopy(of: "job")
            let tail = try await site.hoistway("logs", "job", "--tail", "1")
            #expect(tail.output.hasSuffix(" INFO line 4999 of a log\n"), "\(tail)")
            #expect(tail.output.split(separator: "\n").count == 1)

            try await site.dropLogCopy(of: "job")
            try await worker.end(SIGTERM)
            let nobody = try await site.hoistway("logs", "job")
            #expect(nobody.status == 1 && nobody.output.isEmpty)
            #expect(nobody.errors.contains("log_unavailable: the log is on elsewhere"))
            worker = try await site.worker()
            let followed = try await site.hoistway("logs", "-f", "job")
            #expect(followed.status == 0 && followed.output == log, "\(followed.errors)")

            // A path in the record is nothing that a worker reads.
            try await site.dropLogCopy(of: "job")
            let path = try #require(try await site.field("job", "logPath"))
            #expect(rename(path, "\(path).away") == 0)
            try await site.send(["HSET", "\(site.prefix):job:job", "logPath", "/etc/passwd"])
            let gone = try await site.hoistway("logs", "job")
            #expect(gone.status == 1 && gone.output.isEmpty)
            #expect(gone.errors.contains("log_unavailable"))
            try await worker.end(SIGTERM)
            try await other.end(SIGTERM)
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
