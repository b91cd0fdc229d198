import Hoistway
import HoistwayModel
import HoistwayStore

/// Shows a job's log until the job has ended and its log is complete, across its attempts.
struct LogFollower {
    /// What starts within this time is not said to wait.
    private static let firstLook = Duration.seconds(1)

    private let id: String
    private let session: Session
    private var printer: FollowPrinter

    init(_ id: String, in session: Session, printer: FollowPrinter) {
        self.id = id
        self.session = session
        self.printer = printer
    }

    /// - Parameter tail: begin with so many of the lines that are there; `nil` begins at the beginning.
    /// - Returns: the ended job.
    mutating func run(tail: Int? = nil) async throws -> Job {
        let session = session
        let began = ContinuousClock.now
        var follow = LogFollow(
            id,
            session.store,
            session.client,
            tail: tail,
            patience: Patience(console: session.console),
            open: { LogSource.of($0, in: session) }
        )
        var missing: Range<Int>?
        while let step = try await follow.next() {
            switch step {
            case .attempt(let number): printer.note("attempt \(number)")
            case .chunk(let chunk):
                if chunk.bytes.isEmpty { missing = chunk.gap } else { printer.log(chunk) }
            case .job(let job):
                let isNew = ContinuousClock.now - began < LogFollower.firstLook
                printer.status(job, waiting: isNew ? nil : try? await session.store.waiting(job))
            case .beat: break
            case .end(let job):
                if let missing {
                    printer.note(LogGap.text(missing) + (job.host.map { "; the whole log is on \($0)" } ?? ""))
                }
                printer.finish()
                return job
            }
        }
        throw CommandFailure.noJob(id)
    }
}

extension FollowPrinter {
    /// A piece of the log, and what is missing before it.
    mutating func log(_ chunk: LogChunk) {
        if let gap = chunk.gap { note(LogGap.text(gap)) }
        log(chunk.bytes)
    }
}

/// What is missing from a log.
enum LogGap {
    static func text(_ gap: Range<Int>) -> String {
        "\(gap.count) bytes are missing here (\(gap.lowerBound) to \(gap.upperBound))"
    }
}
