import Glibc
import HoistwayModel
import Testing

@testable import Supervision

/// Attempt folders: what may be made, and what they say.
@Suite(.timeLimit(.minutes(2)))
struct FolderTests {
    @Test(arguments: ["", "..", ".", "../x", "a/b", "-x", "a b", "a\u{0}b", String(repeating: "a", count: 129)])
    func idThatIsNoneIsRefused(jobID: String) async throws {
        try await withFixture { fixture in
            let launch = try fixture.launch("true") { $0.jobID = jobID }
            #expect(throws: SupervisionError.self) { _ = try fixture.supervisor.launch(launch) }
            #expect(throws: SupervisionError.self) { try fixture.supervisor.remove(jobID: jobID) }
            #expect(fixture.supervisor.info(jobID: jobID, attempt: 1) == nil)
            #expect(Files.entries(of: "\(fixture.data)/jobs").isEmpty)
        }
    }

    @Test
    func folderIsPrivate() async throws {
        try await withFixture { fixture in
            let info = try await fixture.run("echo hello").info
            for path in [fixture.data, "\(fixture.data)/jobs", "\(fixture.data)/jobs/\(info.jobID)", info.folder] {
                #expect(try mode(path) == 0o700, "\(path)")
            }
            for name in Files.entries(of: info.folder) where name != "work" && name != "tmp" {
                #expect(try mode("\(info.folder)/\(name)") == 0o600, "\(name)")
            }
        }
    }

    @Test
    func attemptIsMadeOnce() async throws {
        try await withFixture { fixture in
            let launch = try fixture.launch("echo ready; sleep 1000")
            let attempt = try await fixture.supervisor.start(launch)
            #expect(throws: SupervisionError.self) { _ = try fixture.supervisor.launch(launch) }
            #expect(throws: SupervisionError.self) { try fixture.supervisor.remove(attempt.info) }
            #expect(throws: SupervisionError.self) { try fixture.supervisor.remove(jobID: attempt.jobID) }
            attempt.kill(signal: "KILL", grace: .zero, by: "", why: "")
            _ = try await Story(of: attempt)
            try fixture.supervisor.remove(attempt.info)
            #expect(Files.entries(of: "\(fixture.data)/jobs").isEmpty)
        }
    }

    @Test
    func voidedAttemptNeverStarts() async throws {
        try await withFixture { fixture in
            let launch = try fixture.launch("echo ran > \(fixture.data)/proof")
            let folder = AttemptPreparation.folder(data: fixture.data, jobID: launch.jobID, attempt: 1)
            let preparation = AttemptPreparation(launch, folder: folder, cgroup: nil)
            try preparation.make()
            guard case .neverStarted(let info)? = await all(fixture.supervisor).first else {
                Issue.record("not found")
                return
            }
            #expect(info == preparation.file.info)
            let attempt = try #require(fixture.supervisor.register(info))
            let connection = try fixture.supervisor.launcher.connection(for: preparation.specification)
            fixture.supervisor.watch(attempt, over: connection)
            let story = try await Story(of: attempt)
            #expect(story.lost?.reason == .neverStarted)
            #expect(!Files.exists("\(fixture.data)/proof"))
        }
    }

    /// Whoever is first, settlement and attempt agree: it ran to its end, or never.
    @Test
    func settlementRacesTheStart() async throws {
        try await withFixture { fixture in
            let script = try fixture.recipe("echo ran > \"$HOISTWAY_WORKSPACE/proof\"; exit 3")
            for round in 0..<60 {
                let launch = fixture.launch(executable: script)
                let attempt = try fixture.supervisor.launch(launch)
                usleep(useconds_t(round * 25))
                var ended = false
                switch Settlement.settle(attempt.folder, unless: { false }) {
                case .alive(let connection): close(connection)
                case .ended: ended = true
                case .neverStarted, .lost, nil: break
                }
                let story = try await Story(of: attempt)
                let ran = Files.exists("\(launch.workspace)/proof")
                #expect(ran == (story.exit?.exitCode == 3))
                #expect(!ended || ran)
                #expect(ran || story.lost?.reason == .neverStarted)
            }
        }
    }

    @Test
    func scanLeavesAloneWhatIsBeingLaunched() async throws {
        try await withFixture { fixture in
            let script = try fixture.recipe("exit 3")
            let scanner = Task {
                var found = 0
                while !Task.isCancelled { found += await all(fixture.supervisor).filter(\.isAliveOrNeverStarted).count }
                return found
            }
            for _ in 0..<200 {
                let attempt = try fixture.supervisor.launch(fixture.launch(executable: script))
                let story = try await Story(of: attempt)
                #expect(story.exit?.exitCode == 3)
                fixture.supervisor.settled(attempt.info)
            }
            scanner.cancel()
            #expect(await scanner.value == 0)
        }
    }

    @Test(arguments: [
        ("41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw", "/", "/sys/fs/cgroup/unified"),
        (
            "29 23 0:26 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup rw", "/system.slice/a",
            "/sys/fs/cgroup/system.slice/a"
        ),
        ("9 8 0:26 /docker/ab /sys/fs/cgroup ro - cgroup2 cgroup rw", "/docker/ab", "/sys/fs/cgroup"),
        ("9 8 0:26 /docker/ab /sys/fs/cgroup ro - cgroup2 cgroup rw", "/docker/ab/c", "/sys/fs/cgroup/c"),
        ("9 8 0:26 /docker/ab /sys/fs/cgroup ro - cgroup2 cgroup rw", "/docker/abc", nil),
        ("32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu", "/", nil),
    ])
    func cgroupFolderIsReadFromTheMounts(line: String, own: String, folder: String?) {
        #expect(CgroupRoot.folder(ofMount: line, own: own) == folder)
    }

    @Test
    func halfMadeFolderIsRemoved() async throws {
        try await withFixture { fixture in
            let folder = "\(fixture.data)/jobs/half/1"
            try Files.makeFolders(folder)
            try Files.write(Array("{\"version\":".utf8), to: "\(folder)/attempt.json")
            #expect(await all(fixture.supervisor).isEmpty)
            #expect(!Files.exists(folder))
        }
    }

    @Test
    func missingMonitorIsTold() async throws {
        try await withFixture { fixture in
            let data = "\(fixture.data)/other"
            let supervisor = try Supervisor(data: data, workerID: "w", monitor: "/no/such/monitor")
            defer { supervisor.close() }
            let error = #expect(throws: SupervisionError.self) {
                _ = try supervisor.launch(fixture.launch(executable: "/bin/true"))
            }
            #expect(error == .infrastructure("cannot start /no/such/monitor: No such file or directory"))
            #expect(Files.entries(of: "\(data)/jobs").isEmpty)
        }
    }

    @Test
    func secondAttemptGetsAWorkspaceOfItsOwn() async throws {
        try await withFixture { fixture in
            let workspace = "\(fixture.data)/workspaces/application/shop"
            let change: (inout Launch) -> Void = { $0.workspace = workspace }
            let first = try await fixture.startReady(
                "echo kept > \"$HOISTWAY_WORKSPACE/file\"; echo ready; sleep 1000",
                change
            )
            let second = try await fixture.run("echo \"$HOISTWAY_WORKSPACE\"; ls \"$HOISTWAY_WORKSPACE\"", change)
            #expect(first.started?.workspace == workspace)
            #expect(second.started?.workspace == "\(workspace).2")
            #expect(try second.logLines == ["INFO \(workspace).2"])
            first.kill(signal: "KILL", grace: .zero, by: "", why: "")
            _ = try await Story(of: first)
            let third = try await fixture.run("cat \"$HOISTWAY_WORKSPACE/file\"", change)
            #expect(try third.logLines == ["INFO kept"])
        }
    }

    @Test
    func logMayLieElsewhere() async throws {
        try await withFixture { fixture in
            let path = "\(fixture.data)/logs/deep/shop.log"
            let story = try await fixture.run("seq 1 5000") {
                $0.logPath = path
                $0.logMaxBytes = 8192
            }
            #expect(story.info.logPath == path)
            #expect(try story.info.log.tail(lines: 1).bytes.count > 10)
            #expect(story.info.log.gap != nil)
            try fixture.supervisor.remove(story.info)
            #expect(Files.entries(of: "\(fixture.data)/logs/deep").isEmpty)
        }
    }

    @Test
    func treeRemovalFollowsNoLinkAndKnowsNoDepth() throws {
        var template = Array("/tmp/hoistway-removal-XXXXXX".utf8CString)
        let folder = String(cString: try #require(mkdtemp(&template)))
        try Files.makeFolders("\(folder)/outside")
        try Files.write([], to: "\(folder)/outside/kept")
        try Files.makeFolders("\(folder)/tree/" + Array(repeating: "d", count: 200).joined(separator: "/"))
        symlink("\(folder)/outside", "\(folder)/tree/link")
        symlink("\(folder)/outside", "\(folder)/tree/d/d/link")
        chmod("\(folder)/tree/d/d", 0)
        #expect(Files.removeTree("\(folder)/tree"))
        #expect(Files.entries(of: folder) == ["outside"])
        #expect(Files.exists("\(folder)/outside/kept"))
        #expect(Files.removeTree(folder))
        #expect(!Files.exists(folder))
    }

    private func mode(_ path: String) throws -> mode_t {
        var status = stat()
        try #require(lstat(path, &status) == 0)
        return status.st_mode & 0o777
    }
}

extension FoundAttempt {
    fileprivate var isAliveOrNeverStarted: Bool {
        switch self {
        case .alive, .neverStarted: true
        case .ended, .lost: false
        }
    }
}
