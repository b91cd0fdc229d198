import HoistwayModel
import HoistwayStore

/// Shows a log while it grows: its lines as they come and, on a terminal, a last line with stage and progress that is redrawn.
struct FollowPrinter {
    private static let clearLine = "\r\u{1B}[K"

    private let console: Console
    private let logsToError: Bool
    private let showsStatus: Bool
    private let redraws: Bool
    private var partial: [UInt8] = []
    private var shownStatus: String?
    private var shownTopic: String?

    /// - Parameters:
    ///   - logsToError: standard output is kept for a document.
    ///   - showsStatus: stage, progress and what a job waits for.
    init(console: Console, logsToError: Bool = false, showsStatus: Bool) {
        self.console = console
        self.logsToError = logsToError
        self.showsStatus = showsStatus
        redraws = showsStatus && console.isTerminal && console.errorIsTerminal
    }

    /// Bytes of the log. In a pipe they are passed on as they are; for a terminal they are split into lines and made harmless.
    mutating func log(_ bytes: [UInt8]) {
        if bytes.isEmpty { return }
        guard logsToError ? console.errorIsTerminal : console.isTerminal else {
            write(bytes)
            return
        }
        let split = FollowPrinter.lines(partial + bytes)
        partial = split.rest
        guard !split.lines.isEmpty else { return }
        let text = split.lines.map { Sanitizer.logLine($0) + "\n" }.joined()
        clear()
        write(Array(text.utf8))
        redraw()
    }

    /// A remark that is no part of the log.
    mutating func note(_ text: String) {
        clear()
        console.note("--- \(text)")
        redraw()
    }

    /// Where the job stands.
    mutating func status(_ job: Job, waiting: Waiting?) {
        guard showsStatus else { return }
        let note = FollowPrinter.note(job, waiting: waiting)
        if redraws {
            shownStatus =
                job.status.isTerminal ? nil : FollowPrinter.statusLine(job, waiting: waiting, console.width ?? 80)
            clear()
            redraw()
        } else if let note, note.topic != shownTopic {
            console.note("--- \(note.text)")
            shownTopic = note.topic
        }
    }

    /// The log is complete: what lacks its line's end is shown too.
    mutating func finish() {
        if !partial.isEmpty { log([UInt8(ascii: "\n")]) }
        clear()
        shownStatus = nil
    }

    private func write(_ bytes: [UInt8]) {
        if logsToError { console.error(bytes) } else { console.output(bytes) }
    }

    private func clear() {
        if redraws { console.error(Array(FollowPrinter.clearLine.utf8)) }
    }

    private func redraw() {
        if redraws, let shownStatus { console.error(Array(shownStatus.utf8)) }
    }
}

extension FollowPrinter {
    /// Whole lines without their ends, and what follows the last of them.
    static func lines(_ bytes: [UInt8]) -> (lines: [String], rest: [UInt8]) {
        guard let last = bytes.lastIndex(of: UInt8(ascii: "\n")) else { return ([], bytes) }
        let lines = bytes[..<last].split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        return (lines.map { String(decoding: $0, as: UTF8.self) }, Array(bytes[(last + 1)...]))
    }

    /// `stage: build (40 %)`, `progress: 40 %` or `waiting: …`; `nil` when there is nothing to say. A topic is told once: a
    /// stage with the progress it began with.
    static func note(_ job: Job, waiting: Waiting?) -> (topic: String, text: String)? {
        if let waiting {
            let text = "waiting: \(waiting.sentence)"
            return (text, text)
        }
        guard job.status == .running else { return nil }
        let percent = job.progress > 0 ? "\(job.progress) %" : nil
        if let stage = job.stage { return ("stage: \(stage)", "stage: \(stage)" + (percent.map { " (\($0))" } ?? "")) }
        return percent.map { ("progress: \($0)", "progress: \($0)") }
    }

    /// `running  build  ████░░░░░░ 40 %  message`, cut to the width.
    static func statusLine(_ job: Job, waiting: Waiting?, _ width: Int) -> String {
        var words = [job.state.description]
        if let waiting { words.append(waiting.sentence) }
        if job.status == .running {
            if let stage = job.stage { words.append(stage) }
            let full = min(10, max(0, job.progress / 10))
            words.append(
                String(repeating: "█", count: full) + String(repeating: "░", count: 10 - full) + " \(job.progress) %"
            )
            if let message = job.message { words.append(message) }
        }
        return TextWidth.cut(Sanitizer.line(words.joined(separator: "  ")), to: width - 1)
    }
}
