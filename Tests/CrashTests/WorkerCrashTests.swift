import Glibc
import TestSupport
import Testing

/// A worker dies at each step between claim and settling; the one that comes after it finds the truth.
@Suite(.redis, .timeLimit(.minutes(5)), .serialized)
struct WorkerCrashTests {
    static let points = ["claimed", "planned", "launched", "started", "startRecorded", "ended", "endRecorded"]

    @Test(arguments: points)
    func jobRunsOnce(point: String) async throws {
        try await Site.with { site in
            try site.recipe("backup", "echo $HOISTWAY_FENCE >> \(site.directory.path)/effects; sleep 0.3; exit 4")
            let first = try await site.worker(environment: ["HOISTWAY_CRASH_AT": point])
            try await site.push("backup", #"{"id":"job","backupId":"db"}"#)
            #expect(try await first.waitForEnd() == 128 + Int(SIGKILL))

            let second = try await site.worker()
            try await site.wait(for: "job", "error")
            #expect(site.lines("effects").count == 1, "the recipe ran more or less than once")
            #expect(try await site.field("job", "reason") == "failed")
            #expect(try await site.field("job", "exitCode") == "4")
            #expect(try await site.field("job", "attempt") == "1")
            #expect(try await site.history("job").last == "failed")
            try await eventually("no process of the job") { site.processes(of: "job").isEmpty }
            try await second.end(SIGTERM)
        }
    }

    @Test(arguments: points)
    func retriesGoOn(point: String) async throws {
        try await Site.with { site in
            try site.recipe("backup", "echo $HOISTWAY_ATTEMPT >> \(site.directory.path)/effects; exit 1")
            let first = try await site.worker(environment: ["HOISTWAY_CRASH_AT": point])
            try await site.push(
                "backup",
                #"{"id":"job","backupId":"db","maxAttempts":2,"backoff":{"type":"fixed","delay":0.1}}"#
            )
            _ = try await first.waitForEnd()
            let second = try await site.worker()
            try await site.wait(for: "job", "error")
            #expect(site.lines("effects") == ["1", "2"])
            #expect(try await site.field("job", "failures") == "2")
            try await second.end(SIGTERM)
        }
    }

    @Test func livingJobsAreAdopted() async throws {
        try await Site.with { site in
            let gate = "\(site.directory.path)/gate"
            try site.recipe("backup", "echo begin; while [ ! -e \(gate) ]; do sleep 0.05; done; echo end; exit 7")
            let first = try await site.worker()
            for index in 1...3 { try await site.push("backup", #"{"id":"job\#(index)","backupId":"db\#(index)"}"#) }
            for index in 1...3 { try await site.wait(for: "job\(index)", "running") }
            let pid = try await site.field("job1", "pid")
            try await first.end(SIGKILL)

            let second = try await site.worker()
            #expect(try await site.field("job1", "status") == "running")
            #expect(try await site.field("job1", "pid") == pid)
            close(open(gate, O_CREAT | O_WRONLY, 0o600))
            for index in 1...3 {
                try await site.wait(for: "job\(index)", "error")
                #expect(try await site.field("job\(index)", "exitCode") == "7")
                let path = try #require(try await site.field("job\(index)", "logPath"))
                let log = try #require(Site.text(path))
                #expect(log.contains("INFO begin") && log.hasSuffix("INFO end"))
            }
            try await second.end(SIGTERM)
        }
    }

    @Test func killAskedForWhileNoWorkerLives() async throws {
        try await Site.with { site in
            try site.recipe("backup", "sleep 1000 & setsid sleep 1000 & wait")
            let first = try await site.worker()
            try await site.push("backup", #"{"id":"job","backupId":"db"}"#)
            try await site.wait(for: "job", "running")
            try await first.end(SIGKILL)
            let asked = try await site.hoistway("kill", "job", "--why", "nobody is there")
            #expect(asked.status == 0, "\(asked.errors)")
            let second = try await site.worker()
            try await site.wait(for: "job", "error")
            #expect(try await site.field("job", "reason") == "killed")
            #expect(site.processes(of: "job").isEmpty)
            try await second.end(SIGTERM)
        }
    }

    @Test func timeoutIsKeptWithoutAWorker() async throws {
        try await Site.with { site in
            try site.recipe("backup", "sleep 1000")
            let first = try await site.worker()
            try await site.push("backup", #"{"id":"job","backupId":"db","timeout":1,"killGrace":1}"#)
            try await site.wait(for: "job", "running")
            try await first.end(SIGKILL)
            try await eventually("the job to be ended by its monitor") {
                site.processes(of: "job").isEmpty
            }
            let second = try await site.worker()
            try await site.wait(for: "job", "error")
            let reason = try await site.field("job", "reason")
            let message = try await site.field("job", "message")
            #expect(reason == "timeout", "\(message ?? "")")
            try await second.end(SIGTERM)
        }
    }
}
