import Glibc
import HoistwayModel
import Testing

@testable import Supervision

/// Ending trees: nothing of them stays, and nobody else is touched.
@Suite(.timeLimit(.minutes(3)))
struct KillTests {
    static let policies: [CgroupPolicy] = [.automatic, .off]

    @Test(arguments: policies)
    func termEndsARecipeThatListens(cgroups: CgroupPolicy) async throws {
        try await withFixture(cgroups) { fixture in
            let attempt = try await fixture.startReady(
                "trap 'echo bye; exit 9' TERM; echo ready; while :; do sleep 0.02; done"
            )
            let before = Timestamp.now()
            attempt.kill(grace: .seconds(60), by: "ada", why: "tired", requestedAt: Timestamp(milliseconds: 1000))
            let story = try await Story(of: attempt)
            let exit = try #require(story.exit)
            #expect(exit.outcome == .killed)
            #expect(exit.exitCode == 9)
            #expect(try story.log.contains("INFO bye"))
            let receipt = try #require(exit.kill)
            #expect(receipt["by"] == "ada")
            #expect(receipt["why"] == "tired")
            #expect(receipt["requestedAt"] == "1970-01-01T00:00:01.000Z")
            #expect(receipt["signals"]?.arrayValue?.map { $0["signal"]?.stringValue } == ["TERM"])
            #expect(try #require(receipt["signals"]?.arrayValue?.first?["count"]?.intValue) >= 1)
            let delivered = try #require(receipt["deliveredAt"]?.stringValue.flatMap { Timestamp(parsing: $0) })
            let empty = try #require(receipt["emptyAt"]?.stringValue.flatMap { Timestamp(parsing: $0) })
            #expect(before <= delivered && delivered <= empty && empty <= exit.endedAt)
            #expect(story.receipts.first?["by"] == "ada")
            #expect(processes(fence: attempt.fence).isEmpty)
        }
    }

    @Test(arguments: policies)
    func killFollowsTermWhereTermIsIgnored(cgroups: CgroupPolicy) async throws {
        try await withFixture(cgroups) { fixture in
            let attempt = try await fixture.startReady("trap '' TERM; echo ready; while :; do sleep 1000; done")
            attempt.kill(grace: .milliseconds(200), by: "ada", why: "")
            let exit = try #require(try await Story(of: attempt).exit)
            #expect(exit.outcome == .killed)
            #expect(exit.signal == "KILL")
            #expect(signals(exit) == ["TERM", "KILL"])
            #expect(processes(fence: attempt.fence).isEmpty)
        }
    }

    @Test(arguments: policies)
    func killAtOnce(cgroups: CgroupPolicy) async throws {
        try await withFixture(cgroups) { fixture in
            let attempt = try await fixture.startReady("trap 'echo bye' TERM; echo ready; while :; do sleep 0.02; done")
            attempt.kill(signal: "KILL", grace: .seconds(60), by: "ada", why: "")
            let story = try await Story(of: attempt)
            #expect(story.exit?.signal == "KILL")
            #expect(try signals(#require(story.exit)) == ["KILL"])
            #expect(try !story.log.contains("bye"))
        }
    }

    @Test
    func secondRequestEscalates() async throws {
        try await withFixture { fixture in
            let attempt = try await fixture.startReady(
                "trap 'echo heard' TERM; echo ready; while :; do sleep 0.02; done"
            )
            attempt.kill(grace: .seconds(600), by: "ada", why: "")
            try await until("the first signal is heard") { try attempt.text.contains("heard") }
            attempt.kill(signal: "KILL", grace: .zero, by: "bob", why: "at once")
            let exit = try #require(try await Story(of: attempt).exit)
            #expect(exit.signal == "KILL")
            #expect(signals(exit) == ["TERM", "KILL"])
        }
    }

    /// Ways in which processes get out of sight; each leaves `sleep 1000` somewhere.
    static let trees = [
        "grandchildren": "(sh -c 'sleep 1000 & sleep 1000 & wait' & sh -c '(sleep 1000 & wait) & wait' & wait) &",
        "setsid": "setsid sleep 1000 & setsid sh -c 'sleep 1000 & wait' &",
        "double fork": "(setsid sh -c '(sleep 1000 &) ; exit' &) ; ( (sleep 1000 &) & )",
        "nohup": "nohup sleep 1000 >/dev/null 2>&1 & (trap '' HUP TERM; sleep 1000) &",
        "stopped": "sleep 1000 & kill -STOP $!; setsid sh -c 'kill -STOP $$' &",
        "ignores TERM": "sh -c \"trap '' TERM; sleep 1000 & while :; do sleep 1; done\" &",
        "fork storm": "setsid sh -c 'trap \"\" TERM; while :; do (sleep 0.05; sleep 1000) & sleep 0.01; done' &",
        "no environment": "env -i setsid /bin/sh -c '/bin/sleep 1000 & wait' &",
        "closed output": "setsid sleep 1000 </dev/null >/dev/null 2>&1 3>&- &",
    ]

    @Test(arguments: policies, Array(trees.keys))
    func treeIsEndedByAKill(cgroups: CgroupPolicy, tree: String) async throws {
        let bystander = try #require(startProgram("/bin/sleep", ["1000"]))
        defer { end(bystander) }
        try await withFixture(cgroups) { fixture in
            let script = try #require(KillTests.trees[tree])
            let attempt = try await fixture.startReady("\(script)\nsleep 0.1; echo ready; while :; do sleep 1; done")
            let members = descendants(of: try #require(attempt.started).monitorPID)
            #expect(members.count >= 2)
            attempt.kill(grace: .milliseconds(300), by: "ada", why: "")
            let exit = try #require(try await Story(of: attempt).exit)
            #expect(exit.outcome == .killed)
            #expect(exit.kill?["emptyAt"]?.stringValue != nil)
            #expect(processes(fence: attempt.fence).isEmpty)
            #expect(members.filter(isAlive) == [])
            #expect(isAlive(Int(bystander)))
        }
    }

    @Test(arguments: policies, Array(trees.keys))
    func leftoversOfAnEndedRecipeAreEnded(cgroups: CgroupPolicy, tree: String) async throws {
        let bystander = try #require(startProgram("/bin/sleep", ["1000"]))
        defer { end(bystander) }
        try await withFixture(cgroups) { fixture in
            let script = try #require(KillTests.trees[tree])
            let launch = try fixture.launch("\(script)\nsleep 0.1; echo gone; exit 4") {
                $0.killGrace = .milliseconds(300)
            }
            let story = try await Story(of: fixture.supervisor.launch(launch))
            let exit = try #require(story.exit)
            #expect(exit.outcome == .exited)
            #expect(exit.exitCode == 4)
            #expect(exit.leftovers >= 1)
            #expect(exit.kill == nil)
            #expect(try story.logLines.contains { $0.hasPrefix("WARN") && $0.contains("was left behind") })
            #expect(processes(fence: launch.fence).isEmpty)
            #expect(isAlive(Int(bystander)))
        }
    }

    @Test(.enabled(if: geteuid() == 0 && Files.read("/proc/self/mountinfo")?.isEmpty == false))
    func cgroupIsUsedAndRemoved() async throws {
        try await withFixture { fixture in
            try #require(fixture.supervisor.usesCgroups)
            let attempt = try await fixture.startReady("grep '^0::' /proc/self/cgroup; echo ready; sleep 1000")
            let cgroup = try #require(AttemptFile(folder: attempt.folder, jobID: attempt.jobID, attempt: 1)?.cgroup)
            #expect(AttemptCgroup(path: cgroup).processes.contains(try #require(attempt.started).pid))
            #expect(try attempt.text.contains("/hoistway/\(attempt.jobID).1-"))
            attempt.kill(grace: .seconds(5), by: "ada", why: "")
            _ = try await Story(of: attempt)
            #expect(!Files.exists(cgroup))
        }
    }

    private func signals(_ exit: ExitRecord) -> [String?]? {
        exit.kill?["signals"]?.arrayValue?.map { $0["signal"]?.stringValue }
    }
}

/// All living descendants of a process.
func descendants(of root: Int) -> [ProcessKey] {
    let table = Files.entries(of: "/proc").compactMap { Int($0) }.compactMap { pid in
        ProcessStatus(pid: pid).map { (key: ProcessKey(pid: pid, startTime: $0.startTime), parent: $0.parent) }
    }
    var found: [ProcessKey] = []
    var next = [root]
    while let pid = next.popLast() {
        let children = table.filter { $0.parent == pid }.map(\.key)
        found += children
        next += children.map(\.pid)
    }
    return found.filter(isAlive)
}

/// Whether that very process lives: under load a number is soon given out again.
func isAlive(_ process: ProcessKey) -> Bool {
    isAlive(process.pid) && ProcessStatus(pid: process.pid)?.startTime == process.startTime
}
