import HoistwayModel
import HoistwayStore

/// Schedules as commands show them.
enum ScheduleView {
    static func table(_ schedules: [StoredSchedule], width: Int?) -> [String] {
        var table = Table(["ID", "CRON", "TIMEZONE", "NEXT", "LAST JOB", "TYPE", "RESOURCE"])
        for stored in schedules {
            let schedule = stored.schedule
            table.rows.append([
                schedule.id, schedule.cron.text, schedule.timezone, next(stored), stored.lastJobID ?? "-",
                schedule.document.type.name, schedule.document.resourceID,
            ])
        }
        return table.lines(width: width)
    }

    static func lines(_ stored: StoredSchedule) -> [String] {
        let schedule = stored.schedule
        var fields = Fields()
        fields.add("schedule", schedule.id)
        fields.add("cron", schedule.cron.text)
        fields.add("timezone", schedule.timezone)
        fields.add("overlap", schedule.overlap.rawValue)
        fields.add("missed", schedule.missed.rawValue)
        fields.add("jitter", schedule.jitter == .zero ? nil : schedule.jitter.description)
        fields.add("job", String(decoding: schedule.job, as: UTF8.self))
        let runs = (try? stored.nextRuns(5)) ?? []
        fields.add("next", runs.isEmpty ? next(stored) : runs.map(\.description).joined(separator: " "))
        fields.add("last job", stored.lastJobID)
        if let skipped = stored.lastSkipped {
            let text = [skipped["tick"], skipped["because"]].compactMap { $0?.stringValue }
            fields.add("skipped", text.joined(separator: ": "))
        }
        fields.add("created", stored.createdAt?.description)
        return fields.lines
    }

    private static func next(_ stored: StoredSchedule) -> String {
        if stored.schedule.isPaused { return "paused" }
        guard let run = try? stored.nextRuns(1).first else { return "unknown: its time zone is missing here" }
        return run.description
    }

    /// The refusal of a schedule, in the words of the command line.
    static func failure(_ refusal: Refusal) -> CommandFailure {
        guard !refusal.fieldErrors.isEmpty else { return CommandFailure(.usage, refusal.message) }
        let problems = refusal.fieldErrors.entries.map { entry -> String in
            if entry.field.hasPrefix("job.") {
                let field = String(entry.field.dropFirst(4))
                return "\(DocumentBuilder.option(for: field, type: nil)): \(entry.message)"
            }
            let names = ["id": "ID", "cron": "CRON", "type": "TYPE", "job": "the job"]
            return "\(names[entry.field] ?? "--\(entry.field)"): \(entry.message)"
        }
        return CommandFailure(refusal.code == .idInUse ? .failed : .usage, problems.joined(separator: "; "))
    }

    static func pause(_ id: String, _ pausing: Bool, _ global: GlobalOptions) async throws {
        try await Session.run(global) { session in
            try await session.store.pauseSchedule(id, pausing)
            if global.json { session.print(.object(try await session.store.schedule(id).json())) }
        }
    }
}
