import Glibc
import Hoistway
import HoistwayModel
import HoistwayStore
import Supervision

/// Where the log of an attempt is read: from its file on this host, or from the copy in Redis.
enum LogSource: LogReading {
    case file(AttemptLog, attempt: Int)
    case copy(LogCopy)

    private static let pieceSize = 256 << 10
    private static let tailSize = 16 << 20

    /// The nearest source for a job's log.
    static func of(_ job: Job, in session: Session) -> LogSource {
        file(of: job, session.configuration) ?? .copy(LogCopy(session.store, id: job.id, attempt: job.attempt))
    }

    /// The file of a job's log; `nil` when it is not on this host, or may not be read.
    static func file(of job: Job, _ configuration: Configuration) -> LogSource? {
        guard let path = job.logPath, job.host == ProcessSurroundings.hostname(), access(path, R_OK) == 0 else {
            return nil
        }
        let standard = configuration.logs.maxBytes ?? 64 << 20
        return .file(AttemptLog(logPath: path, standardMaxBytes: standard), attempt: job.attempt)
    }

    /// Where the log of a job is that cannot be read here, and what to do.
    static func place(of job: Job) -> String {
        let host = job.host ?? "an unknown host"
        let path = job.logPath ?? ""
        guard host == ProcessSurroundings.hostname() else {
            return "the log is on \(host) at \(path); run this command or the worker there"
        }
        if access(path, F_OK) < 0, errno != EACCES { return "the file \(path) is gone, and so is its copy in Redis" }
        return "the file \(path) may not be read; run this command as the worker's user, or the worker"
    }

    var isCopy: Bool {
        if case .copy = self { true } else { false }
    }

    package func read(from offset: Int) async throws -> LogChunk {
        switch self {
        case .file(let log, let attempt):
            let chunk = try log.read(offset: offset, limit: LogSource.pieceSize)
            let begin = chunk.nextOffset - chunk.bytes.count
            return LogChunk(attempt: attempt, offset: begin, bytes: chunk.bytes, gap: chunk.gap)
        case .copy(let copy): return try await copy.read(from: offset)
        }
    }

    package func offset(ofLast lines: Int) async throws -> Int {
        switch self {
        case .file(let log, _): try log.tail(lines: lines, limit: LogSource.tailSize).offset
        case .copy(let copy): try await copy.offset(ofLast: lines)
        }
    }
}
