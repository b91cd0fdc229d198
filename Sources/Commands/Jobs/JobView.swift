import HoistwayModel
import HoistwayStore

/// A job as commands show it.
enum JobView {
    /// The job as the API has it, with why it waits.
    static func json(_ job: Job, in session: Session) async throws -> JSON {
        job.json(waiting: try await session.store.waiting(job))
    }

    /// `{"items":[…],"nextCursor":…}`.
    static func page(_ items: [JSON], nextCursor: String? = nil) -> JSON {
        ["items": .array(items), "nextCursor": .string(orNull: nextCursor)]
    }

    /// What to say of a job that ended in error.
    static func failure(_ job: Job) -> String {
        var text = "job \(job.id) ended in error"
        if let reason = job.reason { text += " (\(reason.rawValue))" }
        if let message = errorMessage(job) { text += ": \(message)" }
        return text + "; its log: hoistway logs \(job.id)"
    }

    /// The message of the recipe's error, else the job's.
    static func errorMessage(_ job: Job) -> String? {
        job.json("error")?["message"]?.stringValue ?? job.message
    }

    /// `build 40 %`, as far as the job tells.
    static func progress(_ job: Job) -> String {
        let percent = job.progress > 0 || job.status == .running ? "\(job.progress) %" : nil
        return [job.stage, percent].compactMap { $0 }.joined(separator: " ")
    }

    /// The lines of `status`.
    static func lines(_ job: Job, waiting: Waiting?, now: Timestamp = .now()) -> [String] {
        var fields = Fields()
        fields.add("job", job.id)
        fields.add("type", job.type.name)
        fields.add("resource", job.resourceID)
        fields.add("title", job.title)
        fields.add("status", job.state.description)
        fields.add("waiting", waiting.map { "\($0.sentence) (\($0.because.rawValue))" })
        fields.add("position", waiting?.position.map { "\($0) (\($0 - 1) ahead)" })
        fields.add("blocked by", waiting?.blockedBy.joined(separator: " "))
        fields.add("may start", waiting?.estimatedStart.map { start(expected: $0, now: now) })
        fields.add("progress", progress(job))
        fields.add("message", job.status == .error ? nil : job.message)
        fields.add("error", job.status == .error ? errorMessage(job) : nil)
        if job.attempt > 0 { fields.add("attempt", "\(job.attempt)") }
        fields.add("worker", [job.workerID, job.host.map { "on \($0)" }].compactMap { $0 }.joined(separator: " "))
        fields.add("pid", job.pid.map { String($0) })
        fields.add("exit code", job.fields["exitCode"])
        fields.add("signal", job.fields["signal"])
        fields.add("kill", job.json("kill").map(killReceipt))
        fields.add("schedule", job.fields["scheduleId"])
        fields.add("retry of", job.fields["retryOf"])
        fields.add("replaced by", job.fields["supersededBy"])
        fields.add("labels", job.labels.map { "\($0.key)=\($0.value.stringValue ?? "")" }.joined(separator: " "))
        fields.add("result", job.json("result")?.text)
        fields.add("created", job.createdAt.map { "\($0) (\(Ages.since($0, now: now)) ago)" })
        fields.add("runs at", job.status == .pending ? job.fields["runAt"] : nil)
        fields.add("started", job.startedAt?.description)
        fields.add("ended", job.completedAt.map { ended($0, job) })
        fields.add("log", job.logPath)
        return fields.lines
    }

    /// `2026-01-15T08:00:00.123Z (in 5m)`.
    private static func start(expected time: Timestamp, now: Timestamp) -> String {
        let wait = time.milliseconds - now.milliseconds
        return "\(time) (\(wait < 1000 ? "any moment" : "in \(Ages.text(milliseconds: wait))"))"
    }

    private static func ended(_ time: Timestamp, _ job: Job) -> String {
        guard let start = job.startedAt else { return time.description }
        return "\(time) (after \(Ages.length(from: start, to: time)))"
    }

    /// `requested 08:00:00.000 by root@a (why), TERM to 3, KILL to 1, empty 08:00:02.000`.
    static func killReceipt(_ kill: JSON) -> String {
        func time(_ field: String) -> String? { kill[field]?.stringValue }
        var request = "requested"
        if let requested = time("requestedAt") { request += " \(requested)" }
        if let by = time("by") { request += " by \(by)" }
        if let why = time("why") { request += " (\(why))" }
        var parts = [request]
        for signal in kill["signals"]?.arrayValue ?? [] {
            let count = signal["count"]?.intValue.map { " to \($0)" } ?? ""
            parts.append("\(signal["signal"]?.stringValue ?? "?")\(count)")
        }
        parts.append(time("emptyAt").map { "nothing left \($0)" } ?? "processes may be left")
        return parts.joined(separator: ", ")
    }
}
