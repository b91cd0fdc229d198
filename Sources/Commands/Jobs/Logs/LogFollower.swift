import HoistwayModel
import HoistwayStore
import RedisClient
import Supervision

/// Shows a job's log until the job has ended and its log is complete, across its attempts.
struct LogFollower {
    /// How often the log is looked at, in seconds.
    private static let logLook = 0.2
    /// How often the job is looked at though no event told of it.
    private static let jobLook = Duration.seconds(5)
    /// What starts within this time is not said to wait.
    private static let firstLook = Duration.seconds(1)
    /// How long the last bytes of the log of an ended job may take.
    private static let completion = Duration.seconds(5)

    private let id: String
    private let session: Session
    private var printer: FollowPrinter
    private var source: LogSource?
    private var logPath: String?
    private var offset = 0
    private let began = ContinuousClock.now
    private var patience: Patience

    init(_ id: String, in session: Session, printer: FollowPrinter) {
        self.id = id
        self.session = session
        self.printer = printer
        patience = Patience(console: session.console)
    }

    /// - Parameter tail: begin with so many of the lines that are there; `nil` begins at the beginning.
    /// - Returns: the ended job.
    mutating func run(tail: Int? = nil) async throws -> Job {
        var tail = tail
        while true {
            do {
                return try await follow(&tail)
            } catch {
                try await patience.absorb(error)
            }
        }
    }

    private mutating func follow(_ tail: inout Int?) async throws -> Job {
        var watch = try await JobWatch(session)
        patience.recovered()
        while true {
            let job = try await session.job(id)
            try await enter(job)
            if let lines = tail, let source {
                offset = try await source.offset(ofLast: lines)
                tail = nil
            }
            try await drain()
            let isNew = ContinuousClock.now - began < LogFollower.firstLook
            printer.status(job, waiting: isNew ? nil : try await session.store.waiting(job))
            if job.status.isTerminal {
                try await complete(job)
                printer.finish()
                return job
            }
            let look = ContinuousClock.now + (isNew ? LogFollower.firstLook : LogFollower.jobLook)
            while try await watch.changes(of: [id], within: LogFollower.logLook).isEmpty, ContinuousClock.now < look {
                patience.recovered()
                try await drain()
            }
        }
    }

    /// Turns to the log of a new attempt, once that has one.
    private mutating func enter(_ job: Job) async throws {
        guard let path = job.logPath, path != logPath else { return }
        if logPath != nil {
            try await drain()
            printer.note("attempt \(job.attempt)")
            offset = 0
        }
        logPath = path
        source = LogSource.of(job, in: session)
    }

    private mutating func drain() async throws {
        guard let source else { return }
        while true {
            let chunk = try await source.read(from: offset)
            if let gap = chunk.gap { printer.note(LogGap.text(gap)) }
            offset = chunk.nextOffset
            if chunk.bytes.isEmpty { return }
            printer.log(chunk.bytes)
        }
    }

    /// Waits for the bytes that are still on their way.
    private mutating func complete(_ job: Job) async throws {
        guard source != nil else { return }
        var deadline = ContinuousClock.now + LogFollower.completion
        while offset < job.logBytes, ContinuousClock.now < deadline {
            let before = offset
            try await drain()
            if offset > before { deadline = ContinuousClock.now + LogFollower.completion }
            if offset < job.logBytes { try await Task.sleep(for: .milliseconds(50)) }
        }
        if offset < job.logBytes {
            printer.note(LogGap.text(offset..<job.logBytes) + (job.host.map { "; the whole log is on \($0)" } ?? ""))
        }
    }
}

/// What is missing from a log.
enum LogGap {
    static func text(_ gap: Range<Int>) -> String {
        "\(gap.count) bytes are missing here (\(gap.lowerBound) to \(gap.upperBound))"
    }
}
