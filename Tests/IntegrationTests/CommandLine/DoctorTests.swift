import Glibc
import HoistwayModel
import RESP
import TestSupport
import Testing

/// The command that looks for what is wrong, on a system that works.
@Suite(.redis, .timeLimit(.minutes(3)))
struct DoctorTests {
    private func breaches(_ result: Program.Result) throws -> [String] {
        let json = try JSON(parsing: result.output)
        return json["breaches"]?.arrayValue?.compactMap { $0["message"]?.stringValue } ?? []
    }

    /// What is under way is no breach, and a repair finds nothing to do.
    @Test func aBusySystemIsSound() async throws {
        try await Site.with { site in
            try site.recipe("backup", "echo '{\"progress\":40}' >&3")
            let worker = try await site.worker(["--slots", "4"])
            let busy = Task {
                var number = 0
                while access("\(site.directory.path)/over", F_OK) != 0 {
                    let documents = (0..<20).map { index -> String in
                        number += 1
                        let delay = index % 5 == 0 ? #","delay":0.3"# : ""
                        let conflict = index % 7 == 0 ? #","onConflict":"supersede""# : ""
                        return #"{"id":"j\#(number)","backupId":"r\#(number % 9)"\#(delay)\#(conflict)}"#
                    }
                    try await site.push("backup", all: documents)
                    try await eventually("most of them to start") {
                        try await site.send(["ZCARD", "\(site.prefix):index:pending:backup"]).int ?? 0 < 20
                    }
                }
                return number
            }
            try await eventually("jobs to end") {
                try await site.send(["ZCARD", "\(site.prefix):index:done"]).int ?? 0 > 10
            }
            for arguments in [["doctor"], ["doctor", "--repair"], ["doctor"]] {
                let location = ["--redis", site.url, "--prefix", site.prefix, "--data", site.data, "--json"]
                let result = try await Program.run(arguments + location)
                #expect(result.status == 0, "\(result.errors)")
                #expect(try breaches(result) == [])
            }
            site.touch("over")
            let count = try await busy.value
            #expect(count > 40)
            // Retention may have removed the first of them by now.
            for key in ["inbox:backup", "index:pending:backup", "index:running"] {
                try await eventually("the end of all: \(key)") {
                    try await site.send(["EXISTS", "\(site.prefix):\(key)"]).int == 0
                }
            }
            try await worker.end(SIGTERM)
        }
    }

    /// What a crash of something foreign left behind is told and repaired while a worker works, and the jobs run.
    @Test func damageIsToldAndRepairedBesideAWorker() async throws {
        try await Site.with { site in
            try site.recipe("backup", site.awaiting("gate"))
            _ = try await site.worker(["--slots", "1"])
            try await site.push("backup", #"{"id":"runs","backupId":"a"}"#)
            try await site.wait(for: "runs", "running")
            try await site.push("backup", #"{"id":"same","backupId":"a"}"#)
            try await site.push("backup", #"{"id":"next","backupId":"b"}"#)
            try await site.wait(for: "next", "pending")
            try await eventually("its place") { try await site.queue("backup") == ["next"] }
            try await eventually("its line") { try await site.field("same", "reason") == "blocked" }
            try await site.send(["DEL", "\(site.prefix):queue:backup"])
            try await site.send(["DEL", "\(site.prefix):waiting:backup:a"])
            try await site.send(["ZREM", "\(site.prefix):index:running", "runs"])
            try await site.send(["HSET", "\(site.prefix):turns", "lost", "ghost"])
            try await site.send(["RPUSH", "\(site.prefix):job:ghost:history", "{}"])

            let seen = try await site.hoistway("doctor")
            #expect(seen.status == 1)
            for text in [
                "job next (pending queued) is not in its queue backup", "job same (pending blocked) is not in the line",
                "job runs (running) is not in the index of running jobs",
                "the turn of lost is held by ghost, which is gone",
                "job:ghost:history outlives its job", "repair with \"hoistway doctor --repair\"",
            ] { #expect(seen.output.contains(text), "\(text): \(seen.output)") }
            let repaired = try JSON(parsing: try await site.hoistway("doctor", "--repair", "--json").output)
            #expect(repaired["ok"] == true)
            #expect(repaired["breaches"]?.arrayValue?.contains { $0["repaired"] != true } == false)
            #expect(try await site.hoistway("doctor").status == 0)
            site.touch("gate")
            for id in ["runs", "same", "next"] { try await site.wait(for: id, "done") }
            #expect(try await site.hoistway("history", "next").output.contains("repaired"))
        }
    }

    @Test func itLooksAroundToo() async throws {
        try await Site.with { site in
            let worker = try await site.worker()
            try await site.send(["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"])
            let result = try await Program.run(
                ["doctor", "--redis", site.url, "--prefix", site.prefix, "--data", site.data, "--json"]
            )
            try await site.send(["CONFIG", "SET", "maxmemory-policy", "noeviction"])
            let json = try JSON(parsing: result.output)
            let checks = json["checks"]?.arrayValue ?? []
            func check(_ name: String) -> JSON? { checks.first { $0["name"]?.stringValue == name } }
            #expect(result.status == 0 && json["ok"] == true, "warnings are no failures")
            #expect(check("eviction")?["state"] == "warning")
            #expect(check("persistence")?["state"] == "warning")
            for name in ["redis", "clock", "schema", "workers", "monitor"] {
                #expect(check(name)?["state"] == "ok", "\(name)")
            }
            #expect(check("data")?["message"]?.stringValue?.contains(site.data) == true)
            try await worker.end()
            try await site.send(["HSET", "\(site.prefix):worker:lost-1", "state", "unreachable", "host", "far"])
            try await site.send(["SADD", "\(site.prefix):workers", "lost-1"])
            let text = try await site.hoistway("doctor").output
            #expect(text.contains("lost-1 on far was never heard of"))
            let gone = try await Program.run(["doctor", "--redis", "unix:///nonexistent"])
            #expect(gone.status == 69)
        }
    }
}
