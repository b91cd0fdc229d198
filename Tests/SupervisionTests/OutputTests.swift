import Glibc
import HoistwayModel
import Testing

@testable import Supervision

/// Logs and events.
@Suite(.timeLimit(.minutes(2)))
struct OutputTests {
    @Test
    func streamsHaveTheirLevelsAndLinesTheirTimes() async throws {
        try await withFixture { fixture in
            let story = try await fixture.run("echo out; echo err >&2; printf 'no newline'") {
                $0.firstLogLines = [Launch.LogLine(level: "INFO", text: "first of all")]
            }
            let lines = try story.logLines
            #expect(lines.first == "INFO first of all")
            #expect(Set(lines.dropFirst()) == ["INFO out", "WARN err", "INFO no newline"])
            let log = try story.log
            #expect(log.hasSuffix("\n"))
            for line in log.split(separator: "\n") {
                #expect(Timestamp(parsing: String(line.prefix { $0 != " " })) != nil)
            }
            #expect(story.logBytes == log.utf8.count)
            #expect(story.exit?.logBytes == log.utf8.count)
        }
    }

    @Test
    func secretsAndMasksAreRedactedInLogAndEvents() async throws {
        try await withFixture { fixture in
            let script = #"""
                echo "a=$ONE"
                printf '%s' "start-s3cr"; sleep 0.05; echo "3t-value-end"
                printf '{"mask":"learnt-later"}\n' >&3
                printf '{"message":"%s and \\u0073%s"}\n' "$ONE" "$(printf %s "$ONE" | cut -c2-)" >&3
                until [ -s ../events.jsonl ]; do :; done
                echo learnt-later
                printf '%s\n' "$TWO"
                """#
            let story = try await fixture.run(script) {
                $0.environment += [("ONE", "s3cr3t-value"), ("TWO", "line-one\nline-two")]
                $0.secrets = [Array("s3cr3t-value".utf8), Array("line-one\nline-two".utf8)]
            }
            let log = try story.log
            for secret in ["s3cr3t-value", "learnt-later", "line-one", "line-two"] {
                #expect(!log.contains(secret))
            }
            #expect(log.contains("a=[REDACTED]"))
            #expect(log.contains("start-[REDACTED]-end"))
            #expect(story.lines.map { $0["message"]?.stringValue } == ["[REDACTED] and [REDACTED]"])
            for name in Files.entries(of: story.info.folder) {
                let bytes = Files.read("\(story.info.folder)/\(name)") ?? []
                #expect(!String(decoding: bytes, as: UTF8.self).contains("s3cr3t-value"), "in \(name)")
            }
        }
    }

    @Test
    func eventsArriveInOrderWhileTheRecipeRuns() async throws {
        try await withFixture { fixture in
            let script = """
                printf '{"progress":10}\\n' >&3
                until [ -e ../seen ]; do sleep 0.01; done
                for n in 20 30 40; do printf '{"progress":%s,"stage":"s%s"}\\n' $n $n >&3; done
                printf '{"result":{"url":"http://x"}}' >&3
                """
            let attempt = try fixture.supervisor.launch(try fixture.launch(script))
            var progress: [Int] = []
            var lines: [JSON] = []
            for await event in attempt.events {
                guard case .events(let new, _) = event else { continue }
                lines += new
                progress += new.compactMap { $0["progress"]?.intValue }
                try Files.write([], to: "\(attempt.folder)/seen")
            }
            #expect(progress == [10, 20, 30, 40])
            #expect(lines.last?["result"]?["url"] == "http://x")
            #expect(attempt.info.events().lines == lines)
        }
    }

    @Test
    func badEventsAreLoggedAsText() async throws {
        try await withFixture { fixture in
            let script = """
                printf 'not json\\n[1,2]\\n{"broken":\\n{"unknown":1}\\n' >&3
                printf '{"log":{"level":"ERROR","message":"said"}}\\n{"progress":50}\\n' >&3
                """
            let story = try await fixture.run(script)
            let lines = try story.logLines
            #expect(lines.contains("INFO not json"))
            #expect(lines.contains("INFO [1,2]"))
            #expect(lines.contains(#"INFO {"broken":"#))
            #expect(lines.contains("ERROR said"))
            #expect(story.lines == [["progress": 50]])
            #expect(story.exit?.exitCode == 0)
        }
    }

    @Test
    func cleanupCommandsRunOnceTheTreeIsEmpty() async throws {
        try await withFixture { fixture in
            let script = """
                printf '{"cleanup":["/bin/sh","-c","echo cleaned >> \(fixture.data)/proof"]}\\n' >&3
                exit 3
                """
            let story = try await fixture.run(script)
            #expect(story.exit?.exitCode == 3)
            #expect(Files.read("\(fixture.data)/proof") == Array("cleaned\n".utf8))
        }
    }

    @Test
    func cappedLogKeepsHeadAndTail() async throws {
        try await withFixture { fixture in
            let count = 20_000
            let attempt = try fixture.supervisor.launch(
                try fixture.launch(
                    "seq -f 'line %06.0f of a long log' 1 \(count); until [ -e ../go ]; do sleep 0.01; done; echo last"
                ) { $0.logMaxBytes = 64 << 10 }
            )
            let line = "2026-01-15T08:00:00.123Z INFO line 000001 of a long log\n".utf8.count
            let log = attempt.info.log
            try await until("all lines are logged") { log.size == count * line }
            try check(log, lines: count, of: line)
            try Files.write([], to: "\(attempt.folder)/go")
            let exit = try #require(try await Story(of: attempt).exit)
            let gap = try #require(exit.logGap)
            #expect(exit.logBytes == log.size)
            #expect(log.gap == gap.range)
            try check(log, lines: count, of: line)
            #expect(try #require(Files.size(attempt.logPath)) <= 64 << 10)
            #expect(String(decoding: try log.tail(lines: 1).bytes, as: UTF8.self).hasSuffix(" INFO last\n"))
            #expect(Files.entries(of: attempt.folder).filter { $0.hasPrefix("log") } == ["log"])
            let text = String(decoding: try #require(Files.read(attempt.logPath)), as: UTF8.self)
            #expect(text.contains("missing"))
        }
    }

    /// Reads the whole log in small steps: every line stands at its logical offset, with one gap in between.
    private func check(_ log: AttemptLog, lines count: Int, of width: Int) throws {
        var offset = 0
        var gaps: [Range<Int>] = []
        var seen = 0
        var rest: [UInt8] = []
        while true {
            let chunk = try log.read(offset: offset, limit: 5000)
            if chunk.bytes.isEmpty { break }
            if let gap = chunk.gap {
                gaps.append(gap)
                #expect(rest.isEmpty)
                #expect(gap.lowerBound == offset)
                #expect(chunk.nextOffset == gap.upperBound + chunk.bytes.count)
            }
            let start = chunk.nextOffset - chunk.bytes.count - rest.count
            let bytes = rest + chunk.bytes
            let whole = bytes.count / width * width
            for index in stride(from: 0, to: min(whole, max(0, count * width - start)), by: width) {
                let text = String(decoding: bytes[index..<index + width], as: UTF8.self)
                let number = (start + index) / width + 1
                seen += 1
                guard text.contains("line \(String(1_000_000 + number).dropFirst()) ") else {
                    Issue.record("at \(start + index) stands \(text)")
                    return
                }
            }
            rest = Array(bytes[whole...])
            offset = chunk.nextOffset
        }
        #expect(gaps.count == 1)
        #expect(seen > 500 && seen < count)
        let gap = try #require(gaps.first)
        #expect(seen == count - gap.count / width)
        let inside = try log.read(offset: gap.lowerBound + 10, limit: 100)
        #expect(inside.gap == gap)
        #expect(inside.nextOffset == gap.upperBound + 100)
    }

    @Test
    func tailCountsLines() async throws {
        try await withFixture { fixture in
            let story = try await fixture.run("seq 1 5000")
            let log = story.info.log
            let text = try story.log
            for count in [0, 1, 7, 4999, 5000, 6000] {
                let tail = try log.tail(lines: count)
                let lines = String(decoding: tail.bytes, as: UTF8.self).split(separator: "\n")
                #expect(lines.count == min(count, 5000))
                #expect(tail.offset + tail.bytes.count == text.utf8.count)
                #expect(tail.bytes == Array(text.utf8.dropFirst(tail.offset)))
            }
            let short = try log.tail(lines: 5000, limit: 1000)
            #expect(short.bytes.count <= 1000)
            #expect(text.hasSuffix("\n" + String(decoding: short.bytes, as: UTF8.self)))
        }
    }

    @Test(.enabled(if: geteuid() == 0, "only root can mount"))
    func fullDiskEndsTheAttempt() async throws {
        var template = Array("/tmp/hoistway-full-XXXXXX".utf8CString)
        let mount = String(cString: try #require(mkdtemp(&template)))
        try #require(runProgram("/bin/mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", mount) == 0)
        defer {
            runProgram("/bin/umount", "-l", mount)
            rmdir(mount)
        }
        try await withFixture(data: "\(mount)/data") { fixture in
            let launch = try fixture.launch("cat /dev/zero | tr '\\0' 'x' | fold -w 100; sleep 1000")
            let story = try await Story(of: fixture.supervisor.launch(launch))
            let exit = try #require(story.exit)
            #expect(exit.outcome == .log)
            #expect(processes(fence: launch.fence).isEmpty)
            #expect(Journal.exit(in: story.info.folder) == exit)
        }
    }
}
