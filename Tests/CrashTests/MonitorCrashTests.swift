import Glibc
import TestSupport
import Testing

/// A monitor is killed: its tree goes with it, and the job ends.
@Suite(.redis, .timeLimit(.minutes(5)), .serialized)
struct MonitorCrashTests {
    /// The monitor of an attempt, from the record it wrote.
    private func monitor(_ site: Site, _ id: String) throws -> pid_t {
        try #require(recordedMonitor(site, id))
    }

    private func recordedMonitor(_ site: Site, _ id: String) -> pid_t? {
        let state = Site.text("\(site.data)/jobs/\(id)/1/monitor.jsonl")
        let rest = state?.components("\"monitorPid\":").last
        return rest.flatMap { pid_t($0.prefix { $0.isNumber }) }
    }

    @Test func jobIsLost() async throws {
        try await Site.with { site in
            try site.recipe("backup", "setsid sleep 1000 & (sleep 1000 &) ; trap '' TERM; while :; do sleep 1; done")
            let worker = try await site.worker()
            try await site.push("backup", #"{"id":"job","backupId":"db"}"#)
            try await site.wait(for: "job", "running")
            let monitor = try monitor(site, "job")
            kill(monitor, SIGKILL)
            try await site.wait(for: "job", "error")
            #expect(try await site.field("job", "reason") == "lost")
            try await eventually("no process of the job") { site.processes(of: "job").isEmpty }
            try await worker.end(SIGTERM)
        }
    }

    @Test func lostJobIsRetriedWhereAllowed() async throws {
        try await Site.with { site in
            try site.recipe("backup", "[ $HOISTWAY_ATTEMPT = 2 ] || sleep 1000")
            let worker = try await site.worker()
            try await site.push(
                "backup",
                #"{"id":"job","backupId":"db","maxAttempts":2,"backoff":{"type":"fixed","delay":0.1}}"#
            )
            try await site.wait(for: "job", "running")
            let monitor = try monitor(site, "job")
            kill(monitor, SIGKILL)
            try await site.wait(for: "job", "done")
            #expect(try await site.field("job", "attempt") == "2")
            #expect(try await site.field("job", "failures") == nil)
            try await worker.end(SIGTERM)
        }
    }

    @Test func monitorAndWorkerDieTogether() async throws {
        try await Site.with { site in
            try site.recipe("backup", "setsid sleep 1000 & sleep 1000")
            let first = try await site.worker()
            try await site.push("backup", #"{"id":"job","backupId":"db"}"#)
            try await site.wait(for: "job", "running")
            let monitor = try monitor(site, "job")
            first.send(SIGKILL)
            kill(monitor, SIGKILL)
            try await first.end(SIGKILL)
            let second = try await site.worker()
            try await site.wait(for: "job", "error")
            #expect(try await site.field("job", "reason") == "lost")
            #expect(site.processes(of: "job").isEmpty)
            try await second.end(SIGTERM)
        }
    }

    /// Kills at times that no named point covers: while a monitor starts, ends, or writes its records.
    @Test func randomMoments() async throws {
        try await Site.with { site in
            try site.recipe("backup", "echo hello; sleep 0.0$((HOISTWAY_FENCE % 5))")
            let worker = try await site.worker()
            let bystander = try await Program.start(["worker", "--help"], log: "\(site.directory.path)/help.log")
            for round in 1...40 {
                try await site.push("backup", #"{"id":"job\#(round)","backupId":"db"}"#)
                if round % 2 == 0 {
                    try await eventually("a record or the end of job\(round)") {
                        if self.recordedMonitor(site, "job\(round)") != nil { return true }
                        return try await site.field("job\(round)", "completedAt") != nil
                    }
                    if let pid = recordedMonitor(site, "job\(round)") { kill(pid, SIGKILL) }
                }
            }
            for round in 1...40 {
                try await eventually("the end of job\(round)", timeout: .seconds(60)) {
                    try await site.field("job\(round)", "completedAt") != nil
                }
                let reason = try await site.field("job\(round)", "reason")
                #expect(reason == nil || reason == "lost")
                #expect(site.processes(of: "job\(round)").isEmpty)
            }
            _ = try await bystander.waitForEnd()
            try await worker.end(SIGTERM)
        }
    }
}

extension String {
    fileprivate func components(_ separator: String) -> [Substring] {
        guard let range = firstRange(of: separator) else { return [] }
        return [self[..<range.lowerBound], self[range.upperBound...]]
    }
}
