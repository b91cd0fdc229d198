import HoistwayModel
import HoistwayStore

/// Turns the state of `top` into the lines of a screen.
enum TopScreen {
    struct Size: Sendable, Equatable {
        var columns: Int
        var rows: Int
    }

    struct Line: Sendable, Equatable {
        enum Style: Sendable { case plain, title, heading, chosen, warning }

        var text: String
        var style = Style.plain
    }

    /// Exactly as many lines as there are rows, none wider than the screen.
    static func lines(_ state: TopState, _ size: Size) -> [Line] {
        guard size.rows > 0, size.columns > 0 else { return [] }
        var lines = [title(state, size)]
        let room = max(0, size.rows - 2)
        switch state.mode {
        case .help: lines += help.prefix(room).map { Line(text: $0) }
        case .log: lines += state.logLines.suffix(room).map { Line(text: Sanitizer.logLine($0)) }
        case .jobs, .question: lines += overview(state, room)
        }
        lines = Array(lines.prefix(max(1, size.rows - 1)))
        while lines.count < size.rows - 1 { lines.append(Line(text: "")) }
        if size.rows > 1 { lines.append(footer(state)) }
        return lines.map { fit($0, size.columns) }
    }

    private static func fit(_ line: Line, _ columns: Int) -> Line {
        let text = TextWidth.cut(line.text.replacing("\t", with: "    "), to: columns)
        let isFull = line.style == .title || line.style == .chosen
        return Line(text: isFull ? TextWidth.padded(text, to: columns) : text, style: line.style)
    }

    private static func title(_ state: TopState, _ size: Size) -> Line {
        if case .log(let id) = state.mode { return Line(text: "hoistway  log of \(id)", style: .title) }
        let overview = state.overview
        guard state.hasOverview else { return Line(text: "hoistway", style: .title) }
        let living = overview.workers.count { $0.state == "running" }
        var text = "hoistway  \(overview.running) running  \(overview.pending) waiting  \(living) workers"
        if overview.arrived > 0 { text += "  \(overview.arrived) arriving" }
        let time = String(overview.at.description.dropFirst(11).prefix(8))
        let space = size.columns - TextWidth.of(text) - time.count
        return Line(text: space > 1 ? text + String(repeating: " ", count: space) + time : text, style: .title)
    }

    private static func footer(_ state: TopState) -> Line {
        if let failure = state.failure { return Line(text: Sanitizer.line(failure), style: .warning) }
        if case .question(let id) = state.mode {
            let job = state.overview.jobs.first { $0.id == id }
            let name = job.map { " (\($0.type) \(Sanitizer.line($0.resourceID)))" } ?? ""
            return Line(text: "Kill \(id)\(name)? y to kill, any other key to let it go on", style: .warning)
        }
        if let message = state.message { return Line(text: Sanitizer.line(message), style: .warning) }
        switch state.mode {
        case .log: return Line(text: "q back")
        case .help: return Line(text: "any key goes back")
        default: return Line(text: "j/k choose  l log  x kill  ? help  q quit")
        }
    }

    private static let help = [
        "", "  j, down     the next job", "  k, up       the job before", "  g, G        the first, the last job",
        "  l, enter    the log of the chosen job, as it grows; q goes back",
        "  x           kill the chosen job, after a question", "  ?           this help", "  q, Ctrl-C   quit",
    ]

    /// Queues and workers get what they need, but no more than half of the rows together; jobs get the rest.
    private static func overview(_ state: TopState, _ room: Int) -> [Line] {
        guard state.hasOverview else { return [] }
        let queues = queueLines(state.overview)
        let workers = workerLines(state.overview)
        let share = max(2, (room - 2) / 4)
        let unused = max(0, share - workers.count)
        var lines = limited(queues, share + unused)
        if !lines.isEmpty { lines.append(Line(text: "")) }
        let shown = limited(workers, share + max(0, share - queues.count))
        lines += shown
        if !shown.isEmpty { lines.append(Line(text: "")) }
        return lines + jobLines(state, max(0, room - lines.count))
    }

    /// A heading and as many of the rows as there is room for, with how many are missing.
    private static func limited(_ lines: [Line], _ room: Int) -> [Line] {
        guard lines.count > room else { return lines }
        let kept = Array(lines.prefix(max(1, room - 1)))
        return kept + [Line(text: "… and \(lines.count - kept.count) more")]
    }

    private static func table(_ table: Table) -> [Line] {
        table.lines(width: nil).enumerated().map { Line(text: $1, style: $0 == 0 ? .heading : .plain) }
    }

    /// Types that somebody uses or serves.
    private static func queueLines(_ overview: Overview) -> [Line] {
        let used = overview.queues.filter { $0.pending > 0 || $0.running > 0 || $0.isPaused || $0.workers > 0 }
        if used.isEmpty { return [] }
        var rows = Table(["QUEUE", "WAITING", "RUNNING", "WORKERS", "STATE"])
        for queue in used.sorted(by: { ($0.pending + $0.running, $1.type) > ($1.pending + $1.running, $0.type) }) {
            let state = queue.isPaused ? "paused" : queue.workers == 0 ? "no worker" : "open"
            rows.rows.append([queue.type, "\(queue.pending)", "\(queue.running)", "\(queue.workers)", state])
        }
        return table(rows)
    }

    private static func workerLines(_ overview: Overview) -> [Line] {
        let present = overview.workers.filter { !["stopped", "detached"].contains($0.state) || $0.running > 0 }
        if present.isEmpty { return [] }
        var rows = Table(["WORKER", "STATE", "SLOTS", "HEARD", "NODE", "HOST"])
        for worker in present {
            rows.rows.append([
                worker.id, worker.state, "\(worker.running)/\(worker.slots.map(String.init) ?? "?")",
                Ages.since(worker.heartbeatAt, now: overview.at), worker.node.isEmpty ? "-" : worker.node, worker.host,
            ])
        }
        return table(rows)
    }

    private static func jobLines(_ state: TopState, _ room: Int) -> [Line] {
        let overview = state.overview
        guard room > 1 else { return [] }
        if overview.jobs.isEmpty { return [Line(text: "No job runs.")] }
        var rows = Table(["JOB", "TYPE", "RESOURCE", "PROGRESS", "AGE", "STAGE", "TITLE"])
        for job in overview.jobs {
            rows.rows.append([
                job.id, job.type, TextWidth.cut(Sanitizer.line(job.resourceID), to: 16), "\(job.progress) %",
                Ages.since(job.startedAt, now: overview.at),
                job.isKilled ? "killing" : job.stage.isEmpty ? "-" : job.stage,
                job.title,
            ])
        }
        var lines = table(rows)
        let chosen = state.chosenIndex ?? 0
        lines[chosen + 1].style = .chosen
        let shown = room - 1
        let first = min(max(0, chosen - shown + 1), max(0, overview.jobs.count - shown))
        return [lines[0]] + lines[(first + 1)...].prefix(shown)
    }
}
