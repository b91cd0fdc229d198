import Glibc
import HoistwayModel
import RESP
import TestSupport
import Testing

/// Hosts that are declared dead, payloads that take their monitor with them.
@Suite(.redis, .timeLimit(.minutes(3)))
struct LossTests {
    @Test func aForgottenWorkersJobsAreLostAndTriedElsewhere() async throws {
        try await Site.with { site in
            try site.recipe("backup", site.awaiting("gate"))
            let first = try await site.worker(["--node", "one"])
            let id = try #require(Site.text("\(site.data)/worker-id"))
            try await site.push("backup", #"{"id":"once","backupId":"a"}"#)
            try await site.push("backup", #"{"id":"twice","backupId":"b","maxAttempts":2,"backoff":{"delay":0.1}}"#)
            for job in ["once", "twice"] { try await site.wait(for: job, "running") }
            let folder = "\(site.data)/jobs/twice"
            // Its host is gone, as far as anybody can see: the worker hangs, its jobs run on.
            first.send(SIGSTOP)
            let second = try await site.worker(data: "\(site.directory.path)/data-2")
            let forgotten = try await site.hoistway("worker", "forget", id)
            #expect(forgotten.status == 0, "\(forgotten)")
            let once = try await site.job("once")
            #expect(once["status"] == "error" && once["reason"] == "lost")
            #expect(once["message"]?.contains(id) == true)
            try await eventually("the other to run again") {
                let job = try await site.job("twice")
                return job["status"] == "running" && job["attempt"] == "2" && job["workerId"] != id
            }
            #expect(try await site.send(["SISMEMBER", "\(site.prefix):workers", .string(id)]).int == 0)
            #expect(try await site.hoistway("worker", "forget", "nobody").status == 2)
            #expect(
                try await site.order(#""command":"forgetWorker","worker":"nobody""#)["error"]?["code"] == "not_found"
            )

            // It was not dead after all: it introduces itself again, and ends what was given away.
            first.send(SIGCONT)
            try await eventually("its processes to end") {
                site.processes(of: "once").isEmpty && site.processes(of: "twice").count == 0
            }
            try await eventually("it to be back") { try await site.hash("worker:\(id)")["state"] == "running" }
            #expect(try await site.field("twice", "status") == "running")
            site.touch("gate")
            #expect(try await site.ended("twice")["status"] == "done")

            // Both have a folder of it.
            #expect(access(folder, F_OK) == 0)
            #expect(try await site.hoistway("remove", "twice").status == 0)
            try await eventually("both folders to go") {
                access(folder, F_OK) != 0 && access("\(site.directory.path)/data-2/jobs/twice", F_OK) != 0
            }
            for worker in [first, second] { try await worker.end(SIGTERM) }
        }
    }

    @Test func aPayloadThatKillsItsMonitorIsQuarantined() async throws {
        try await Site.with { site in
            try site.recipe("backup", #"case $(cat) in *bomb*) kill -9 $PPID; sleep 600;; esac"#)
            let worker = try await site.worker()
            for number in 0..<3 {
                try await site.push("backup", #"{"id":"b\#(number)","backupId":"r","payload":{"x":"bomb"}}"#)
                let job = try await site.ended("b\(number)")
                #expect(job["reason"] == "lost", "\(job)")
            }
            let refused = try await site.hoistway("enqueue", "backup", "r", "--payload", #"{"x":"bomb"}"#)
            #expect(refused.status == 1)
            #expect(refused.errors.contains("quarantine release backup r"))
            let listed = try JSON(parsing: try await site.hoistway("quarantine", "list", "--json").output)
            #expect(listed["items"]?.arrayValue?.first?["lastJobId"] == "b2")
            #expect(try await site.hoistway("quarantine", "list").output.contains("b2"))
            try await site.push("backup", #"{"id":"well","backupId":"r"}"#)
            #expect(try await site.ended("well")["status"] == "done")
            #expect(try await site.hoistway("quarantine", "release", "backup", "r").status == 0)
            #expect(try await site.hoistway("quarantine", "release", "backup", "r").status == 2)
            #expect(
                try await site.order(#""command":"releaseQuarantine","type":"backup","resourceId":"r""#)["error"]?[
                    "code"
                ]
                    == "not_found"
            )
            #expect(
                try await site.hoistway("enqueue", "backup", "r", "--payload", #"{"x":"bomb"}"#, "--wait").status == 1
            )
            try await worker.end(SIGTERM)
        }
    }
}
