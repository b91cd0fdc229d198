/// Where the bytes of a capped log go: the first half stays, of the rest the newest segments.
///
/// Offsets are logical: they count the text as if nothing had been cut.
package struct LogCap {
    /// One write. Segments to drop are removed first, so that the total never passes the limit.
    package struct Step: Equatable {
        package enum Target: Equatable {
            case head
            /// The segment that begins at this offset.
            case segment(Int64)
        }
        package var target: Target
        /// The segment does not exist yet.
        package var isNew: Bool
        package var count: Int
        package var drop: [Int64]
    }

    package struct Segment: Equatable {
        package var offset: Int64
        package var count: Int64
    }

    package struct Gap: Equatable {
        package var from: Int64
        package var to: Int64
    }

    /// Kept free for the line that says what is missing.
    package static let markerRoom: Int64 = 192
    package static let smallestMaximum: Int64 = 1024

    /// 0: not capped.
    package let maximum: Int64
    package private(set) var head: Int64 = 0
    package private(set) var segments: [Segment] = []
    /// Logical size.
    package private(set) var total: Int64 = 0
    /// Whether the head ends with a line feed. It does not when one line is longer than the head may be.
    package private(set) var headEndsLine = true
    private var isHeadFull = false

    /// - Parameter maximum: Most bytes on disk, at least 1024; 0 for any number.
    package init(maximum: Int64) {
        self.maximum = maximum <= 0 ? 0 : max(maximum, Self.smallestMaximum)
    }

    package var gap: Gap? {
        guard let first = segments.first, first.offset > head else { return nil }
        return Gap(from: head, to: first.offset)
    }

    /// Plans the next write of a text, which is cut after a line feed where one fits. Call again with what is left.
    package mutating func plan(_ text: UnsafeBufferPointer<UInt8>) -> Step {
        if maximum == 0 { return toHead(text.count) }
        if !isHeadFull {
            let room = Int(maximum / 2 - head)
            let fits = fittingCount(text, room: room, mayCutLine: head == 0)
            if fits > 0 {
                headEndsLine = text[fits - 1] == UInt8(ascii: "\n")
                return toHead(fits)
            }
            isHeadFull = true
        }
        let limit = maximum / 8
        if let last = segments.last {
            let fits = fittingCount(text, room: Int(limit - last.count), mayCutLine: false)
            if fits > 0 { return toLastSegment(fits, isNew: false) }
        }
        segments.append(Segment(offset: total, count: 0))
        return toLastSegment(fittingCount(text, room: Int(limit), mayCutLine: true), isNew: true)
    }

    /// Forgets bytes at the end that could not be written.
    package mutating func takeBack(_ count: Int64) {
        total -= count
        if segments.isEmpty { head -= count } else { segments[segments.count - 1].count -= count }
    }

    private mutating func toHead(_ count: Int) -> Step {
        head += Int64(count)
        total += Int64(count)
        return Step(target: .head, isNew: false, count: count, drop: [])
    }

    private mutating func toLastSegment(_ count: Int, isNew: Bool) -> Step {
        segments[segments.count - 1].count += Int64(count)
        total += Int64(count)
        var kept = segments.reduce(head) { $0 + $1.count }
        var drop: [Int64] = []
        while kept > maximum - Self.markerRoom, segments.count > 1 {
            let oldest = segments.removeFirst()
            kept -= oldest.count
            drop.append(oldest.offset)
        }
        return Step(target: .segment(segments[segments.count - 1].offset), isNew: isNew, count: count, drop: drop)
    }

    private func fittingCount(_ text: UnsafeBufferPointer<UInt8>, room: Int, mayCutLine: Bool) -> Int {
        if text.count <= room { return text.count }
        var end = max(room, 0)
        while end > 0, text[end - 1] != UInt8(ascii: "\n") { end -= 1 }
        return end == 0 && mayCutLine ? max(room, 0) : end
    }
}
