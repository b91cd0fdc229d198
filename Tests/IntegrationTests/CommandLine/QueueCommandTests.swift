import Glibc
import HoistwayModel
import TestSupport
import Testing

/// Queues, workers, and why a job waits.
@Suite(.redis, .timeLimit(.minutes(3)))
struct QueueCommandTests {
    private func because(_ site: Site, _ id: String) async throws -> String {
        let result = try await site.hoistway("status", id, "--json")
        return try JSON(parsing: result.output)["waiting"]?["because"]?.stringValue ?? "it does not wait"
    }

    @Test func whyJobsWait() async throws {
        try await Site.with { site in
            try site.recipe("backup", site.awaiting("gate"))
            let worker = try await site.worker(["--slots", "1"])
            try await site.push("backup", #"{"id":"runs","backupId":"a"}"#)
            try await site.wait(for: "runs", "running")
            try await site.push("backup", #"{"id":"same","backupId":"a"}"#)
            try await site.push("backup", #"{"id":"full","backupId":"b"}"#)
            try await site.push("backup", #"{"id":"node","backupId":"c","node":"eu-1"}"#)
            try await site.push("backup", #"{"id":"server","backupId":"d","serverId":"s-1"}"#)
            try await site.push("backup", #"{"id":"later","backupId":"e","delay":"1h"}"#)
            try await site.push("backup", #"{"id":"after","backupId":"f","dependsOn":["runs"]}"#)
            try await site.push("compose", #"{"id":"recipe","composeId":"g"}"#)
            try await eventually("the last") { try await site.field("recipe", "reason") == "queued" }
            try await eventually("the last") { try await site.field("after", "reason") == "blocked" }
            let words = [
                ("same", "key"), ("full", "queued"), ("node", "noNode"), ("server", "noServer"), ("later", "delayed"),
                ("after", "dependency"), ("recipe", "noWorker"),
            ]
            for (id, word) in words { #expect(try await because(site, id) == word, "\(id)") }
            let text = try await site.hoistway("status", "node").output
            #expect(text.contains("no worker has the label eu-1 (noNode)"))
            let page = try JSON(parsing: try await site.hoistway("list", "--json").output)["items"]?.arrayValue ?? []
            for (id, word) in words {
                let item = page.first { $0["id"]?.stringValue == id }
                #expect(item?["waiting"]?["because"]?.stringValue == word, "\(id) in a list")
            }
            #expect(page.first { $0["id"] == "runs" }?["waiting"] == .null)
            let json = try JSON(parsing: try await site.hoistway("status", "same", "--json").output)
            #expect(json["waiting"]?["blockedBy"] == ["runs"])
            #expect(
                json["waiting"]?.objectValue?.keys == ["position", "ahead", "because", "blockedBy", "estimatedStart"]
            )

            #expect(try await site.hoistway("pause", "backup").status == 0)
            #expect(try await because(site, "full") == "paused")
            let queues = try JSON(parsing: try await site.hoistway("queues", "--json").output)
            let backup = queues["items"]?.arrayValue?.first { $0["type"] == "backup" }
            #expect(backup?["paused"] == true && backup?["running"] == 1 && backup?["pending"] == 6)
            #expect(try await site.hoistway("queues").output.contains("paused"))
            #expect(try await site.hoistway("drain", "backup").status == 0)
            #expect(try await site.field("full", "reason") == "cancelled")
            #expect(try await site.hoistway("resume", "backup").status == 0)
            site.touch("gate")
            try await site.wait(for: "runs", "done")
            try await worker.end(SIGTERM)
            #expect(try await because(site, "recipe") == "noWorker")
        }
    }

    @Test func workersAndTheirEnd() async throws {
        try await Site.with { site in
            let worker = try await site.worker(["--slots", "3", "--node", "eu-1"])
            let id = try #require(Site.text("\(site.data)/worker-id"))
            let listed = try JSON(parsing: try await site.hoistway("workers", "--json").output)["items"]?.arrayValue
            let found = try #require(listed?.first)
            #expect(found["id"]?.stringValue == id && found["slots"] == 3 && found["node"] == "eu-1")
            #expect(found["pid"]?.intValue == Int(worker.pid) && found["state"] == "running")
            #expect(try await site.hoistway("workers").output.contains(id))
            #expect(try await site.hoistway("worker", "stop", id, "--mode", "detach").status == 0)
            #expect(try await worker.waitForEnd() == 0)
        }
    }

    @Test func completionsAndHelp() async throws {
        for shell in ["bash", "zsh", "fish"] {
            let result = try await Program.run(["completions", shell])
            #expect(result.status == 0 && result.output.contains("hoistway"), "\(shell)")
        }
        #expect(try await Program.run(["completions", "tcsh"]).status == 64)
        let help = try await Program.run(["--help"])
        #expect(help.status == 0 && help.output.contains("enqueue"))
        #expect(try await Program.run(["--version"]).status == 0)
    }
}
