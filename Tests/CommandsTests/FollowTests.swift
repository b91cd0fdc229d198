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

    @Test func piecesBecomeOneChunkUpToAGap() {
        let pieces = [LogPiece(offset: 0, bytes: Array("abc".utf8)), LogPiece(offset: 3, bytes: Array("def".utf8))]
        let all = LogSource.chunk(of: pieces, from: 1)
        #expect(all.bytes == Array("bcdef".utf8))
        #expect(all.nextOffset == 6)
        #expect(all.gap == nil)
        let holed = [pieces[0], LogPiece(offset: 10, bytes: Array("x".utf8))]
        #expect(LogSource.chunk(of: holed, from: 0).nextOffset == 3)
        let behind = LogSource.chunk(of: holed, from: 3)
        #expect(behind.gap == 3..<10)
        #expect(behind.bytes == Array("x".utf8))
        #expect(LogSource.chunk(of: [], from: 7).nextOffset == 7)
    }

    @Test func theTailBeginsAtALine() {
        let pieces = [
            LogPiece(offset: 10, bytes: Array("a\nb".utf8)), LogPiece(offset: 13, bytes: Array("c\nd\n".utf8)),
        ]
        #expect(LogSource.start(ofLast: 1, in: pieces) == 15)
        #expect(LogSource.start(ofLast: 2, in: pieces) == 12)
        #expect(LogSource.start(ofLast: 0, in: pieces) == 17)
        #expect(LogSource.start(ofLast: 3, in: pieces) == nil)
        #expect(LogSource.start(ofLast: 1, in: []) == nil)
    }
}
