import Glibc
import HoistwayModel
import RESP
import TestSupport
import Testing

/// The other commands of the control list.
@Suite(.redis, .timeLimit(.minutes(3)))
struct CommandTests {
    @Test func nonsenseIsKeptAndStopsNothing() async throws {
        try await Site.with { site in
            let worker = try await site.worker()
            let nonsense = [
                "nonsense", "[]", "{}", #"{"command":"explode"}"#, #"{"command":"kill"}"#,
                #"{"command":"kill","id":"a","signal":"HUP"}"#, #"{"command":"retry","id":"a","extra":1}"#,
                #"{"command":"pause"}"#, #"{"command":"stopWorker"}"#,
            ]
            for command in nonsense { try await site.control(command) }
            #expect(try await site.order(#""command":"retry","id":"a""#)["error"]?["code"] == "not_found")
            let rejected = try await site.list("control:rejected").reversed().map { try JSON(parsing: $0) }
            #expect(rejected.map { $0["raw"]?.stringValue } == nonsense)
            #expect(rejected.allSatisfy { $0["error"]?["code"] != nil && $0["at"] != nil })
            try await worker.end(SIGTERM)
        }
    }

    @Test func pauseResumeAndDrain() async throws {
        try await Site.with { site in
            for type in ["backup", "compose"] { try site.recipe(type, "true") }
            let worker = try await site.worker()
            #expect(try await site.order(#""command":"pause","type":"backup""#)["ok"] == true)
            try await site.push("backup", all: (0..<3).map { #"{"id":"b\#($0)","backupId":"r\#($0)"}"# })
            #expect(try await site.run("compose", "c0")["status"] == "done")
            try await eventually("it to wait") { try await site.field("b2", "reason") == "paused" }
            #expect(try await site.queue("backup") == ["b0", "b1", "b2"])
            #expect(try await site.order(#""command":"resume","type":"backup""#)["ok"] == true)
            for index in 0..<3 { try await site.wait(for: "b\(index)", "done") }

            #expect(try await site.order(#""command":"pause","type":"*""#)["ok"] == true)
            try await site.push("compose", #"{"id":"c1","composeId":"c"}"#)
            try await site.push("backup", #"{"id":"b3","backupId":"b"}"#)
            try await site.push("backup", #"{"id":"b4","backupId":"b"}"#)
            try await site.push("backup", #"{"id":"b5","backupId":"c","delay":3600}"#)
            try await eventually("both to wait") {
                let reasons = [try await site.field("c1", "reason"), try await site.field("b5", "reason")]
                return reasons == ["paused", "delayed"]
            }
            #expect(try await site.order(#""command":"drain","type":"backup""#)["count"] == 3)
            for id in ["b3", "b4", "b5"] {
                let job = try await site.ended(id)
                #expect(job["status"] == "error" && job["reason"] == "cancelled")
            }
            #expect(try await site.order(#""command":"resume","type":"*""#)["ok"] == true)
            try await site.wait(for: "c1", "done")
            #expect(try await site.order(#""command":"pause","type":"teleport""#)["ok"] == false)
            try await worker.end(SIGTERM)
        }
    }

    @Test func removeTakesRecordAndFolder() async throws {
        try await Site.with { site in
            try site.recipe("backup", "\(site.awaiting("gate"))")
            let worker = try await site.worker()
            try await site.push("backup", #"{"id":"job","backupId":"db"}"#)
            try await site.push("backup", #"{"id":"waits","backupId":"db"}"#)
            try await site.wait(for: "job", "running")
            #expect(try await site.order(#""command":"remove","id":"job""#)["ok"] == false)
            #expect(try await site.order(#""command":"remove","id":"waits""#)["ok"] == true)
            #expect(try await site.job("waits").isEmpty)
            site.touch("gate")
            _ = try await site.ended("job")
            #expect(access("\(site.data)/jobs/job", F_OK) == 0)
            #expect(try await site.order(#""command":"remove","id":"job""#) == ["ok": true, "id": "job"])
            #expect(try await site.job("job").isEmpty)
            try await eventually("the folder to go") { access("\(site.data)/jobs/job", F_OK) != 0 }
            let keys = try await site.send(["KEYS", "\(site.prefix):*job*"]).array?.compactMap(\.string) ?? []
            #expect(keys.isEmpty)
            #expect(try await site.order(#""command":"remove","id":"job""#)["error"]?["code"] == "not_found")
            try await site.push("backup", #"{"id":"job","backupId":"db"}"#)
            try await site.wait(for: "job", "done")
            #expect(try await site.field("job", "attempt") == "1")
            try await worker.end(SIGTERM)
        }
    }

    @Test func requestIdHasItsEffectOnce() async throws {
        try await Site.with { site in
            try site.recipe("backup", "exit 1")
            let worker = try await site.worker()
            _ = try await site.run("backup", "job")
            var answers: Set<String> = []
            for _ in 0..<3 {
                let answer = try await site.order(#""command":"retry","id":"job","requestId":"once""#)
                answers.insert(answer.text)
                _ = try await site.ended(try #require(answer["id"]?.stringValue))
            }
            #expect(answers.count == 1)
            let error = try await site.order(#""command":"kill","id":"nobody","requestId":"twice""#)
            try await site.push("backup", #"{"id":"nobody","backupId":"db","delay":3600}"#)
            try await eventually("the job") { try await site.field("nobody", "reason") == "delayed" }
            #expect(try await site.order(#""command":"kill","id":"nobody","requestId":"twice""#) == error)
            #expect(try await site.field("nobody", "status") == "pending")
            try await worker.end(SIGTERM)
        }
    }

    @Test func stopWorker() async throws {
        try await Site.with { site in
            try site.recipe("backup", site.awaiting("gate"))
            let first = try await site.worker()
            let id = try #require(Site.text("\(site.data)/worker-id"))
            try await site.push("backup", #"{"id":"a","backupId":"a"}"#)
            try await site.wait(for: "a", "running")
            #expect(try await site.order(#""command":"stopWorker","worker":"\#(id)","mode":"detach""#)["ok"] == true)
            #expect(try await first.waitForEnd() == 0)
            #expect(try await site.hash("worker:\(id)")["state"] == "detached")
            #expect(site.processes(of: "a").count >= 1)

            let second = try await site.worker()
            #expect(try await site.order(#""command":"stopWorker","worker":"\#(id)""#)["ok"] == true)
            try await eventually("it to drain") { try await site.hash("worker:\(id)")["state"] == "draining" }
            try await site.push("backup", #"{"id":"b","backupId":"b"}"#)
            try await eventually("the next to wait") { try await site.field("b", "reason") == "queued" }
            site.touch("gate")
            #expect(try await second.waitForEnd() == 0)
            #expect(try await site.field("a", "status") == "done")
            #expect(try await site.field("b", "status") == "pending")
            #expect(try await site.hash("worker:\(id)")["state"] == "stopped")
            let third = try await site.worker()
            try await site.wait(for: "b", "done")
            #expect(try await site.order(#""command":"stopWorker","worker":"nobody""#)["ok"] == false)
            try await third.end(SIGTERM)
        }
    }
}
