import HoistwayModel
import HoistwayStore

/// Something the log of an attempt is read from.
package protocol LogReading: Sendable {
    /// What there is from an offset on, in one piece; empty at the end.
    func read(from offset: Int) async throws -> LogChunk

    /// Where the last `lines` lines begin.
    func offset(ofLast lines: Int) async throws -> Int

    /// Where that ends which is kept in front of an offset whose own byte is missing; at most the offset itself.
    func keptEnd(before offset: Int) async throws -> Int
}

extension LogReading {
    /// For logs whose chunks name all of a gap, from wherever in it they are asked for.
    package func keptEnd(before offset: Int) async throws -> Int { offset }
}

/// The copy of an attempt's log in Redis.
package struct LogCopy: LogReading {
    private let store: Store
    private let id: String
    private let attempt: Int

    package init(_ store: Store, id: String, attempt: Int) {
        self.store = store
        self.id = id
        self.attempt = attempt
    }

    package func read(from offset: Int) async throws -> LogChunk {
        let pieces = try await store.logPieces(id, attempt: attempt, after: offset)
        return LogCopy.chunk(of: pieces, attempt: attempt, from: offset)
    }

    package func offset(ofLast lines: Int) async throws -> Int {
        var count = 16
        while true {
            let pieces = try await store.lastLogPieces(id, count: count)
            if let start = LogCopy.start(ofLast: lines, in: pieces) { return start }
            if pieces.count < count { return pieces.first?.offset ?? 0 }
            count *= 4
        }
    }

    package func keptEnd(before offset: Int) async throws -> Int {
        try await store.lastLogPieces(id, before: offset, count: 1).last?.end ?? 0
    }

    /// The pieces behind an offset as one chunk, up to the next gap.
    package static func chunk(of pieces: [LogPiece], attempt: Int, from offset: Int) -> LogChunk {
        var chunk = LogChunk(attempt: attempt, offset: offset)
        for piece in pieces where piece.end > chunk.end {
            if piece.offset > chunk.end {
                guard chunk.bytes.isEmpty else { break }
                chunk.gap = chunk.offset..<piece.offset
                chunk.offset = piece.offset
            }
            chunk.bytes += piece.bytes.dropFirst(chunk.end - piece.offset)
        }
        return chunk
    }

    /// The offset of the line that is `lines` lines before the end; `nil` when the pieces hold fewer whole lines.
    package static func start(ofLast lines: Int, in pieces: [LogPiece]) -> Int? {
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
