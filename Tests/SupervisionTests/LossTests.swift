import Glibc
import HoistwayModel
import Testing

@testable import Supervision

/// Monitors and launchers that are killed.
@Suite(.timeLimit(.minutes(2)))
struct LossTests {
    private static let tree = "sleep 1000 & setsid sh -c '(trap \"\" TERM; sleep 1000) & wait' & echo ready; sleep 1000"

    @Test(arguments: KillTests.policies)
    func killedMonitorLeavesNothing(cgroups: CgroupPolicy) async throws {
        let bystander = try #require(startProgram("/bin/sleep", ["1000"]))
        defer { end(bystander) }
        try await withFixture(cgroups) { fixture in
            let other = try await fixture.startReady("echo ready; sleep 1000")
            let attempt = try await fixture.startReady(LossTests.tree)
            let members = descendants(of: try #require(attempt.started).monitorPID)
            kill(pid_t(try #require(attempt.started).monitorPID), SIGKILL)
            let story = try await Story(of: attempt)
            #expect(story.exit == nil)
            #expect(story.lost?.reason == .monitorDied)
            #expect(story.lost?.rebooted == false)
            #expect(members.count >= 4 && members.filter(isAlive) == [])
            #expect(processes(fence: attempt.fence).isEmpty)
            #expect(isAlive(Int(bystander)))
            #expect(isAlive(try #require(other.started).pid))
            other.kill(signal: "KILL", grace: .zero, by: "", why: "")
            #expect(try await Story(of: other).exit?.outcome == .killed)
        }
    }

    @Test(arguments: KillTests.policies)
    func monitorAndLauncherKilledTogetherLeaveNothing(cgroups: CgroupPolicy) async throws {
        let bystander = try #require(startProgram("/bin/sleep", ["1000"]))
        defer { end(bystander) }
        try await withFixture(cgroups) { fixture in
            let attempt = try await fixture.startReady(LossTests.tree)
            let monitor = try #require(attempt.started).monitorPID
            let members = descendants(of: monitor)
            kill(try #require(fixture.supervisor.launcher.pid), SIGKILL)
            kill(pid_t(monitor), SIGKILL)
            let story = try await Story(of: attempt)
            #expect(story.lost?.reason == .monitorDied)
            #expect(try fixture.supervisor.usesCgroups || #require(story.lost).killed >= 1)
            #expect(members.filter(isAlive) == [])
            #expect(processes(fence: attempt.fence).isEmpty)
            #expect(isAlive(Int(bystander)))
            let cgroup = AttemptFile(folder: attempt.folder, jobID: attempt.jobID, attempt: 1)?.cgroup
            #expect(cgroup.map(Files.exists) != true)
        }
    }

    @Test(arguments: KillTests.policies)
    func scanSweepsWhatDiedWithoutAWorker(cgroups: CgroupPolicy) async throws {
        try await withFixture(cgroups) { fixture in
            let attempt = try await fixture.startReady(LossTests.tree)
            let monitor = try #require(attempt.started).monitorPID
            let members = descendants(of: monitor)
            let launcher = try #require(fixture.supervisor.launcher.pid)
            fixture.supervisor.close()
            kill(launcher, SIGKILL)
            kill(pid_t(monitor), SIGKILL)
            try await until("the monitor is dead") { !isAlive(monitor) }
            let second = try Supervisor(
                data: fixture.data,
                workerID: "worker-2",
                monitor: Fixture.monitor,
                cgroups: cgroups
            )
            defer { second.close() }
            let found = await all(second)
            guard found.count == 1, case .lost(let info, let record) = found[0] else {
                Issue.record("\(found)")
                return
            }
            #expect(info == attempt.info)
            #expect(record.reason == .monitorDied)
            #expect(members.filter(isAlive) == [])
            #expect(processes(fence: attempt.fence).isEmpty)
        }
    }

    @Test
    func anotherAttemptOfTheSameJobSurvivesASweep() async throws {
        try await withFixture(.off) { fixture in
            let lost = try await fixture.startReady(LossTests.tree)
            let other = try fixture.launch("echo ready; sleep 1000") { launch in
                launch.jobID = lost.jobID
                launch.attempt = 2
                launch.environment = launch.environment.filter { $0.0 != "HOISTWAY_JOB_ID" }
                launch.environment.append(("HOISTWAY_JOB_ID", lost.jobID))
            }
            let next = try await fixture.supervisor.start(other)
            kill(try #require(fixture.supervisor.launcher.pid), SIGKILL)
            kill(pid_t(try #require(lost.started).monitorPID), SIGKILL)
            #expect(try await Story(of: lost).lost != nil)
            #expect(isAlive(try #require(next.started).pid))
            next.kill(signal: "KILL", grace: .zero, by: "", why: "")
            #expect(try await Story(of: next).exit?.outcome == .killed)
        }
    }

    @Test
    func killedLauncherIsReplacedAndItsMonitorsGoOn() async throws {
        try await withFixture { fixture in
            let attempt = try await fixture.startReady("echo ready; until [ -e ../go ]; do sleep 0.01; done; exit 5")
            let launcher = try #require(fixture.supervisor.launcher.pid)
            kill(launcher, SIGKILL)
            #expect(try await fixture.run("exit 6").exit?.exitCode == 6)
            #expect(fixture.supervisor.launcher.pid != launcher)
            try Files.write([], to: "\(attempt.folder)/go")
            #expect(try await Story(of: attempt).exit?.exitCode == 5)
        }
    }

    @Test
    func cleanupCommandsOfADeadMonitorRun() async throws {
        try await withFixture { fixture in
            let commands = [
                #"{"cleanup":["sh","-c","echo $HOISTWAY_JOB_ID $KEPT ${HIDDEN-unset} >> \#(fixture.data)/proof"]}"#,
                #"{"cleanup":["no-such-program"]}"#,
                #"{"cleanup":["/bin/false"]}"#,
            ]
            let script = "cat <<'END' >&3\n\(commands.joined(separator: "\n"))\nEND\necho ready; sleep 1000"
            let attempt = try await fixture.startReady(script) {
                $0.environment += [("KEPT", "kept"), ("HIDDEN", "a s3cret")]
                $0.secrets = [Array("s3cret".utf8)]
            }
            let path = "\(attempt.folder)/cleanup.jsonl"
            try await until("the commands are kept") {
                (Files.read(path) ?? []).filter { $0 == UInt8(ascii: "\n") }.count == 3
            }
            kill(pid_t(try #require(attempt.started).monitorPID), SIGKILL)
            let lost = try #require(try await Story(of: attempt).lost)
            let proof = String(decoding: Files.read("\(fixture.data)/proof") ?? [], as: UTF8.self)
            #expect(proof == "\(attempt.jobID) kept unset\n")
            #expect(lost.cleanupFailures == ["no-such-program: not found", "/bin/false: exit code 1"])
            #expect(Files.entries(of: attempt.folder).allSatisfy { !$0.hasPrefix("cleanup-") })
        }
    }

    @Test
    func attemptOfAnEarlierStartOfTheHostIsNotSwept() async throws {
        try await withFixture { fixture in
            let attempt = try await fixture.startReady("echo ready; sleep 1000")
            var started = try #require(Journal.line("started", in: attempt.folder)?.objectValue)
            started["bootId"] = "00000000-0000-0000-0000-000000000000"
            try Files.write(JSON.object(started).utf8 + [newline], to: Journal.path(in: attempt.folder))
            let file = try #require(AttemptFile(folder: attempt.folder, jobID: attempt.jobID, attempt: 1))
            let swept = Sweep(file: file).run()
            #expect(swept.rebooted)
            #expect(swept.killed == 0)
            #expect(isAlive(try #require(attempt.started).pid))
            attempt.kill(signal: "KILL", grace: .zero, by: "", why: "")
            _ = try await Story(of: attempt)
        }
    }
}
