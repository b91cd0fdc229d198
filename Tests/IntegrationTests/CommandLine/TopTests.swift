import Glibc
import HoistwayModel
import TestSupport
import Testing

/// `top` in a terminal: what it shows, what its keys do, and how it leaves the terminal behind.
@Suite(.redis, .timeLimit(.minutes(3)))
struct TopTests {
    private static let leave = "\u{1B}[?25h\u{1B}[?1049l"

    private func top(_ site: Site, columns: Int = 80, rows: Int = 24) async throws -> PseudoTerminal {
        let arguments = ["top", "--redis", site.url, "--prefix", site.prefix]
        let terminal = try await PseudoTerminal.start(arguments, columns: columns, rows: rows)
        try await terminal.wait(for: "\u{1B}[?1049h")
        return terminal
    }

    private func expectGivenBack(_ terminal: PseudoTerminal) {
        #expect(terminal.transcript.contains(TopTests.leave))
        #expect(terminal.isCooked)
    }

    @Test func keysChooseReadAndKillAJob() async throws {
        try await Site.with { site in
            let event = #"{"progress":40,"stage":"build"}"#
            try site.recipe("backup", "echo said by $HOISTWAY_JOB_ID; echo '\(event)' >&3; \(site.awaiting("gate"))")
            _ = try await site.worker(["--slots", "2"])
            try await site.push("backup", #"{"id":"older","backupId":"a"}"#)
            try await site.wait(for: "older", "running")
            try await site.push("backup", #"{"id":"newer","backupId":"b"}"#)
            try await site.wait(for: "newer", "running")
            try await site.push("backup", #"{"id":"waits","backupId":"c"}"#)
            let terminal = try await top(site)
            try await terminal.wait(for: "2 running  1 waiting")
            try await terminal.wait(for: "40 %")
            #expect(terminal.transcript.contains("QUEUE") && terminal.transcript.contains("2/2"))
            #expect(!terminal.isCooked)

            terminal.forget()
            terminal.press("l")
            try await terminal.wait(for: "said by newer")
            terminal.press("q")
            try await terminal.wait(for: "j/k choose")
            terminal.forget()
            terminal.press("?")
            try await terminal.wait(for: "any key goes back")
            terminal.press(" ")
            terminal.press("jx")
            try await terminal.wait(for: "Kill older (backup a)?")
            terminal.press("n")
            try await terminal.wait(for: "older goes on")
            terminal.press("x")
            terminal.press("y")
            try await site.wait(for: "older", "error")
            #expect(try await site.field("older", "reason") == "killed")
            #expect(try await site.field("newer", "status") == "running")
            site.touch("gate")
            terminal.press("q")
            #expect(try await terminal.program.waitForEnd() == 0)
            expectGivenBack(terminal)
        }
    }

    @Test(arguments: [SIGTERM, SIGINT, SIGHUP]) func aSignalGivesTheTerminalBack(_ number: CInt) async throws {
        try await Site.with { site in
            let terminal = try await top(site)
            try await terminal.wait(for: "No job runs.")
            terminal.program.send(number)
            #expect(try await terminal.program.waitForEnd() == 128 + Int(number))
            expectGivenBack(terminal)
        }
    }

    @Test func controlCQuits() async throws {
        try await Site.with { site in
            let terminal = try await top(site)
            try await terminal.wait(for: "No job runs.")
            terminal.press("\u{03}")
            #expect(try await terminal.program.waitForEnd() == 0)
            expectGivenBack(terminal)
        }
    }

    @Test func aNewSizeIsDrawnAtOnce() async throws {
        try await Site.with { site in
            let terminal = try await top(site)
            try await terminal.wait(for: "\u{1B}[24;1H")
            #expect(!terminal.transcript.contains("\u{1B}[25;1H"))
            terminal.resize(columns: 100, rows: 31)
            try await terminal.wait(for: "\u{1B}[31;1H")
            terminal.forget()
            terminal.resize(columns: 20, rows: 5)
            try await terminal.wait(for: "\u{1B}[5;1H")
            terminal.press("q")
            #expect(try await terminal.program.waitForEnd() == 0)
        }
    }

    @Test func withoutATerminalItIsShownOnce() async throws {
        try await Site.with { site in
            try site.recipe("backup", site.awaiting("gate"))
            _ = try await site.worker()
            try await site.push("backup", #"{"id":"runs","backupId":"a"}"#)
            try await site.wait(for: "runs", "running")
            let result = try await site.hoistway("top")
            #expect(result.status == 0 && result.output.contains("1 running") && result.output.contains("runs"))
            #expect(!result.output.contains("\u{1B}"))
            let json = try JSON(parsing: try await site.hoistway("top", "--json").output)
            #expect(json["jobs"]?.arrayValue?.first?["id"] == "runs" && json["running"] == 1)
            site.touch("gate")
            try await site.wait(for: "runs", "done")
        }
    }
}
