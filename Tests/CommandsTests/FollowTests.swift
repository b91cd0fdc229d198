import HoistwayModel
import HoistwayStore
import Testing

@testable import Commands

@Suite struct FollowTests {
    private func job(_ fields: [String: String]) -> Job {
        Job(fields: ["id": "a", "status": "running"].merging(fields) { $1 })
    }

    @Test func linesAreSplitAtTheirEnds() {
        let split = FollowPrinter.lines(Array("a\n\nb\nrest".utf8))
        #expect(split.lines == ["a", "", "b"])
        #expect(split.rest == Array("rest".utf8))
        #expect(FollowPrinter.lines(Array("rest".utf8)).lines.isEmpty)
    }

    @Test func notesNameStageProgressAndWaiting() {
        let staged = job(["stage": "build", "progress": "40"])
        #expect(FollowPrinter.note(staged, waiting: nil)?.text == "stage: build (40 %)")
        #expect(FollowPrinter.note(job(["progress": "7"]), waiting: nil)?.text == "progress: 7 %")
        #expect(FollowPrinter.note(job([:]), waiting: nil) == nil)
        let waiting = Waiting(.paused, subject: "application")
        let pending = job(["status": "pending", "reason": "queued"])
        #expect(FollowPrinter.note(pending, waiting: waiting)?.text == "waiting: the type application is paused")
    }

    @Test func theStatusLineFitsTheTerminal() {
        let job = job(["stage": "build", "progress": "40", "message": "a\nb"])
        #expect(FollowPrinter.statusLine(job, waiting: nil, 80) == "running  build  ████░░░░░░ 40 %  a b")
        #expect(TextWidth.of(FollowPrinter.statusLine(job, waiting: nil, 20)) == 19)
    }

    @Test func aPipeGetsTheBytesAndEachStageOnce() {
        let captured = CapturedConsole()
        var printer = FollowPrinter(console: captured.console(), showsStatus: true)
        printer.status(job(["stage": "build", "progress": "40"]), waiting: nil)
        printer.log(Array("x\u{1B}[1m".utf8))
        printer.status(job(["stage": "build", "progress": "60"]), waiting: nil)
        printer.log(Array("y\n".utf8))
        printer.status(job(["stage": "ship", "progress": "80"]), waiting: nil)
        printer.finish()
        #expect(captured.output == "x\u{1B}[1my\n")
        #expect(captured.error == "--- stage: build (40 %)\n--- stage: ship (80 %)\n")
    }

    @Test func aTerminalGetsHarmlessLinesUnderARedrawnStatus() {
        let captured = CapturedConsole()
        var printer = FollowPrinter(console: captured.console(isTerminal: true, width: 40), showsStatus: true)
        printer.status(job(["stage": "build", "progress": "40"]), waiting: nil)
        printer.log(Array("x\u{1B}[2Jy\nhalf".utf8))
        printer.finish()
        #expect(captured.output == "xy\nhalf\n")
        let status = "running  build  ████░░░░░░ 40 %"
        #expect(captured.error.contains("\r\u{1B}[K\(status)"))
        #expect(captured.error.hasSuffix("\r\u{1B}[K"))
    }
}
