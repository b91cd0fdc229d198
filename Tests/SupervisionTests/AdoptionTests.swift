import Glibc
import HoistwayModel
import Testing

@testable import Supervision

/// A second worker on the folder of the first.
@Suite(.timeLimit(.minutes(2)))
struct AdoptionTests {
    @Test
    func secondWorkerIsRefusedAndToldWhoIsThere() async throws {
        try await withFixture { fixture in
            let error = #expect(throws: SupervisionError.self) {
                _ = try Supervisor(data: fixture.data, workerID: "worker-2", monitor: Fixture.monitor)
            }
            guard case .inUse(let data, let holder) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(data == fixture.data)
            #expect(holder.contains("worker-1") && holder.contains(String(getpid())))
            fixture.supervisor.close()
            _ = try Supervisor(data: fixture.data, workerID: "worker-2", monitor: Fixture.monitor)
        }
    }

    @Test(arguments: KillTests.policies)
    func livingAttemptIsTakenOver(cgroups: CgroupPolicy) async throws {
        try await withFixture(cgroups) { fixture in
            let first = try await fixture.startReady(
                """
                printf '{"progress":10}\\n' >&3
                echo ready; until [ -e ../go ]; do sleep 0.01; done
                printf '{"progress":20}\\n' >&3; echo after; exit 42
                """
            )
            try await until("the event is kept") { !first.info.events().lines.isEmpty }
            fixture.supervisor.close()
            #expect(try await Story(of: first).exit == nil)

            let second = try Supervisor(data: fixture.data, workerID: "worker-2", monitor: Fixture.monitor)
            defer { second.close() }
            let found = await all(second)
            guard found.count == 1, case .alive(let attempt) = found[0] else {
                Issue.record("\(found)")
                return
            }
            #expect(attempt.info == first.info)
            #expect(attempt.record == ["type": "test"])
            #expect(attempt.started == first.started)
            #expect(await all(second).isEmpty)
            try Files.write([], to: "\(attempt.folder)/go")
            let story = try await Story(of: attempt)
            #expect(story.exit?.exitCode == 42)
            #expect(story.exit?.outcome == .exited)
            #expect(story.lines.map { $0["progress"]?.intValue } == [10, 20])
            #expect(try story.logLines == ["INFO ready", "INFO after"])
        }
    }

    @Test
    func adoptedAttemptCanBeKilled() async throws {
        try await withFixture { fixture in
            let first = try await fixture.startReady("setsid sleep 1000 & echo ready; sleep 1000")
            fixture.supervisor.close()
            let second = try Supervisor(data: fixture.data, workerID: "worker-2", monitor: Fixture.monitor)
            defer { second.close() }
            guard case .alive(let attempt)? = await all(second).first else {
                Issue.record("not found")
                return
            }
            attempt.kill(grace: .seconds(5), by: "bob", why: "")
            let exit = try #require(try await Story(of: attempt).exit)
            #expect(exit.outcome == .killed)
            #expect(exit.kill?["by"] == "bob")
            #expect(processes(fence: first.fence).isEmpty)
        }
    }

    @Test
    func brokenConnectionIsMadeAnewAndTheKillIsToldAgain() async throws {
        try await withFixture { fixture in
            let first = try await fixture.startReady("echo ready; sleep 1000")
            fixture.supervisor.close()
            let second = try Supervisor(data: fixture.data, workerID: "worker-2", monitor: Fixture.monitor)
            defer { second.close() }
            let attempt = try #require(second.register(first.info))
            var pair: [Int32] = [-1, -1]
            try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair) == 0)
            attempt.kill(grace: .seconds(5), by: "bob", why: "")
            second.watch(attempt, over: pair[0])
            close(pair[1])
            let story = try await Story(of: attempt)
            #expect(story.started == first.started)
            #expect(story.exit?.outcome == .killed)
            #expect(story.exit?.kill?["by"] == "bob")
        }
    }

    @Test
    func endedAttemptIsFoundUntilItIsSettled() async throws {
        try await withFixture { fixture in
            let first = try await fixture.startReady("echo ready; until [ -e ../go ]; do sleep 0.01; done; exit 7")
            fixture.supervisor.close()
            try Files.write([], to: "\(first.folder)/go")
            try await until("the attempt has ended") { Journal.exit(in: first.folder) != nil }
            let second = try Supervisor(data: fixture.data, workerID: "worker-2", monitor: Fixture.monitor)
            defer { second.close() }
            for _ in 0..<2 {
                let found = await all(second)
                guard found.count == 1, case .ended(let info, let exit) = found[0] else {
                    Issue.record("\(found)")
                    return
                }
                #expect(info == first.info)
                #expect(exit.exitCode == 7)
            }
            second.settled(first.info)
            #expect(await all(second).isEmpty)
            #expect(second.info(jobID: first.jobID, attempt: 1) == first.info)
            try second.remove(jobID: first.jobID)
            #expect(!Files.exists("\(fixture.data)/jobs/\(first.jobID)"))
            #expect(second.info(jobID: first.jobID, attempt: 1) == nil)
        }
    }

    @Test
    func manyAttemptsAreFoundAtOnce() async throws {
        try await withFixture { fixture in
            var folders: Set<String> = []
            for _ in 0..<30 {
                let attempt = try await fixture.supervisor.start(try fixture.launch("sleep 1000"))
                folders.insert(attempt.folder)
            }
            fixture.supervisor.close()
            let second = try Supervisor(data: fixture.data, workerID: "worker-2", monitor: Fixture.monitor)
            defer { second.close() }
            let attempts = await all(second).compactMap { found in
                if case .alive(let attempt) = found { attempt } else { nil }
            }
            #expect(Set(attempts.map(\.folder)) == folders)
            for attempt in attempts { attempt.kill(signal: "KILL", grace: .zero, by: "", why: "") }
            for attempt in attempts { #expect(try await Story(of: attempt).exit?.outcome == .killed) }
        }
    }

    @Test
    func launcherOutlivesTheWorkerUntilItsLastMonitorEnded() async throws {
        try await withFixture { fixture in
            let attempt = try await fixture.startReady("echo ready; until [ -e ../go ]; do sleep 0.01; done")
            let launcher = try #require(fixture.supervisor.launcher.pid)
            let monitor = try #require(attempt.started).monitorPID
            #expect(ProcessStatus(pid: monitor)?.parent == Int(launcher))
            fixture.supervisor.close()
            #expect(isAlive(monitor) && isAlive(Int(launcher)))
            try Files.write([], to: "\(attempt.folder)/go")
            try await until("both have ended") { !isAlive(monitor) && !isAlive(Int(launcher)) }
            #expect(Journal.exit(in: attempt.folder)?.exitCode == 0)
        }
    }
}

/// Everything that a scan tells.
func all(_ supervisor: Supervisor) async -> [FoundAttempt] {
    var found: [FoundAttempt] = []
    for await attempt in supervisor.scan() { found.append(attempt) }
    return found
}
