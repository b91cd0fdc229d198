import Glibc
import RESP
import RedisClient
import TestSupport
import Testing

/// Workers that are gone, frozen or cut off: what they had goes on elsewhere, and never at two places at a time.
@Suite(.redis, .timeLimit(.minutes(5)), .serialized)
struct LeaseCrashTests {
    /// Tells when an earlier attempt of the same job still lives.
    private static func careful(_ site: Site) -> String {
        """
        here=\(site.directory.path)/pid.$HOISTWAY_JOB_ID
        for past in $here.*; do [ -e $past ] && kill -0 $(cat $past) 2>/dev/null && echo overlap >> \(site.directory.path)/overlaps; done
        echo $$ > $here.$HOISTWAY_ATTEMPT
        while [ ! -e \(site.directory.path)/gate ]; do sleep 0.05; done
        """
    }

    private func open(_ site: Site) { close(Glibc.open("\(site.directory.path)/gate", O_CREAT | O_WRONLY, 0o600)) }

    /// Two jobs run on a worker with short leases, of which one may be tried again; another worker is there.
    private func withTwoWorkers(
        redis: String? = nil,
        _ body: (Site, RunningProgram, _ firstID: String) async throws -> Void
    ) async throws {
        try await Site.with { site in
            try site.recipe("backup", LeaseCrashTests.careful(site))
            let first = try await site.worker(leases, redis: redis, environment: margin)
            let id = try #require(Site.text("\(site.data)/worker-id"))
            try await site.push("backup", #"{"id":"once","backupId":"a"}"#)
            try await site.push("backup", #"{"id":"twice","backupId":"b","maxAttempts":2,"backoff":{"delay":0.1}}"#)
            for job in ["once", "twice"] { try await site.wait(for: job, "running") }
            let second = try await site.worker(leases, data: "\(site.directory.path)/data-2", environment: margin)
            try await body(site, first, id)
            open(site)
            try await site.wait(for: "twice", "done")
            #expect(try await site.field("once", "status") == "error")
            #expect(try await site.field("once", "reason") == "lost")
            #expect(try await site.field("twice", "attempt") == "2")
            #expect(site.lines("overlaps").isEmpty)
            try await second.end(SIGTERM)
        }
    }

    private func elsewhere(_ site: Site, _ id: String) async throws {
        try await eventually("the other to run again", timeout: .seconds(30)) {
            let worker = try await site.field("twice", "workerId")
            return try await site.field("twice", "status") == "running" && worker != nil && worker != id
        }
        try await site.wait(for: "once", "error")
    }

    @Test func aWorkerThatIsGone() async throws {
        try await withTwoWorkers { site, first, id in
            try await first.end(SIGKILL)
            try await elsewhere(site, id)
            #expect(site.processes(of: "once").isEmpty, "its monitor has ended it")
        }
    }

    @Test func aHostThatIsGone() async throws {
        try await withTwoWorkers { site, first, id in
            let monitors = ["once", "twice"].compactMap { recordedMonitor(site, $0) }
            #expect(monitors.count == 2)
            first.send(SIGKILL)
            for monitor in monitors { kill(monitor, SIGKILL) }
            try await first.end(SIGKILL)
            try await elsewhere(site, id)
        }
    }

    @Test func aWorkerThatIsFrozen() async throws {
        try await withTwoWorkers { site, first, id in
            first.send(SIGSTOP)
            try await elsewhere(site, id)
            #expect(site.processes(of: "once").isEmpty, "its monitor has ended it")
            let before = try await site.history("twice")
            first.send(SIGCONT)
            try await eventually("it to have settled what it had") {
                Site.text("\(site.data)/jobs/once/1/settled.json") != nil
                    && Site.text("\(site.data)/jobs/twice/1/settled.json") != nil
            }
            #expect(try await site.history("twice") == before, "its late writes are refused")
            #expect(try await site.history("once").last == "lost")
            try await first.end(SIGTERM)
        }
    }

    @Test func aWorkerThatIsCutOff() async throws {
        let proxy = try await FaultProxy.start(backend: try RedisServer.required().url.address)
        try await withTwoWorkers(redis: proxy.url) { site, first, id in
            proxy.set(.blackHole)
            try await elsewhere(site, id)
            #expect(site.processes(of: "once").isEmpty, "its monitor has ended it")
            proxy.set(.none)
            proxy.cutAll()
            try await eventually("it to be back", timeout: .seconds(30)) {
                let state = try await site.client.send(["HGET", "\(site.prefix):worker:\(id)", "state"]).string
                return state == "running"
            }
            try await first.end(SIGTERM)
        }
        try await proxy.stop()
    }

    /// Time passes: a detached worker's leases are longer than that.
    @Test func aWorkerThatIsDetached() async throws {
        try await Site.with { site in
            try site.recipe("backup", LeaseCrashTests.careful(site))
            let first = try await site.worker(leases + ["--on-stop", "detach"], environment: margin)
            try await site.push("backup", #"{"id":"other","backupId":"b"}"#)
            try await site.push("backup", #"{"id":"job","backupId":"a"}"#)
            for job in ["other", "job"] { try await site.wait(for: job, "running") }
            let second = try await site.worker(leases, data: "\(site.directory.path)/data-2", environment: margin)
            let pid = try await site.field("job", "pid")
            try await first.end(SIGTERM)
            try await Task.sleep(for: .seconds(8))
            for job in ["other", "job"] { #expect(try await site.field(job, "status") == "running") }
            let third = try await site.worker(leases, environment: margin)
            let id = try #require(Site.text("\(site.data)/worker-id"))
            try await eventually("the lease to be the usual one again") {
                let sign = try await site.client.send(["HGET", "\(site.prefix):renewals", .string(id)]).string
                return sign?.hasSuffix(" 6000") == true
            }
            #expect(try await site.field("job", "pid") == pid)
            open(site)
            for job in ["other", "job"] { try await site.wait(for: job, "done") }
            for worker in [second, third] { try await worker.end(SIGTERM) }
        }
    }

    /// Answers take their time, and leases are renewed all the same.
    @Test(arguments: [1, 200]) func aSlowRedis(milliseconds: Int) async throws {
        let proxy = try await FaultProxy.start(backend: try RedisServer.required().url.address)
        try await Site.with { site in
            try site.recipe("backup", LeaseCrashTests.careful(site))
            proxy.set(.delay(.milliseconds(milliseconds)))
            let worker = try await site.worker(leases, redis: proxy.url, environment: margin)
            try await site.push("backup", #"{"id":"job","backupId":"a"}"#)
            try await site.wait(for: "job", "running")
            try await Task.sleep(for: .seconds(6))
            #expect(try await site.field("job", "status") == "running")
            open(site)
            try await site.wait(for: "job", "done")
            try await worker.end(SIGTERM)
        }
        try await proxy.stop()
    }

    /// Scripts run and their answers are lost, again and again: each job has its effect once.
    @Test func repliesThatAreLost() async throws {
        let proxy = try await FaultProxy.start(backend: try RedisServer.required().url.address)
        try await Site.with { site in
            try site.recipe("backup", "echo $HOISTWAY_JOB_ID >> \(site.directory.path)/effects")
            let worker = try await site.worker(["--slots", "2"], redis: proxy.url)
            let count = 20
            for index in 0..<count {
                try await site.push("backup", #"{"id":"j\#(index)","backupId":"r\#(index % 3)"}"#)
                proxy.set(.cut(after: 0, .toClient))
                try await eventually("some to go on", timeout: .seconds(60)) {
                    site.lines("effects").count > index / 2
                }
            }
            proxy.set(.none)
            for index in 0..<count { try await site.wait(for: "j\(index)", "done", timeout: .seconds(60)) }
            #expect(site.lines("effects").sorted() == (0..<count).map { "j\($0)" }.sorted())
            try await worker.end(SIGTERM)
        }
        try await proxy.stop()
    }
}

/// Leases as short as a loaded machine allows.
let leases = ["--fence-after", "4s"]
let margin = ["HOISTWAY_WORKER_FENCE_MARGIN": "2s"]

/// The monitor of a first attempt, from the record it wrote.
func recordedMonitor(_ site: Site, _ id: String) -> pid_t? {
    let state = Site.text("\(site.data)/jobs/\(id)/1/monitor.jsonl")
    guard let state, let range = state.firstRange(of: "\"monitorPid\":") else { return nil }
    return pid_t(state[range.upperBound...].prefix { $0.isNumber })
}
