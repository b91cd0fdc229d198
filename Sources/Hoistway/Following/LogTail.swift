/// The end of a log.
package struct LogTail: Sendable {
    /// Oldest first, each behind the one before it but for what its `gap` says is missing: because it is not kept, or, in
    /// front of the first, because it would have been too much.
    package var chunks: [LogChunk]
    /// Offset behind the newest byte.
    package var end: Int
}

extension LogReading {
    /// The newest lines there are, counted on both sides of what is missing, of at most so many bytes together. Where there
    /// are more the answer begins with a line, unless not one has room.
    package func tail(lines: Int, bytes most: Int) async throws -> LogTail {
        let end = try await offset(ofLast: 0)
        var reader = TailReader(source: self, end: end, lines: lines, most: most)
        try await reader.run()
        return LogTail(chunks: reader.chunks, end: end)
    }

    /// Where the newest lines begin; the very beginning, where fewer are kept than there were.
    package func begin(ofLast lines: Int) async throws -> Int {
        let tail = try await tail(lines: lines, bytes: 0)
        return tail.chunks.first?.gap?.lowerBound ?? tail.end
    }
}

/// Reads a log from its end on, a window at a time, until there are enough lines.
private struct TailReader {
    private static let firstWindow = 64 << 10
    private static let largestWindow = 4 << 20

    private let source: any LogReading
    private let end: Int
    private let most: Int
    /// How many lines are still wanted.
    private var left: Int
    /// Newest first, as long as the answer has room.
    private var kept: [LogChunk] = []
    /// What was looked at: where it begins, and its bytes.
    private var begin: Int
    private var size = 0
    /// Where the oldest line begins that was counted.
    private var oldest: Int
    /// The bytes from the oldest line on that the answer has room for.
    private var room: Int?

    init(source: any LogReading, end: Int, lines: Int, most: Int) {
        self.source = source
        self.end = end
        self.most = most
        left = lines
        begin = end
        oldest = end
    }

    mutating func run() async throws {
        var place = end
        var window = TailReader.firstWindow
        while left > 0, place > 0 {
            let from = max(0, place - window)
            let (pieces, missing) = try await pieces(from..<place)
            for piece in pieces.reversed() where left > 0 { look(at: piece) }
            place = from
            if left > 0, let missing { place = try await source.keptEnd(before: min(from, missing)) }
            window = min(window * 4, TailReader.largestWindow)
        }
        guard left > 0 else { return }
        if size > 0 { count(begin, size) }
        if left > 0 { oldest = 0 }
    }

    /// The answer.
    var chunks: [LogChunk] {
        var rest = room ?? min(size, most)
        var chunks: [LogChunk] = []
        for var chunk in kept where rest > 0 {
            let cut = max(0, chunk.bytes.count - rest)
            rest -= chunk.bytes.count - cut
            chunk.bytes.removeFirst(cut)
            chunk.offset += cut
            chunks.append(chunk)
        }
        chunks.reverse()
        var reached = oldest
        for index in chunks.indices {
            chunks[index].gap = reached < chunks[index].offset ? reached..<chunks[index].offset : nil
            reached = chunks[index].end
        }
        if reached < end {
            let attempt = chunks.last?.attempt ?? 0
            chunks.append(LogChunk(attempt: attempt, offset: end, gap: reached..<end))
        }
        return chunks
    }

    /// What is kept of a part of the log; where it lacks its begin also from where on that is missing, as far as is known.
    private func pieces(_ range: Range<Int>) async throws -> ([LogChunk], missing: Int?) {
        var pieces: [LogChunk] = []
        var missing: Int?
        var place = range.lowerBound
        while place < range.upperBound {
            var chunk = try await source.read(from: place)
            if place == range.lowerBound, chunk.bytes.isEmpty || chunk.offset > place {
                missing = chunk.gap?.lowerBound ?? place
            }
            guard !chunk.bytes.isEmpty, chunk.offset < range.upperBound else { break }
            if chunk.end > range.upperBound { chunk.bytes.removeLast(chunk.end - range.upperBound) }
            pieces.append(chunk)
            place = chunk.end
        }
        return (pieces, missing)
    }

    /// Counts the lines that begin in a piece in front of what was looked at, or behind what is missing between them.
    private mutating func look(at piece: LogChunk) {
        let isFollowed = size > 0 && piece.end == begin
        if size > 0, !isFollowed { count(begin, size) }
        if left == 0 { return }
        if size < most { kept.append(piece) }
        var index = piece.bytes.count
        while left > 0, let newline = piece.bytes[..<index].lastIndex(of: UInt8(ascii: "\n")) {
            index = newline
            let behind = piece.bytes.count - newline - 1
            // At the end of all, or of what is in front of something missing, no line begins.
            if behind > 0 || isFollowed { count(piece.offset + newline + 1, size + behind) }
        }
        begin = piece.offset
        size += piece.bytes.count
    }

    private mutating func count(_ line: Int, _ bytes: Int) {
        left -= 1
        oldest = line
        if bytes <= most { room = bytes }
    }
}
