import Glibc
import HoistwayModel
import HoistwayStore
import Supervision

/// A piece of a log.
struct LogChunk {
    var bytes: [UInt8]
    var nextOffset: Int
    /// What is missing before it.
    var gap: Range<Int>?
}

/// Where the log of an attempt is read: from its file on this host, or from the copy in Redis.
enum LogSource {
    case file(AttemptLog)
    case copy(Store, id: String)

    private static let pieceSize = 256 << 10
    private static let tailSize = 16 << 20

    /// The nearest source for a job's log.
    static func of(_ job: Job, in session: Session) -> LogSource {
        if let path = job.logPath, job.host == ProcessSurroundings.hostname(), access(path, R_OK) == 0 {
            let standard = session.configuration.logs.maxBytes ?? 64 << 20
            return .file(AttemptLog(logPath: path, standardMaxBytes: standard))
        }
        return .copy(session.store, id: job.id)
    }

    var isCopy: Bool {
        if case .copy = self { true } else { false }
    }

    /// What there is from an offset on, in one piece; nothing at the end.
    func read(from offset: Int) async throws -> LogChunk {
        switch self {
        case .file(let log):
            let chunk = try log.read(offset: offset, limit: LogSource.pieceSize)
            return LogChunk(bytes: chunk.bytes, nextOffset: chunk.nextOffset, gap: chunk.gap)
        case .copy(let store, let id):
            return LogSource.chunk(of: try await store.logPieces(id, after: offset), from: offset)
        }
    }

    /// The pieces behind an offset as one chunk, up to the next gap.
    static func chunk(of pieces: [LogPiece], from offset: Int) -> LogChunk {
        var chunk = LogChunk(bytes: [], nextOffset: offset, gap: nil)
        for piece in pieces where piece.end > chunk.nextOffset {
            if piece.offset > chunk.nextOffset {
                guard chunk.bytes.isEmpty else { break }
                chunk.gap = chunk.nextOffset..<piece.offset
                chunk.nextOffset = piece.offset
            }
            chunk.bytes += piece.bytes.dropFirst(chunk.nextOffset - piece.offset)
            chunk.nextOffset = piece.end
        }
        return chunk
    }

    /// Where the last `lines` lines begin.
    func offset(ofLast lines: Int) async throws -> Int {
        switch self {
        case .file(let log): return try log.tail(lines: lines, limit: LogSource.tailSize).offset
        case .copy(let store, let id):
            var count = 16
            while true {
                let pieces = try await store.lastLogPieces(id, count: count)
                let start = LogSource.start(ofLast: lines, in: pieces)
                if let start { return start }
                if pieces.count < count { return pieces.first?.offset ?? 0 }
                count *= 4
            }
        }
    }

    /// The offset of the line that is `lines` lines before the end; `nil` when the pieces hold fewer whole lines.
    static func start(ofLast lines: Int, in pieces: [LogPiece]) -> Int? {
        guard let end = pieces.last?.end else { return nil }
        if lines == 0 { return end }
        var left = lines
        for piece in pieces.reversed() {
            for (index, byte) in piece.bytes.enumerated().reversed() where byte == UInt8(ascii: "\n") {
                let next = piece.offset + index + 1
                if next == end { continue }
                left -= 1
                if left == 0 { return next }
            }
        }
        return nil
    }
}
