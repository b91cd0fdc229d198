import Glibc
import HoistwayModel
import TestSupport
import Testing

/// The network is cut without a word: no end of the connection is told to anybody.
@Suite(.redis, .timeLimit(.minutes(5)))
struct RemoteCutTests {
    /// A pair of interfaces of which one is in a network namespace, where an sshd listens.
    private static func with(_ body: (RemoteSite, _ link: String) async throws -> Void) async throws {
        let (number, name) = try await namespace()
        let (near, far) = ("hwn\(number)", "hwf\(number)")
        let net = "10.213.\(number)"
        for line in [
            "addr add \(net).1/30 dev \(near)", "link set \(near) up", "-n \(name) addr add \(net).2/30 dev \(far)",
            "-n \(name) link set \(far) up", "-n \(name) link set lo up",
        ] {
            let result = try await ip(line)
            #expect(result.status == 0, "ip \(line): \(result.errors)")
        }
        do {
            try await Site.with { site in
                let server = try await SSHServer(address: "\(net).2", namespace: name)
                let daemon = try await server.start()
                do {
                    try await body(RemoteSite(site: site, server: server), near)
                } catch {
                    try? await daemon.end()
                    throw error
                }
                try await daemon.end()
            }
        } catch {
            try await remove(name)
            throw error
        }
        try await remove(name)
    }

    /// Makes a namespace and the pair of interfaces, under a number that nobody has.
    private static func namespace() async throws -> (number: Int, name: String) {
        for number in (1...254).shuffled() {
            let name = "hw\(number)"
            guard try await ip("netns add \(name)").status == 0 else { continue }
            if try await ip("link add hwn\(number) type veth peer name hwf\(number) netns \(name)").status == 0 {
                return (number, name)
            }
            try await ip("netns del \(name)")
        }
        throw TimedOut(description: "no network namespace can be made")
    }

    /// Removes a namespace with what is left in it: sessions that nobody told of their end.
    private static func remove(_ name: String) async throws {
        for pid in try await ip("netns pids \(name)").output.split(separator: "\n") {
            if let pid = pid_t(pid) { kill(pid, SIGKILL) }
        }
        try await ip("netns del \(name)")
    }

    @discardableResult
    private static func ip(_ line: String) async throws -> Program.Result {
        try await Program.run(line.split(separator: " ").map(String.init), of: "/usr/sbin/ip")
    }

    private static func recipe(_ site: Site) -> String {
        """
        trap '' TERM
        echo begun >>\(site.directory.path)/begun
        (setsid sleep 1000 &)
        \(RemoteSite.event(#"{"cleanup":["sh","-c","echo x >>$HOME/cleaned"]}"#.replacing("$", with: "$")))
        sleep 1
        \(RemoteSite.event(#"{"progress":1}"#))
        while :; do sleep 0.1; echo noise; done
        """
    }

    @Test func bothSidesEndByThemselves() async throws {
        try await Self.with { remote, link in
            let site = remote.site
            try site.recipe("backup", Self.recipe(site))
            let worker = try await remote.worker()
            try await remote.push("backup", "job")
            try await eventually("it to run") { try await site.field("job", "progress") == "1" }
            try await Self.ip("link set \(link) down")
            // The limit of 15 s, and what it takes to notice and to kill.
            try await remote.untilGone("job", timeout: .seconds(25))
            #expect(Site.text("\(remote.server.home)/cleaned") == "x")
            let job = try await site.ended("job", timeout: .seconds(40))
            #expect(job["reason"] == "lost" && job["message"]?.contains("far") == true, "\(job)")
            #expect(site.processes(of: "job").isEmpty)
            try await worker.end(SIGTERM)
        }
    }

    /// A kill that cannot reach the server is over only when the far side must have ended itself.
    @Test func killWhileCut() async throws {
        try await Self.with { remote, link in
            let site = remote.site
            try site.recipe("backup", Self.recipe(site))
            let worker = try await remote.worker()
            try await remote.push("backup", "job", #""killGrace":0"#)
            try await remote.push("backup", "next", #""concurrencyKey":"backup:job""#)
            try await eventually("it to run") { try await site.field("job", "progress") == "1" }
            try await Self.ip("link set \(link) down")
            #expect(try await site.order(#""command":"kill","id":"job","signal":"KILL""#)["ok"] == true)
            let job = try await site.ended("job", timeout: .seconds(60))
            #expect(job["reason"] == "killed")
            #expect(remote.server.processes(of: "job").isEmpty && remote.server.attempts.isEmpty)
            #expect(site.lines("begun").count == 1)
            try await worker.end(SIGKILL)
        }
    }

    /// A connection that comes back in time is as if nothing had been.
    @Test func shortCut() async throws {
        try await Self.with { remote, link in
            let site = remote.site
            try site.recipe("backup", "\(RemoteSite.event(#"{"progress":1}"#))\n\(site.awaiting("gate"))\necho over")
            let worker = try await remote.worker()
            try await remote.push("backup", "job")
            try await eventually("it to run") { try await site.field("job", "progress") == "1" }
            try await Self.ip("link set \(link) down")
            let clock = ContinuousClock()
            let back = clock.now + .seconds(3)
            try await eventually("three seconds") { clock.now >= back }
            try await Self.ip("link set \(link) up")
            site.touch("gate")
            let job = try await site.ended("job", timeout: .seconds(60))
            #expect(job["status"] == "done", "\(job)")
            #expect(try await site.log("job").contains("INFO over"))
            try await worker.end(SIGTERM)
        }
    }
}
