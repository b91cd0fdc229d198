import Glibc
import HoistwayModel
import Testing

@testable import Supervision

/// Limits that the monitor keeps by itself, with a worker and without.
@Suite(.timeLimit(.minutes(2)))
struct LimitTests {
    @Test(arguments: KillTests.policies)
    func timeoutEndsTheTree(cgroups: CgroupPolicy) async throws {
        try await withFixture(cgroups) { fixture in
            let launch = try fixture.launch("setsid sleep 1000 & trap '' TERM; while :; do sleep 0.1; done") {
                $0.timeout = .milliseconds(300)
                $0.killGrace = .milliseconds(100)
            }
            let exit = try #require(try await Story(of: fixture.supervisor.launch(launch)).exit)
            #expect(exit.outcome == .timeout)
            #expect(exit.signal == "KILL")
            #expect(processes(fence: launch.fence).isEmpty)
        }
    }

    @Test
    func idleTimeoutCountsFromTheLastOutput() async throws {
        try await withFixture { fixture in
            let launch = try fixture.launch("for n in 1 2 3 4 5 6; do echo $n; sleep 0.2; done; sleep 1000") {
                $0.idleTimeout = .milliseconds(900)
            }
            let story = try await Story(of: fixture.supervisor.launch(launch))
            #expect(story.exit?.outcome == .idle)
            #expect(try story.logLines.contains("INFO 6"))
            #expect(processes(fence: launch.fence).isEmpty)
        }
    }

    @Test
    func timeoutIsKeptWithoutAWorker() async throws {
        try await withFixture { fixture in
            let launch = try fixture.launch("sleep 1000 & sleep 1000") { $0.timeout = .milliseconds(500) }
            let attempt = try await fixture.supervisor.start(launch)
            fixture.supervisor.close()
            try await until("the monitor leaves its result") { Journal.exit(in: attempt.folder) != nil }
            #expect(Journal.exit(in: attempt.folder)?.outcome == .timeout)
            #expect(processes(fence: launch.fence).isEmpty)
        }
    }

    /// Controllers of cgroups are not everywhere; these limits hold without them.
    @Test
    func whatAJobMayUse() async throws {
        try await withFixture(.off) { fixture in
            let script = """
                echo cpus $(nproc)
                echo data $(ulimit -d)
                echo processes $(awk '/Max processes/ { print $3 }' /proc/self/limits)
                head -c 200000000 /dev/zero | tail >/dev/null || echo refused
                """
            let launch = try fixture.launch(script) {
                $0.resources = ResourceLimits(memory: 64 << 20, cpu: 0.5, processes: 4000)
            }
            let lines = try await Story(of: fixture.supervisor.launch(launch)).logLines
            #expect(lines.contains("INFO cpus 1"))
            #expect(lines.contains("INFO data 65536"))
            #expect(lines.contains("INFO processes 4000"))
            #expect(lines.contains("INFO refused"))
        }
    }

    @Test
    func unlimitedByDefault() async throws {
        try await withFixture { fixture in
            let launch = try fixture.launch("echo cpus $(nproc); echo data $(ulimit -d)")
            let lines = try await Story(of: fixture.supervisor.launch(launch)).logLines
            #expect(lines.contains("INFO cpus \(sysconf(Int32(_SC_NPROCESSORS_ONLN)))"))
            #expect(lines.contains("INFO data unlimited"))
        }
    }

    @Test(arguments: KillTests.policies)
    func leaseThatIsNotRenewedFencesTheAttempt(cgroups: CgroupPolicy) async throws {
        try await withFixture(cgroups) { fixture in
            let launch = try fixture.launch("trap 'echo heard' TERM; setsid sleep 1000 & while :; do sleep 0.02; done")
            {
                $0.lease = .milliseconds(400)
            }
            let attempt = try await fixture.supervisor.start(launch)
            fixture.supervisor.close()
            try await until("the monitor leaves its result") { Journal.exit(in: attempt.folder) != nil }
            #expect(Journal.exit(in: attempt.folder)?.outcome == .fenced)
            #expect(try !attempt.text.contains("heard"))
            #expect(processes(fence: launch.fence).isEmpty)
        }
    }

    @Test
    func renewalsProlongTheLease() async throws {
        try await withFixture { fixture in
            let launch = try fixture.launch("sleep 2.5; echo survived") { $0.lease = .milliseconds(1000) }
            let attempt = try fixture.supervisor.launch(launch)
            // A thread of its own: the lease must not hang on how busy the tests are.
            Threads.detach {
                while !attempt.isFinished {
                    attempt.renew(boottime: ProcessIdentity.boottime())
                    usleep(50_000)
                }
            }
            let story = try await Story(of: attempt)
            #expect(story.exit?.outcome == .exited)
            #expect(try story.logLines == ["INFO survived"])
        }
    }

    @Test
    func renewalMayChangeTheLease() async throws {
        try await withFixture { fixture in
            let attempt = try fixture.supervisor.launch(try fixture.launch("sleep 1000") { $0.lease = .seconds(600) })
            attempt.renew(boottime: ProcessIdentity.boottime(), lease: .milliseconds(100))
            #expect(try await Story(of: attempt).exit?.outcome == .fenced)
        }
    }

    @Test
    func renewalOfThePastDoesNotProlong() async throws {
        try await withFixture { fixture in
            let attempt = try await fixture.supervisor.start(
                try fixture.launch("sleep 1000") { $0.lease = .milliseconds(600) }
            )
            attempt.renew(boottime: ProcessIdentity.boottime() - 60_000)
            #expect(try await Story(of: attempt).exit?.outcome == .fenced)
        }
    }
}
