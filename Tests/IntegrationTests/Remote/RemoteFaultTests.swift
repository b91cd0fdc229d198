import Glibc
import HoistwayModel
import TestSupport
import Testing

/// What can go wrong with a server, and what becomes of its jobs.
@Suite(.redis, .timeLimit(.minutes(5)))
struct RemoteFaultTests {
    /// A recipe that notes each begin, and is hard to end.
    private static func stubborn(_ remote: RemoteSite) -> String {
        """
        trap '' TERM
        echo begun >>\(remote.site.directory.path)/begun
        (setsid sleep 1000 &)
        \(RemoteSite.event(#"{"progress":1}"#))
        while :; do sleep 1; done
        """
    }

    /// How a job ends whose server's entry is wrong.
    private func refusal(
        of entry: (SSHServer) async throws -> String,
        _ body: (RemoteSite, [String: String]) async throws -> Void
    ) async throws {
        try await RemoteSite.with { remote in
            try remote.site.recipe("backup", "echo begun >>\(remote.site.directory.path)/begun")
            let worker = try await remote.worker(entries: try await entry(remote.server))
            let job = try await remote.run("backup", "job", #""backoff":{"type":"fixed","delay":0.1}"#)
            #expect(job["status"] == "error" && job["reason"] == "spawn" && job["failures"] ?? "0" == "0", "\(job)")
            #expect(remote.site.lines("begun").isEmpty && remote.server.attempts.isEmpty)
            try await body(remote, job)
            try await worker.end(SIGTERM)
        }
    }

    @Test func unknownHostKey() async throws {
        try await refusal(of: { server in
            server.entry("far").split(separator: "\n").filter { !$0.contains("hostKey") }.joined(separator: "\n")
        }) { _, job in
            #expect(job["attempt"] == "1" && job["message"]?.contains("host key is not known") == true, "\(job)")
        }
    }

    @Test func changedHostKey() async throws {
        try await refusal(of: { $0.entry("far", hostKey: SSHServer.publicKey($0.identityFile)) }) { _, job in
            #expect(job["attempt"] == "1" && job["message"]?.contains("is another than") == true, "\(job)")
        }
    }

    @Test func wrongKey() async throws {
        try await refusal(of: { server in
            let path = "\(server.directory.path)/other"
            _ = try await Program.run(["-q", "-t", "ed25519", "-N", "", "-f", path], of: "/usr/bin/ssh-keygen")
            return server.entry("far", identityFile: path)
        }) { _, job in
            #expect(job["attempt"] == "1" && job["message"]?.contains("does not accept the key") == true, "\(job)")
        }
    }

    /// It may be there again soon: such a job is tried again three times.
    @Test func unreachable() async throws {
        try await refusal(of: { $0.entry("far", port: 1) }) { remote, job in
            #expect(job["attempt"] == "4" && job["message"]?.contains("Connection refused") == true, "\(job)")
            let history = try await remote.site.history("job")
            #expect(history.filter { $0 == "retrying" }.count == 3)
        }
    }

    @Test func missingProgram() async throws {
        try await RemoteSite.with(path: "/nowhere") { remote in
            try remote.site.recipe("backup", "exit 0")
            let worker = try await remote.worker()
            let job = try await remote.run("backup", "job")
            #expect(job["reason"] == "spawn" && job["attempt"] == "1", "\(job)")
            #expect(job["message"]?.contains("head: not found") == true, "\(job)")
            try await worker.end(SIGTERM)
        }
    }

    /// The session of the connection and its near side die at once: nobody is left whom the end of either could tell.
    @Test func theWholeConnectionIsKilled() async throws {
        try await RemoteSite.with { remote in
            let site = remote.site
            try site.recipe("backup", Self.stubborn(remote))
            let worker = try await remote.worker()
            try await remote.push("backup", "job")
            try await eventually("it to run") { try await site.field("job", "progress") == "1" }
            let attempt = try #require(remote.server.attempts.first)
            let owner = Site.text("\(remote.server.home)/.hoistway/attempts/\(attempt)/self")
            let supervisor = try #require(owner?.split(separator: ":").first.flatMap { pid_t($0) })
            #expect(!remote.server.processes(of: "job").isEmpty)
            let session = Self.members(ofSession: getsid(supervisor))
            #expect(session.contains(supervisor))
            // What cleans up after a near side that was killed is held back, so that only the server can do it.
            let daemon = try #require(remote.server.pid)
            kill(daemon, SIGSTOP)
            for pid in session + site.processes(of: "job") { kill(pid, SIGKILL) }
            try await remote.untilGone("job", timeout: .seconds(30))
            kill(daemon, SIGCONT)
            #expect(try await site.ended("job")["reason"] == "lost")
            try await worker.end(SIGTERM)
        }
    }

    private static func members(ofSession session: pid_t) -> [pid_t] {
        guard let listing = opendir("/proc") else { return [] }
        defer { closedir(listing) }
        var pids: [pid_t] = []
        while let entry = readdir(listing) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if let pid = pid_t(name), getsid(pid) == session { pids.append(pid) }
        }
        return pids
    }

    @Test(arguments: [
        ("#!/no/such/interpreter\n", "the server has no program /no/such/interpreter"),
        ("#!/bin/sh\nexit 0", "Permission denied"),
    ])
    func recipeThatCannotRun(text: String, message: String) async throws {
        try await RemoteSite.with { remote in
            try remote.site.recipe("backup", text)
            if message == "Permission denied" { chmod("\(remote.site.recipes)/backup", 0o644) }
            let worker = try await remote.worker()
            let job = try await remote.run("backup", "job")
            #expect(job["reason"] == "spawn" && job["message"]?.contains(message) == true, "\(job)")
            #expect(remote.server.attempts.isEmpty)
            try await worker.end(SIGTERM)
        }
    }

    @Test func fullDisk() async throws {
        try await RemoteSite.with { remote in
            try remote.site.recipe("backup", "exit 0")
            let home = remote.server.home
            let mounted = try await Program.run(["-t", "tmpfs", "-o", "size=64k", "tmpfs", home], of: "/usr/bin/mount")
            #expect(mounted.status == 0, "\(mounted.errors)")
            _ = try await Program.run(["-c", "head -c 1M /dev/zero >\(home)/filler"], of: "/bin/sh")
            let worker = try await remote.worker()
            let job = try await remote.run("backup", "job", #""backoff":{"type":"fixed","delay":0.1}"#)
            #expect(job["reason"] == "spawn" && job["attempt"] == "4", "\(job)")
            #expect(job["message"]?.contains("far") == true, "\(job)")
            #expect(remote.server.attempts.isEmpty)
            try await worker.end(SIGTERM)
            _ = try await Program.run([home], of: "/usr/bin/umount")
        }
    }

    @Test func firstSeenHostKeyIsKept() async throws {
        try await RemoteSite.with { remote in
            try remote.site.recipe("backup", "exit 0")
            let worker = try await remote.worker(entries: remote.server.entry("far", hostKey: "accept-new"))
            #expect(try await remote.run("backup", "first")["status"] == "done")
            #expect(Site.text("\(remote.site.data)/known_hosts")?.contains(remote.server.hostKey) == true)
            try await worker.end(SIGTERM)
        }
    }

    /// The sshd that listens is another process than those of its sessions.
    @Test func sshdStartedAnew() async throws {
        try await RemoteSite.with { remote in
            let site = remote.site
            try site.recipe("backup", "\(RemoteSite.event(#"{"progress":1}"#))\n\(site.awaiting("gate"))")
            let worker = try await remote.worker()
            try await remote.push("backup", "job")
            try await eventually("it to run") { try await site.field("job", "progress") == "1" }
            let old = try #require(remote.server.pid)
            kill(old, SIGTERM)
            try await eventually("sshd to end") { !isAlive(old) }
            let again = try await remote.server.start()
            site.touch("gate")
            #expect(try await site.ended("job")["status"] == "done")
            try await worker.end(SIGTERM)
            try await again.end()
        }
    }

    /// The session's own sshd dies: the recipe's end of the connection is closed, nothing is left.
    @Test(arguments: [1, 2])
    func connectionDies(attempts: Int) async throws {
        try await RemoteSite.with { remote in
            let site = remote.site
            try site.recipe("backup", Self.stubborn(remote))
            let worker = try await remote.worker()
            try await remote.push(
                "backup",
                "job",
                #""maxAttempts":\#(attempts),"backoff":{"type":"fixed","delay":0}"#
            )
            try await eventually("it to run") { try await site.field("job", "progress") == "1" }
            let pid = try #require(try await site.field("job", "remotePid").flatMap { pid_t($0) })
            let session = try #require(Self.session(above: pid))
            kill(session, SIGKILL)
            if attempts == 1 {
                let job = try await site.ended("job", timeout: .seconds(60))
                #expect(job["reason"] == "lost", "\(job)")
                #expect(remote.server.processes(of: "job").isEmpty && remote.server.attempts.isEmpty)
            } else {
                try await eventually("the second attempt", timeout: .seconds(60)) { site.lines("begun").count == 2 }
                #expect(!remote.server.processes(of: "job").contains(pid))
                #expect(remote.server.attempts.count == 1)
                #expect(try await site.order(#""command":"kill","id":"job","signal":"KILL""#)["ok"] == true)
                #expect(try await site.ended("job")["reason"] == "killed")
            }
            #expect(site.lines("begun").count == attempts)
            try await worker.end(SIGTERM)
        }
    }

    /// The first process above another that is called sshd.
    private static func session(above pid: pid_t) -> pid_t? {
        var next = pid
        while next > 1 {
            guard let stat = Site.text("/proc/\(next)/stat"), let end = stat.lastIndex(of: ")"),
                let parent = stat[end...].split(separator: " ").dropFirst(2).first.flatMap({ pid_t($0) })
            else { return nil }
            if stat.contains("(sshd") { return next }
            next = parent
        }
        return nil
    }

    /// Whoever of the far side's own processes dies, what it keeps ends.
    @Test(arguments: ["supervisor", "watcher", "all of them"])
    func supervisorDies(who: String) async throws {
        try await RemoteSite.with { remote in
            let site = remote.site
            try site.recipe("backup", Self.stubborn(remote))
            let worker = try await remote.worker()
            try await remote.push("backup", "job")
            try await eventually("it to run") { try await site.field("job", "progress") == "1" }
            let folder = try #require(remote.server.attempts.first)
            let identity = try #require(Site.text("\(remote.server.home)/.hoistway/attempts/\(folder)/self"))
            let supervisor = try #require(identity.split(separator: ":").first.flatMap { pid_t($0) })
            let helpers = TestSupport.processes(with: "HOISTWAY_FAR", beginning: "").filter { pid in
                let stat = Site.text("/proc/\(pid)/stat") ?? ""
                return stat.contains(") S \(supervisor) ")
            }.sorted()
            #expect(helpers.count == 4, "watcher, listener, ticker, and what waits for the recipe: \(helpers)")
            switch who {
            case "supervisor": kill(supervisor, SIGKILL)
            case "watcher": kill(try #require(helpers.first), SIGKILL)
            default: ([supervisor] + helpers).forEach { kill($0, SIGKILL) }
            }
            let job = try await site.ended("job", timeout: .seconds(60))
            #expect(job["status"] == "error", "\(job)")
            try await remote.untilGone("job", timeout: .seconds(1))
            try await worker.end(SIGTERM)
        }
    }

    /// Nobody renews the lease: the monitor ends the attempt, sooner than one here, so that a server that could not be told
    /// had ended it in time too.
    @Test func leaseRunsOut() async throws {
        try await RemoteSite.with { remote in
            let site = remote.site
            try site.recipe("backup", Self.stubborn(remote))
            let first = try await remote.worker(["--fence-after", "12s"])
            try await remote.push("backup", "job")
            try await eventually("it to run") { try await site.field("job", "progress") == "1" }
            try await first.end(SIGKILL)
            try await remote.untilGone("job")
            let second = try await remote.worker(["--fence-after", "12s"])
            let job = try await site.ended("job")
            #expect(job["reason"] == "lost", "\(job)")
            #expect(try await site.log("job").contains("the lease was not renewed for 7 s"))
            try await second.end(SIGTERM)
        }
    }

    /// A worker that is killed does not matter; a monitor that is killed ends the attempt.
    @Test func workerAndMonitorDie() async throws {
        try await RemoteSite.with { remote in
            let site = remote.site
            try site.recipe("backup", Self.stubborn(remote))
            try site.recipe(
                "compose",
                "\(RemoteSite.event(#"{"progress":1}"#))\n\(site.awaiting("gate"))\necho after the worker; exit 5"
            )
            let first = try await remote.worker()
            try await remote.push("backup", "lost")
            try await remote.push("compose", "kept")
            for id in ["lost", "kept"] {
                try await eventually("\(id) to run") { try await site.field(id, "progress") == "1" }
            }
            try await first.end(SIGKILL)
            let second = try await remote.worker()
            site.touch("gate")
            let kept = try await site.ended("kept")
            #expect(kept["exitCode"] == "5" && kept["attempt"] == "1")
            #expect(try await site.log("kept").contains("after the worker"))
            let record = try #require(Site.text("\(site.data)/jobs/lost/1/monitor.jsonl"))
            let lines = record.split(separator: "\n").compactMap { try? JSON(parsing: String($0)) }
            let monitors = lines.compactMap { $0["monitorPid"]?.intValue }
            let monitor = try #require(monitors.first)
            kill(pid_t(monitor), SIGKILL)
            let lost = try await site.ended("lost", timeout: .seconds(60))
            #expect(lost["reason"] == "lost", "\(lost)")
            #expect(remote.server.processes(of: "lost").isEmpty && remote.server.attempts.isEmpty)
            try await second.end(SIGTERM)
        }
    }
}
