/// A job document that is enqueued again and again, at the times of a cron expression.
public struct Schedule: Sendable, Hashable {
    /// What happens at a run while the last job of the schedule has not ended.
    public enum Overlap: String, Sendable, Hashable, CaseIterable {
        /// Nothing is enqueued.
        case skip
        /// The job is enqueued all the same.
        case queue
        /// The job is enqueued, the last one is killed, or cancelled if it waits.
        case replace
    }

    /// What happens to runs at whose time nobody was there.
    public enum Missed: String, Sendable, Hashable, CaseIterable {
        case skip
        /// The latest of them is made up for.
        case once
        /// Each of them is made up for, unless it is older than a day.
        case all
    }

    public var id: String
    public var cron: CronExpression
    /// Name in the tz database.
    public var timezone: String
    public var overlap = Overlap.skip
    public var missed = Missed.skip
    /// Most that a run is put off, below the time to the next one.
    public var jitter = TimeSpan.zero
    public var isPaused = false
    /// What is enqueued. Its id is another one for each run.
    public var document: JobDocument
    /// The document as it came.
    public private(set) var job: [UInt8]

    public static let fields = ["id", "cron", "timezone", "overlap", "missed", "jitter", "paused", "job"]
    /// What a reader adds, so that what was read can be written back.
    private static let readOnly = ["nextRuns", "lastJobId"]

    /// Reads and checks a schedule; the zone's name is checked when its times are asked for.
    /// - Throws: `Refusal` with every field that is wrong, those of the job as `job.<field>`.
    public init(parsing bytes: [UInt8]) throws(Refusal) {
        guard bytes.count <= JobDocument.maximumSize else {
            throw Refusal(.tooLarge, "a schedule has at most \(JobDocument.maximumSize) bytes, not \(bytes.count)")
        }
        var reader = try DocumentReader(bytes)
        let id = reader.name("id")
        let text = reader.string("cron")
        var cron: CronExpression?
        if let text {
            do throws(CronError) {
                cron = try CronExpression(parsing: text)
            } catch {
                reader.fail("cron", error.description)
            }
        }
        let job = reader.object("job", maximum: JobDocument.maximumSize)
        var document: JobDocument?
        if let job {
            do throws(Refusal) {
                document = try JobDocument(parsing: job.bytes)
            } catch {
                for entry in error.fieldErrors.entries { reader.fail("job.\(entry.field)", entry.message) }
                if error.fieldErrors.isEmpty { reader.fail("job", error.message) }
            }
            for field in ["id", "idempotencyKey", "runAt"] where job.value[field].map({ !$0.isNull }) ?? false {
                reader.fail("job.\(field)", "cannot be the same for every run")
            }
        }
        let timezone = reader.string("timezone") ?? "UTC"
        let overlap = reader.choice("overlap", Overlap.self) ?? .skip
        let missed = reader.choice("missed", Missed.self) ?? .skip
        let jitter = reader.span("jitter") ?? .zero
        let paused = reader.flag("paused") ?? false
        for field in Schedule.readOnly { _ = reader.take(field) }
        for (field, value) in [("id", id), ("cron", text)] where value == nil { reader.fail(field, "is required") }
        if job == nil { reader.fail("job", "is required") }
        reader.refuseTheRest(known: Schedule.fields)
        guard reader.errors.isEmpty, let id, let cron, let job, let document else { throw Refusal(reader.errors) }
        self.id = id
        self.cron = cron
        self.timezone = timezone
        self.overlap = overlap
        self.missed = missed
        self.jitter = jitter
        isPaused = paused
        self.document = document
        self.job = job.bytes
    }

    /// The schedule as the API shows it, without what only a store knows.
    public var json: JSONObject {
        [
            "id": .string(id), "cron": .string(cron.text), "timezone": .string(timezone),
            "overlap": .string(overlap.rawValue), "missed": .string(missed.rawValue), "jitter": jitter.json,
            "paused": .bool(isPaused), "job": (try? JSON(parsing: job)) ?? .null,
        ]
    }

    /// Its times.
    /// - Throws: `Refusal` for a zone that cannot be had.
    public func calendar() throws(Refusal) -> ScheduleCalendar {
        do throws(ZoneError) {
            return ScheduleCalendar(
                id: id,
                timetable: Timetable(cron, in: try ZoneRules(named: timezone)),
                missed: missed,
                jitter: jitter
            )
        } catch {
            throw Refusal(.invalidDocument, field: "timezone", error.description)
        }
    }
}
