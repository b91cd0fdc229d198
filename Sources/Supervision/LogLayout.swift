import Glibc
import HoistwayModel

/// Which file holds which logical bytes of a log.
struct LogLayout {
    struct Piece {
        var path: String
        /// Logical offset of its first byte.
        var start: Int
        /// Where that byte lies in the file.
        var position: Int
        var count: Int
        /// Logical offset from which on nothing is missing up to this piece.
        var contiguousStart: Int

        var end: Int { start + count }
    }

    private(set) var pieces: [Piece] = []

    var size: Int { pieces.last?.end ?? 0 }

    /// What is missing between the head and the rest.
    var gap: Range<Int>? {
        guard let index = pieces.indices.dropFirst().first(where: { pieces[$0].start > pieces[$0 - 1].end }) else {
            return nil
        }
        return pieces[index - 1].end..<pieces[index].start
    }

    mutating func append(_ path: String, start: Int, position: Int = 0, count: Int) {
        guard count > 0 else { return }
        let continues = pieces.last.flatMap { $0.end == start ? $0.contiguousStart : nil }
        pieces.append(
            Piece(path: path, start: start, position: position, count: count, contiguousStart: continues ?? start)
        )
    }
}

extension AttemptLog {
    struct Segment {
        var path: String
        var offset: Int
    }

    /// Microseconds.
    private static let finishingPause: useconds_t = 2000
    private static let finishingTries = 500
    /// A full head is less than this short of its half of the limit: the longest line, replaced characters included.
    private static let longestLine = 512 << 10

    func layout() -> LogLayout {
        for _ in 0..<AttemptLog.finishingTries {
            if let layout = finishedLayout() ?? runningLayout() { return layout }
            guard Settlement.isHeld(folder) else { break }
            usleep(AttemptLog.finishingPause)
        }
        return finishedLayout() ?? runningLayout(assumesFinishing: false) ?? LogLayout()
    }

    /// The pieces of a capped log that is still written, oldest first.
    func segments() -> [Segment] {
        guard let parent = Files.parent(of: path) else { return [] }
        let prefix = "\(path.dropFirst(parent.utf8.count + 1)).tail."
        return Files.entries(of: parent)
            .compactMap { name in
                guard name.hasPrefix(prefix), let offset = Int(name.dropFirst(prefix.utf8.count)) else { return nil }
                return Segment(path: "\(parent)/\(name)", offset: offset)
            }
            .sorted { $0.offset < $1.offset }
    }

    private func finishedLayout() -> LogLayout? {
        guard let exit = Journal.exit(in: folder) else { return nil }
        var layout = LogLayout()
        let size = Files.size(path) ?? 0
        guard let gap = exit.logGap else {
            layout.append(path, start: 0, count: size)
            return layout
        }
        let position = gap.range.lowerBound + gap.marker
        layout.append(path, start: 0, count: min(size, gap.range.lowerBound))
        layout.append(path, start: gap.range.upperBound, position: position, count: size - position)
        return layout
    }

    /// `nil` while the monitor puts the pieces together behind the head, which is never more than half of the limit.
    private func runningLayout(assumesFinishing: Bool = true) -> LogLayout? {
        var layout = LogLayout()
        let size = Files.size(path) ?? 0
        let half = max(maxBytes, 1024) / 2
        if maxBytes > 0, size > half, assumesFinishing { return nil }
        let mayBeCapped = maxBytes > 0 && size + AttemptLog.longestLine > half
        let segments = mayBeCapped ? segments() : []
        if segments.isEmpty {
            layout.append(path, start: 0, count: size)
            return layout
        }
        layout.append(path, start: 0, count: min(size, half, segments[0].offset))
        for segment in segments {
            layout.append(segment.path, start: segment.offset, count: Files.size(segment.path) ?? 0)
        }
        return layout
    }
}
