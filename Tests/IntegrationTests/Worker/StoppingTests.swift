import Glibc
import HoistwayModel
import TestSupport
import Testing

/// Workers come and go; the jobs under them do not notice.
@Suite(.redis, .timeLimit(.minutes(3)))
struct StoppingTests {
    private func start(_ site: Site, _ id: String, in worker: RunningProgram) async throws -> String {
        try await site.push("backup", #"{"id":"\#(id)","backupId":"\#(id)"}"#)
        try await site.wait(for: id, "running")
        return try #require(try await site.field(id, "pid"))
    }

    @Test func firstSignalDrains() async throws {
        try await Site.with { site in
            try site.recipe("backup", site.awaiting("gate"))
            let worker = try await site.worker()
            _ = try await start(site, "runs", in: worker)
            worker.send(SIGTERM)
            let id = try #require(Site.text("\(site.data)/worker-id"))
            try await eventually("it to drain") { try await site.hash("worker:\(id)")["state"] == "draining" }
            try await site.push("backup", #"{"id":"next","backupId":"next"}"#)
            try await eventually("admission while draining") { try await site.field("next", "reason") == "queued" }
            site.touch("gate")
            #expect(try await worker.waitForEnd() == 0)
            #expect(try await site.field("runs", "status") == "done")
            #expect(try await site.field("next", "status") == "pending")
        }
    }

    @Test func secondSignalKillsAndThirdLeaves() async throws {
        try await Site.with { site in
            try site.recipe("backup", "trap '' TERM; printf '{\"progress\":1}\\n' >&3; while :; do sleep 0.1; done")
            let worker = try await site.worker()
            for id in ["a", "b"] {
                try await site.push(
                    "backup",
                    #"{"id":"\#(id)","backupId":"\#(id)","killGrace":\#(id == "a" ? 0.3 : 600)}"#
                )
                try await eventually("\(id) to run") { try await site.field(id, "progress") == "1" }
            }
            worker.send(SIGINT)
            try await eventually("it to drain") { site.printed.contains("draining") }
            worker.send(SIGTERM)
            let killed = try await site.ended("a")
            #expect(killed["status"] == "error" && killed["reason"] == "killed", "\(killed)")
            #expect(site.processes(of: "a").isEmpty)
            worker.send(SIGTERM)
            #expect(try await worker.waitForEnd() == 0)
            #expect(try await site.field("b", "status") == "running")
            let second = try await site.worker()
            #expect(try await site.order(#""command":"kill","id":"b","signal":"KILL""#)["ok"] == true)
            #expect(try await site.ended("b")["reason"] == "killed")
            try await second.end(SIGTERM)
        }
    }

    @Test func detachedAndBackWithinASecond() async throws {
        try await Site.with { site in
            try site.recipe("backup", "echo begin; \(site.awaiting("gate")); echo end; exit 6")
            let first = try await site.worker(["--on-stop", "detach"])
            let pid = try await start(site, "job", in: first)
            first.send(SIGTERM)
            #expect(try await first.waitForEnd() == 0)
            #expect(try await site.field("job", "status") == "running")
            let second = try await site.worker(["--on-stop", "detach"])
            #expect(try await site.field("job", "pid") == pid)
            #expect(try await site.field("job", "attempt") == "1")
            site.touch("gate")
            let job = try await site.ended("job")
            #expect(job["status"] == "error" && job["exitCode"] == "6" && job["attempt"] == "1")
            let lines = try await site.log("job").split(separator: "\n").map { $0.dropFirst(25) }
            #expect(lines == ["INFO begin", "INFO end"])
            #expect(try await site.history("job") == ["accepted", "claimed", "started", "failed"])
            try await second.end(SIGTERM)
        }
    }

    @Test func endedWhileNoWorkerWasThere() async throws {
        try await Site.with { site in
            try site.recipe("backup", "\(site.awaiting("gate")); printf '{\"result\":{\"a\":1}}\\n' >&3")
            let first = try await site.worker()
            _ = try await start(site, "job", in: first)
            try await first.end(SIGKILL)
            site.touch("gate")
            try await eventually("the recipe to end") { site.processes(of: "job").isEmpty }
            let second = try await site.worker()
            let job = try await site.ended("job")
            #expect(job["status"] == "done" && job["result"] == #"{"a":1}"# && job["exitCode"] == "0")
            try await second.end(SIGTERM)
        }
    }
}
