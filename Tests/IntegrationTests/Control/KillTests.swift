import Glibc
import HoistwayModel
import TestSupport
import Testing

/// A kill ends everything of a job, and nothing else.
@Suite(.redis, .timeLimit(.minutes(3)))
struct KillTests {
    /// A recipe that does what can be done to escape.
    private static let escapist = """
        #!/usr/bin/python3 -S
        import os, signal, time, sys
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        def child(body):
            if os.fork() == 0:
                body()
                time.sleep(1000)
                os._exit(0)
        child(lambda: os.setsid())
        child(lambda: [os.setsid(), os.fork() and os._exit(0)])
        child(lambda: os.fork() and os._exit(0))
        child(lambda: os.kill(os.getpid(), signal.SIGSTOP))
        print("ready", flush=True)
        os.write(3, b'{"progress":1}\\n')
        time.sleep(1000)
        """

    @Test func wholeTreeWithReceipt() async throws {
        try await Site.with { site in
            try site.recipe("backup", Self.escapist)
            try site.recipe("compose", site.awaiting("gate"))
            let worker = try await site.worker()
            try await site.push("compose", #"{"id":"bystander","composeId":"c"}"#)
            try await site.push("backup", #"{"id":"job","backupId":"db","killGrace":0.5}"#)
            try await eventually("everything to run") { try await site.field("job", "progress") == "1" }
            try await eventually("all five") { site.processes(of: "job").count >= 5 }
            let before = Timestamp.now()
            let answer = try await site.order(#""command":"kill","id":"job","by":"ann","why":"too slow""#)
            #expect(answer == ["ok": true, "id": "job"])
            let job = try await site.ended("job")
            #expect(site.processes(of: "job").isEmpty)
            #expect(
                job["status"] == "error" && job["reason"] == "killed" && job["signal"] == "KILL" && job["pid"] == nil
            )
            #expect(job["message"]?.contains("too slow") == true)
            let receipt = try await site.document("job", "kill")
            #expect(
                receipt.objectValue?.keys == ["requestedAt", "by", "why", "deliveredAt", "signals", "emptyAt"]
            )
            #expect(receipt["by"] == "ann" && receipt["why"] == "too slow")
            let signals = try #require(receipt["signals"]?.arrayValue)
            #expect(signals.map { $0["signal"] }.first == "TERM" && signals.map { $0["signal"] }.last == "KILL")
            #expect((signals.first?["count"]?.intValue ?? 0) >= 5)
            let times = ["requestedAt", "deliveredAt", "emptyAt"].compactMap {
                receipt[$0]?.stringValue.flatMap { Timestamp(parsing: $0) }
            }
            #expect(times.count == 3 && times == times.sorted() && times[0].milliseconds >= before.milliseconds - 1)
            #expect(try await site.field("bystander", "status") == "running")
            site.touch("gate")
            try await site.wait(for: "bystander", "done")
            try await worker.end(SIGTERM)
        }
    }

    /// Before its recipe runs: a command that is asked for a secret takes its time.
    @Test func killWhileStarting() async throws {
        try await Site.with { site in
            try site.recipe("backup", "echo ran > \(site.directory.path)/ran")
            let path = try site.write(
                """
                worker:
                  secrets:
                    commands: {slow: [sh, -c, "echo > \(site.directory.path)/asked; sleep 29; echo secret"]}
                """,
                to: "hoistway.yaml"
            )
            let worker = try await site.worker(["--config", path])
            try await site.push("backup", #"{"id":"job","backupId":"db","secrets":{"S":"command:slow"}}"#)
            try await eventually("the command to run") { access("\(site.directory.path)/asked", F_OK) == 0 }
            let begun = ContinuousClock.now
            _ = try await site.order(#""command":"kill","id":"job","why":"too slow""#)
            let job = try await site.ended("job")
            #expect(ContinuousClock.now - begun < .seconds(15), "well before the command's end")
            #expect(job["status"] == "error" && job["reason"] == "killed" && job["message"] == "killed: too slow")
            #expect(try await site.document("job", "error") == ["code": "killed", "message": "killed: too slow"])
            let receipt = try await site.document("job", "kill")
            #expect(receipt["by"] == .null && receipt["why"] == "too slow" && receipt["signals"] == [])
            let times = ["requestedAt", "deliveredAt", "emptyAt"].compactMap { receipt[$0]?.stringValue }
            #expect(times.count == 3 && times == times.sorted())
            #expect(access("\(site.directory.path)/ran", F_OK) != 0)
            // The slot is free again.
            #expect(try await site.run("backup", "next")["status"] == "done")
            try await worker.end(SIGTERM)
        }
    }

    @Test func politeRecipeMayTidyUp() async throws {
        try await Site.with { site in
            try site.recipe(
                "backup",
                "trap 'echo tidied; exit 0' TERM; printf '{\"progress\":1}\\n' >&3; while :; do sleep 0.05; done"
            )
            let worker = try await site.worker()
            try await site.push("backup", #"{"id":"job","backupId":"db","maxAttempts":5}"#)
            try await eventually("it to run") { try await site.field("job", "progress") == "1" }
            _ = try await site.order(#""command":"kill","id":"job""#)
            let job = try await site.ended("job")
            #expect(job["reason"] == "killed" && job["exitCode"] == "0" && job["attempt"] == "1")
            #expect(try await site.log("job").contains("tidied"))
            let signals = try await site.document("job", "kill")["signals"]?.arrayValue
            #expect(signals?.map { $0["signal"] } == ["TERM"])
            let receipt = try await site.document("job", "kill")
            #expect(receipt["by"] == .null && receipt["why"] == .null)
            #expect(try await site.order(#""command":"kill","id":"job""#)["error"]?["code"] == "already_ended")
            #expect(try await site.order(#""command":"kill","id":"nobody""#)["error"]?["code"] == "not_found")
            try await worker.end(SIGTERM)
        }
    }

    @Test func atOnceWithKill() async throws {
        try await Site.with { site in
            try site.recipe("backup", "trap '' TERM; printf '{\"progress\":1}\\n' >&3; while :; do sleep 1; done")
            let worker = try await site.worker()
            try await site.push("backup", #"{"id":"job","backupId":"db","killGrace":1000}"#)
            try await eventually("it to run") { try await site.field("job", "progress") == "1" }
            _ = try await site.order(#""command":"kill","id":"job","grace":"1h""#)
            _ = try await site.order(#""command":"kill","id":"job","signal":"KILL""#)
            #expect(try await site.ended("job")["signal"] == "KILL")
            try await worker.end(SIGTERM)
        }
    }

    @Test func graceOutlivesTheWorker() async throws {
        try await Site.with { site in
            try site.recipe("backup", "trap '' TERM; printf '{\"progress\":1}\\n' >&3; while :; do sleep 0.1; done")
            let first = try await site.worker()
            try await site.push("backup", #"{"id":"job","backupId":"db","killGrace":0.3}"#)
            try await eventually("it to run") { try await site.field("job", "progress") == "1" }
            try await first.end(SIGKILL)
            let second = try await site.worker()
            try await eventually("it to be adopted") { site.printed.contains("adopted job#1") }
            _ = try await site.order(#""command":"kill","id":"job""#)
            let job = try await site.ended("job", timeout: .seconds(6))
            #expect(job["reason"] == "killed" && job["signal"] == "KILL")
            try await second.end(SIGTERM)
        }
    }

    @Test func bySelection() async throws {
        try await Site.with { site in
            for type in ["backup", "compose"] { try site.recipe(type, "sleep 1000") }
            let worker = try await site.worker(["--slots", "3"])
            let team = #""labels":{"team":"a"}"#
            try await site.push("backup", #"{"id":"b1","backupId":"db",\#(team)}"#)
            try await site.push("backup", #"{"id":"b2","backupId":"db"}"#)
            try await site.push("backup", #"{"id":"b3","backupId":"other"}"#)
            try await site.push("compose", #"{"id":"c1","composeId":"db",\#(team)}"#)
            for id in ["b1", "b3", "c1"] { try await site.wait(for: id, "running") }
            #expect(try await site.order(#""command":"kill","type":"backup","resourceId":"db""#)["count"] == 2)
            for id in ["b1", "b2"] { _ = try await site.ended(id) }
            #expect(try await site.field("b2", "reason") == "cancelled")
            #expect(try await site.order(#""command":"kill","label":"team=a""#)["count"] == 1)
            _ = try await site.ended("c1")
            #expect(try await site.order(#""command":"kill","olderThan":"1h""#)["count"] == 0)
            #expect(try await site.order(#""command":"kill","olderThan":0.001"#)["count"] == 1)
            #expect(try await site.ended("b3")["reason"] == "killed")
            try await worker.end(SIGTERM)
        }
    }

    @Test func whatTheRecipeLeavesBehindIsEnded() async throws {
        try await Site.with { site in
            try site.recipe("backup", "setsid sleep 1000 & (trap '' TERM; sleep 999) & echo bye; exit 0")
            let worker = try await site.worker()
            let job = try await site.run("backup", "job", #""killGrace":0.3"#)
            #expect(job["status"] == "done")
            #expect(site.processes(of: "job").isEmpty)
            let log = try await site.log("job")
            #expect(log.contains("WARN") && log.contains("sleep"))
            try await worker.end(SIGTERM)
        }
    }
}
