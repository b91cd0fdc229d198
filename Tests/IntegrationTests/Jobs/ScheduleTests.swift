import Glibc
import HoistwayModel
import RESP
import RedisClient
import TestSupport
import Testing

/// Schedules, notifications and retention with real workers and the real command line.
@Suite(.redis, .timeLimit(.minutes(5)))
struct ScheduleTests {
    private func json(_ result: Program.Result) throws -> JSON {
        #expect(result.status == 0, "\(result.errors)")
        return try JSON(parsing: result.output)
    }

    /// Two workers, a minute's tick: one job, at most a second or so late.
    @Test func aMinuteComesRoundOnceForTwoWorkers() async throws {
        try await Site.with { site in
            try site.recipe("backup", "exit 0")
            let first = try await site.worker()
            let second = try await site.worker(data: "\(site.directory.path)/second")
            let added = try json(
                try await site.hoistway(
                    "schedule",
                    "add",
                    "s",
                    "* * * * *",
                    "backup",
                    "db",
                    "--set",
                    "a=1",
                    "--label",
                    "k=v",
                    "--json"
                )
            )
            #expect(added["nextRuns"]?.arrayValue?.count == 5 && added["lastJobId"] == .null)
            #expect(added["job"]?["payload"]?["a"] == 1)
            let tick = try #require(
                added["nextRuns"]?.arrayValue?.first?.stringValue.flatMap { Timestamp(parsing: $0) }
            )
            let id = "s-\(tick.compact)"
            try await site.wait(for: id, "done", timeout: .seconds(90))
            let created = try #require(try await site.field(id, "createdAt").flatMap { Timestamp(parsing: $0) })
            #expect(created >= tick)
            let shown = try json(try await site.hoistway("schedule", "show", "s", "--json"))
            #expect(shown["lastJobId"]?.stringValue == id)
            let jobs = try json(try await site.hoistway("list", "--type", "backup", "--json"))["items"]?.arrayValue
            #expect(jobs?.count == 1)
            let ids = [first.pid, second.pid]
            #expect(Set(ids).count == 2)
            try await first.end(SIGTERM)
            try await second.end(SIGTERM)
        }
    }

    @Test func theCommandLine() async throws {
        try await Site.with { site in
            try site.recipe("backup", "exec sleep 60")
            let worker = try await site.worker()
            let given = ["--timezone", "Europe/Berlin", "--overlap", "replace", "--missed", "once", "--jitter", "5m"]
            let added = try await site.hoistway(
                "schedule",
                "add",
                "n",
                "30 2 * * MON-FRI",
                "backup",
                "db",
                options: given
            )
            #expect(added.status == 0 && added.output == "n\n", "\(added.errors)")
            let list = try json(try await site.hoistway("schedule", "list", "--json"))["items"]?.arrayValue
            #expect(list?.count == 1)
            #expect(list?.first?["jitter"] == 300 && list?.first?["timezone"] == "Europe/Berlin")
            let first = try await site.hoistway("schedule", "run", "n").output.split(separator: "\n").joined()
            try await site.wait(for: first, "running")
            // The running one is killed for the next.
            let second = try await site.hoistway("schedule", "run", "n").output.split(separator: "\n").joined()
            try await site.wait(for: first, "error")
            #expect(try await site.field(first, "reason") == "superseded")
            #expect(try await site.field(first, "supersededBy") == second)
            try await site.wait(for: second, "running")
            #expect(try await site.hoistway("schedule", "pause", "n").status == 0)
            #expect(try json(try await site.hoistway("schedule", "show", "n", "--json"))["paused"] == true)
            #expect(try await site.hoistway("schedule", "resume", "n").status == 0)
            #expect(try await site.hoistway("schedule", "remove", "n").status == 0)
            for verb in ["show", "remove", "run", "pause", "resume"] {
                #expect(try await site.hoistway("schedule", verb, "n").status == 2)
            }
            #expect(try await site.field(second, "status") == "running")
            _ = try await site.hoistway("kill", second, "--wait")
            try await worker.end(SIGTERM)
        }
    }

    /// What is wrong is named in the words of the command line.
    @Test(arguments: [
        (["s", "61 * * * *", "backup", "db"], "CRON"), (["a b", "@daily", "backup", "db"], "ID"),
        (["s", "@daily", "nobodys", "db"], "TYPE"),
        (["s", "@daily", "backup", "db", "--timezone", "Mars"], "--timezone"),
        (["s", "@daily", "backup", "db", "--overlap", "x"], "--overlap"),
        (["s", "@daily", "backup", "db", "--missed", "x"], "--missed"),
        (["s", "@daily", "backup", "db", "--jitter", "x"], "--jitter"),
        (["s", "@daily", "backup", "db", "--priority", "10"], "--priority"),
        (["s", "@daily", "backup", "db", "--id", "x"], "--id"),
    ])
    func refused(arguments: [String], word: String) async throws {
        try await Site.with { site in
            let result = try await site.hoistway("schedule", "add", options: arguments)
            #expect(result.status == 64 && result.errors.hasPrefix("hoistway: \(word): "), "\(result.errors)")
        }
    }

    /// The worker that has the files is away while its job falls due: its folder goes when it is back.
    @Test func retentionRemovesRecordAndFilesTogether() async throws {
        try await Site.with { site in
            try site.recipe("backup", "echo kept")
            let config = try site.write("retention: {backup: {count: 1}}\n", to: "hoistway.yaml")
            let away = "\(site.directory.path)/away"
            let absent = try await site.worker(["--config", config], data: away)
            _ = try await site.run("backup", "old")
            try await absent.end(SIGTERM)
            let worker = try await site.worker(["--config", config])
            for id in ["middle", "new"] { _ = try await site.run("backup", id) }
            try await eventually("two jobs to be removed", timeout: .seconds(60)) {
                let (old, middle) = (try await site.job("old"), try await site.job("middle"))
                return old.isEmpty && middle.isEmpty
            }
            #expect(try await site.field("new", "status") == "done")
            try await eventually("the folder to go") { Site.text("\(site.data)/jobs/middle/1/log") == nil }
            #expect(Site.text("\(site.data)/jobs/new/1/log") != nil)
            #expect(Site.text("\(away)/jobs/old/1/log") != nil)
            let back = try await site.worker(["--config", config], data: away)
            try await eventually("the folder of the absent one to go") { access("\(away)/jobs/old", F_OK) != 0 }
            try await back.end(SIGTERM)
            try await worker.end(SIGTERM)
        }
    }

    @Test func anEndIsTold() async throws {
        try await Site.with { site in
            try site.recipe("backup", "exit 3")
            let worker = try await site.worker()
            let receiver = try await HTTPReceiver.start(500, 200)
            let url = "http://127.0.0.1:\(receiver.port)/"
            _ = try await site.run(
                "backup",
                "j",
                #""notify":[{"url":"\#(url)","on":["error"]},{"url":"\#(url)","on":["done"]}]"#
            )
            try await eventually("the history to say so", timeout: .seconds(30)) {
                try await site.history("j").last == "notified"
            }
            #expect(receiver.requests.count == 2)
            let body = try JSON(parsing: try #require(receiver.requests.last).body)
            #expect(body["id"] == "j" && body["status"] == "error" && body["exitCode"] == 3)
            try await receiver.stop()
            try await worker.end(SIGTERM)
        }
    }

    @Test func aPolicyThatDropsJobsIsWarnedOf() async throws {
        try await Site.with { site in
            _ = try await site.client.send(["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"])
            let worker = try await site.worker()
            try await eventually("the warning") { site.printed.contains("maxmemory-policy allkeys-lru") }
            _ = try await site.client.send(["CONFIG", "SET", "maxmemory-policy", "noeviction"])
            try await worker.end(SIGTERM)
        }
    }
}

extension Site {
    fileprivate func hoistway(_ words: String..., options: [String]) async throws -> Program.Result {
        try await Program.run(words + options + ["--redis", url, "--prefix", prefix])
    }
}
