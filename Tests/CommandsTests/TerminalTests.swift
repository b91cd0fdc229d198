import HoistwayModel
import HoistwayStore
import Testing

@testable import Commands

@Suite struct TerminalTests {
    @Test(arguments: [
        ("plain", "plain"), ("a\u{1B}[31mred\u{1B}[0m", "ared"), ("a\nb\tc", "a b c"),
        ("\u{1B}]0;title\u{07}x", "x"), ("\u{1B}]8;;http://e\u{1B}\\link", "link"), ("bell\u{07}", "bell\u{FFFD}"),
        ("\u{9B}2J", "\u{FFFD}2J"), ("\u{202E}evil", "\u{FFFD}evil"), ("naïve 日本", "naïve 日本"), ("end\u{1B}", "end"),
        ("\u{1B}[12", ""),
    ])
    func controlsDoNotReachTheTerminal(text: String, shown: String) {
        #expect(Sanitizer.line(text) == shown)
    }

    @Test func logsKeepTabs() {
        #expect(Sanitizer.logLine("a\tb\u{1B}[2K") == "a\tb")
    }

    @Test(arguments: [("abc", 3), ("日本", 4), ("e\u{301}", 1), ("🚀", 2), ("", 0)])
    func widths(text: String, width: Int) {
        #expect(TextWidth.of(text) == width)
    }

    @Test func cutsByColumns() {
        #expect(TextWidth.cut("abcdef", to: 6) == "abcdef")
        #expect(TextWidth.cut("abcdef", to: 4) == "abc…")
        #expect(TextWidth.cut("日本語", to: 4) == "日…")
    }

    @Test func tablesAlignAndCutTheLastColumn() {
        var table = Table(["ID", "TITLE"])
        table.rows = [["1", "short"], ["22", "a long title that does not fit"], ["3", "evil\u{1B}[2J\nline"]]
        #expect(
            table.lines(width: 20) == ["ID  TITLE", "1   short", "22  a long title th…", "3   evil line"]
        )
        #expect(table.lines(width: nil)[2] == "22  a long title that does not fit")
    }

    @Test func agesHaveOneUnit() {
        #expect(Ages.text(milliseconds: -5) == "0s")
        #expect(Ages.text(milliseconds: 59_999) == "59s")
        #expect(Ages.text(milliseconds: 60_000) == "1m")
        #expect(Ages.text(milliseconds: 3 * 86_400_000) == "3d")
        #expect(Ages.since(nil) == "-")
        let start = Timestamp(milliseconds: 0)
        #expect(Ages.length(from: start, to: Timestamp(milliseconds: 1500)) == "1.5s")
        #expect(Ages.length(from: start, to: Timestamp(milliseconds: 185_000)) == "3m 5s")
    }

    @Test func statusShowsWhatThereIs() {
        let job = Job(fields: [
            "id": "a", "type": "application", "resourceId": "shop", "status": "error", "reason": "killed",
            "error": #"{"message":"it\u001b[2J broke"}"#,
            "kill": #"{"requestedAt":"T","by":"me","why":"w","signals":[{"signal":"TERM","count":2}],"emptyAt":"E"}"#,
        ])
        #expect(
            JobView.lines(job, waiting: nil) == [
                "job       a", "type      application", "resource  shop", "status    error (killed)",
                "error     it broke",
                "kill      requested T by me (w), TERM to 2, nothing left E",
            ]
        )
    }

    @Test func eventsAreOneLine() {
        let event: JSON = [
            "at": "T", "event": "failed", "id": "a", "status": "error", "reason": "failed", "data": ["k": 1],
        ]
        #expect(EventView.line(event) == "T  a  failed  error (failed)  {\"k\":1}")
    }
}
