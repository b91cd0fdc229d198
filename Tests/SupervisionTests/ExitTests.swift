import Glibc
import HoistwayModel
import Testing

@testable import Supervision

/// What a recipe gets and how its end is told.
@Suite(.timeLimit(.minutes(2)))
struct ExitTests {
    @Test(arguments: [0, 1, 75, 255])
    func exitCodeIsTold(code: Int) async throws {
        try await withFixture { fixture in
            let story = try await fixture.run("exit \(code)")
            let exit = try #require(story.exit)
            #expect(exit.outcome == .exited)
            #expect(exit.exitCode == code)
            #expect(exit.signal == nil)
            #expect(try #require(exit.startedAt) <= exit.endedAt)
            #expect(try #require(story.started).pid > 1)
            #expect(exit == Settlement.exit(in: story.info.folder))
        }
    }

    @Test
    func deathBySignalIsTold() async throws {
        try await withFixture { fixture in
            let exit = try #require(try await fixture.run("kill -SEGV $$").exit)
            #expect(exit.outcome == .exited)
            #expect(exit.exitCode == nil)
            #expect(exit.signal == "SEGV")
        }
    }

    @Test
    func recipeGetsItsSurroundings() async throws {
        try await withFixture { fixture in
            let script = """
                cat; echo
                cat "$HOISTWAY_PAYLOAD"; echo
                echo "cwd $(pwd -P)"
                echo "args $0 $*"
                echo "group $(cut -d' ' -f5 /proc/$$/stat) $$"
                echo "umask $(umask)"
                tr '\\0' '\\n' < /proc/$$/environ | sort
                test -d "$TMPDIR" && test -w "$TMPDIR" && test -w "$HOISTWAY_WORKSPACE" && echo folders
                """
            let story = try await fixture.run(script) {
                $0.payload = Array(#"{"a":[1,2]}"#.utf8)
                $0.arguments = [$0.executable, "one", "two words"]
                $0.environment += [("GREETING", "hällo = world"), ("TMPDIR", "/nowhere")]
            }
            let lines = try story.logLines
            let folder = story.info.folder
            #expect(lines.filter { $0 == #"INFO {"a":[1,2]}"# }.count == 2)
            #expect(lines.contains("INFO cwd \(folder)/work"))
            #expect(lines.contains { $0.hasPrefix("INFO args /") && $0.hasSuffix("one two words") })
            let started = try #require(story.started)
            #expect(lines.contains("INFO group \(started.pid) \(started.pid)"))
            for variable in [
                "GREETING=hällo = world", "HOISTWAY_EVENTS=3", "HOISTWAY_PAYLOAD=\(folder)/payload.json",
                "TMPDIR=\(folder)/tmp", "HOISTWAY_WORKSPACE=\(started.workspace)",
            ] {
                #expect(lines.filter { $0 == "INFO \(variable)" }.count == 1)
            }
            #expect(!lines.contains { $0.hasPrefix("INFO HOME=") })
            #expect(lines.contains("INFO folders"))
            #expect(started.workspace == "\(fixture.data)/workspaces/\(story.info.jobID)")
        }
    }

    @Test
    func noSignalIsBlockedOrIgnored() async throws {
        try await withFixture { fixture in
            let launch = fixture.launch(executable: "/bin/grep") {
                $0.arguments = ["grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"]
            }
            let lines = try await Story(of: fixture.supervisor.launch(launch)).logLines
            let masks = try lines.map { try #require(UInt64($0.suffix(16), radix: 16)) }
            #expect(masks.count == 2)
            #expect(masks.first == 0)
            // glibc's posix_spawn leaves its own two signals, 32 and 33, ignored.
            #expect(try #require(masks.last) & ~0x1_8000_0000 == 0)
        }
    }

    @Test
    func nothingBeyondDescriptor3IsOpen() async throws {
        try await withFixture { fixture in
            let launch = fixture.launch(executable: "/bin/ls") { $0.arguments = ["ls", "/proc/self/fd"] }
            let story = try await Story(of: fixture.supervisor.launch(launch))
            // 4 is the folder that ls itself lists.
            #expect(try story.logLines == ["INFO 0", "INFO 1", "INFO 2", "INFO 3", "INFO 4"])
        }
    }

    @Test
    func workAndTemporaryFilesAreRemovedAtTheEnd() async throws {
        try await withFixture { fixture in
            let story = try await fixture.run(
                "mkdir -p a/b/c; touch a/b/c/d \"$TMPDIR/e\"; ln -s /etc a/etc; chmod 0 a/b"
            )
            let folder = story.info.folder
            try await until("the folders are gone") {
                !Files.exists("\(folder)/work") && !Files.exists("\(folder)/tmp")
            }
            #expect(Files.exists("/etc/passwd"))
            #expect(Journal.exit(in: folder) != nil && Files.exists("\(folder)/log"))
        }
    }

    @Test(.enabled(if: geteuid() == 0, "only root can be someone else"))
    func recipeRunsAsAnotherUser() async throws {
        try await withFixture { fixture in
            let script = """
                id -u; id -g; id -G
                cat "$HOISTWAY_PAYLOAD"; echo
                touch here "$TMPDIR/there" "$HOISTWAY_WORKSPACE/kept" && echo written
                for file in log attempt.json monitor.jsonl void; do
                    ( echo x >> "../$file" ) 2>/dev/null && echo "may write $file"
                    cat "../$file" 2>/dev/null && echo "may read $file"
                done
                ls .. 2>/dev/null && echo "may list"
                """
            let story = try await fixture.run(script) {
                $0.user = Launch.User(uid: 65534, gid: 65534, groups: [65534, 12])
                $0.payload = Array("{}".utf8)
            }
            let lines = try story.logLines
            #expect(lines.starts(with: ["INFO 65534", "INFO 65534"]))
            #expect(lines.contains("INFO 65534 12") || lines.contains("INFO 12 65534"))
            #expect(lines.contains("INFO {}"))
            #expect(lines.contains("INFO written"))
            #expect(!lines.contains { $0.contains("may ") })
        }
    }

    @Test
    func missingRecipeIsASpawnFailure() async throws {
        try await withFixture { fixture in
            let launch = fixture.launch(executable: "\(fixture.data)/nowhere")
            let error = await #expect(throws: SupervisionError.self) { _ = try await fixture.supervisor.start(launch) }
            guard case .spawn(let message) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(message.contains("\(fixture.data)/nowhere"))
            #expect(message.contains("No such file"))
        }
    }

    @Test
    func recipeThatMayNotRunIsASpawnFailure() async throws {
        try await withFixture { fixture in
            let path = "\(fixture.data)/plain"
            try Files.write(Array("#!/bin/sh\n".utf8), to: path)
            let story = try await Story(of: fixture.supervisor.launch(fixture.launch(executable: path)))
            let exit = try #require(story.exit)
            #expect(exit.outcome == .spawn)
            #expect(exit.exitCode == nil)
            #expect(story.started == nil)
            #expect(try #require(exit.message).contains("Permission denied"))
        }
    }

    @Test
    func recipeWithAnUnknownInterpreterIsASpawnFailure() async throws {
        try await withFixture { fixture in
            let path = try fixture.recipe("")
            let broken = "\(path)-broken"
            try Files.write(Array("#!/no/such/interpreter\n".utf8), to: "\(broken).new", mode: 0o755)
            runProgram("/bin/cp", "\(broken).new", broken)
            let story = try await Story(of: fixture.supervisor.launch(fixture.launch(executable: broken)))
            #expect(story.exit?.outcome == .spawn)
            #expect(try #require(story.exit?.message).contains(broken))
        }
    }
}
