import Glibc
import HoistwayModel
import HoistwayStore
import TestSupport
import Testing

@testable import Commands

/// What `doctor` says of Redis, of workers, of the host and of units.
@Suite struct DoctorTests {
    private func states(_ change: (inout RedisFacts) -> Void) -> [String: DoctorReport.Check.State] {
        var facts = RedisFacts()
        facts.version = "7.0.15"
        facts.isAppendOnly = true
        change(&facts)
        return Dictionary(RedisChecks.checks(facts).map { ($0.name, $0.state) }) { first, _ in first }
    }

    @Test func redis() {
        #expect(Set(states { _ in }.values) == [.ok])
        for (version, state) in [
            ("6.2.0", DoctorReport.Check.State.ok), ("6.0.16", .failed), ("5.0", .failed), ("10.1", .ok),
        ] {
            #expect(states { $0.version = version }["redis"] == state, "\(version)")
        }
        #expect(states { $0.evictionPolicy = "allkeys-lru" }["eviction"] == .warning)
        for snapshots in [true, false, nil] {
            let found = states {
                $0.isAppendOnly = false
                $0.makesSnapshots = snapshots
            }
            #expect(found["persistence"] == .warning)
        }
        #expect(states { $0.failedWrite = "aof_last_write_status" }["persistence"] == .failed)
        #expect(states { $0.isReplica = true }["role"] == .failed)
        #expect(states { $0.clockDifference = -1500 }["clock"] == .warning)
        #expect(states { $0.clockDifference = 999 }["clock"] == .ok)
    }

    @Test func workers() {
        func worker(_ id: String, _ state: String, heard seconds: Int64?, running: Int = 0) -> Overview.Worker {
            let heartbeat = seconds.map { Timestamp(milliseconds: 1_000_000 - $0 * 1000) }
            return Overview.Worker(
                id: id,
                host: "h",
                node: "",
                state: state,
                slots: 1,
                running: running,
                heartbeatAt: heartbeat
            )
        }
        var overview = Overview()
        overview.at = Timestamp(milliseconds: 1_000_000)
        #expect(RedisChecks.workers(overview).map(\.state) == [.warning])
        overview.workers = [worker("a", "running", heard: 1), worker("gone", "stopped", heard: 900)]
        #expect(RedisChecks.workers(overview) == [.init("workers", .ok, "1 run")])
        overview.workers += [worker("b", "unreachable", heard: 300, running: 2), worker("c", "running", heard: 11)]
        overview.jobs = [Overview.Running(id: "j", type: "backup", resourceID: "r", workerID: "nobody")]
        let told = RedisChecks.workers(overview)
        #expect(told.allSatisfy { $0.state == .warning } && told.count == 3)
        #expect(told[0].message == "b on h was silent for 5m; 2 jobs wait for it to come back on its data folder")
        #expect(told[2].message == "nobody is not known, but runs 1 jobs (j)")
    }

    @Test func dataFolders() throws {
        let directory = try TemporaryDirectory()
        #expect(HostChecks.folder(directory.path, isNamed: true).state == .ok)
        #expect(HostChecks.folder("\(directory.path)/none", isNamed: false).state == .ok)
        #expect(HostChecks.folder("\(directory.path)/none", isNamed: true).state == .warning)
        #expect(HostChecks.folder("/proc", isNamed: true).state == .warning)
        #expect(HostChecks.monitor(beside: "\(directory.path)/hoistway").state == .warning)
    }

    private static let good = """
        [Unit]
        KillMode=control-group
        [Service]
        ExecStart=/usr/local/bin/hoistway worker --on-stop detach
        # KillMode=mixed
        KillMode = process
        Delegate=true
        OOMPolicy=continue
        """

    @Test func units() throws {
        #expect(SystemdUnit(path: "u", texts: [DoctorTests.good]).checks.map(\.state) == [.ok])
        let bare = "[Service]\nExecStart=/usr/bin/hoistway up\nDelegate=no\n"
        let checks = SystemdUnit(path: "u", texts: [bare]).checks
        #expect(checks.count == 3 && checks.allSatisfy { $0.state == .warning })
        #expect(checks[0].message.contains("KillMode=process"))
        #expect(SystemdUnit(path: "u", texts: [bare, "[Service]\nKillMode=process\n"]).checks.count == 2)
        #expect(SystemdUnit(path: "u", texts: ["[Service]\nExecStart=/usr/bin/hoistway api\n"]).checks.isEmpty)
    }

    /// The first folder's unit counts, with the drop-ins of all.
    @Test func unitsAreFoundAsSystemdFindsThem() throws {
        let directory = try TemporaryDirectory()
        let folders = ["\(directory.path)/etc", "\(directory.path)/lib"]
        for folder in folders { try SystemFile.makeFolder("\(folder)/hoistway-worker.service.d") }
        try SystemFile.write(DoctorTests.good, to: "\(folders[1])/hoistway-worker.service")
        try SystemFile.write("[Service]\nExecStart=/x/hoistway worker\n", to: "\(folders[0])/hoistway-worker.service")
        try SystemFile.write("[Service]\nExecStart=/x/other worker\n", to: "\(folders[0])/other.service")
        #expect(SystemdUnit.found(in: folders).map(\.path) == ["\(folders[0])/hoistway-worker.service"])
        #expect(SystemdUnit.found(in: folders).flatMap(\.checks).count == 3)
        let addition = "[Service]\nKillMode=process\nDelegate=yes\nOOMPolicy=continue\n"
        try SystemFile.write(addition, to: "\(folders[1])/hoistway-worker.service.d/a.conf")
        #expect(SystemdUnit.found(in: folders).flatMap(\.checks).map(\.state) == [.ok])
        #expect(SystemdUnit.found(in: ["\(directory.path)/none"]).isEmpty)
    }

    @Test func treesShowWhatJobsDependOn() {
        func job(_ id: String, _ dependencies: String...) -> Job {
            let text = JSON.strings(dependencies).text
            return Job(fields: ["id": id, "status": "pending", "type": "backup", "dependsOn": text])
        }
        let tree = JobTree(
            [job("d", "b", "c"), job("c", "a"), job("x")],
            known: [job("b", "a", "gone"), job("a", "deep")]
        )
        #expect(
            tree.rows.map { $0.indent + $0.id + ($0.isRepeated ? " (see above)" : "") } == [
                "d", "├─ b", "│  ├─ a", "│  │  └─ deep", "│  └─ gone", "└─ c", "   └─ a (see above)", "x",
            ]
        )
        #expect(tree.rows.first { $0.id == "gone" }?.job == nil)
    }
}
