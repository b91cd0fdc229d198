/// Makes log lines, `<time> <LEVEL> <text>`, out of redacted text.
package struct LineAssembler: ~Copyable, TextSink {
    /// Longer lines are split.
    package static let longestLine = 65_536

    /// Finished lines, to be written and then removed.
    package var output = ByteBuffer(capacity: 1 << 16)
    private var pending = ByteBuffer(capacity: 256)
    private let level: Bytes
    private var prefix: Bytes = []
    private var prefixTime: Int64 = -1

    package init(level: StaticString) {
        self.level = Bytes(level)
    }

    package init(level: Bytes) {
        self.level = level
    }

    /// Sets the time that lines completed from now on carry, in milliseconds since 1970.
    package mutating func setTime(_ milliseconds: Int64) {
        guard milliseconds != prefixTime else { return }
        prefixTime = milliseconds
        prefix.removeAll(keepingCapacity: true)
        prefix.append(timestamp: milliseconds)
        prefix.append(UInt8(ascii: " "))
        prefix.append(contentsOf: level)
        prefix.append(UInt8(ascii: " "))
    }

    package mutating func text(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard var rest = bytes.baseAddress else { return }
        let end = rest + bytes.count
        let plain = isPlain(bytes)
        while rest < end {
            let stop = firstLineFeed(rest, end)
            let part = UnsafeBufferPointer(start: rest, count: stop - rest)
            if stop == end {
                pending.append(rest, part.count)
                splitPending()
                return
            }
            if pending.count == 0, part.count <= Self.longestLine {
                emit(part, isPlain: plain)
            } else {
                pending.append(rest, part.count)
                finishLine()
            }
            rest = stop + 1
        }
    }

    package mutating func redacted() {
        // The placeholder is never cut in two.
        if pending.count + placeholder.count > Self.longestLine { emitPending(pending.count) }
        pending.append(placeholder)
    }

    /// Ends a line that has no line feed.
    package mutating func finish() {
        if pending.count > 0 { finishLine() }
    }

    private mutating func finishLine() {
        splitPending()
        emitPending(pending.count)
    }

    /// Takes lines off the begin of what is pending until the rest is no longer too long for one.
    private mutating func splitPending() {
        while true {
            var length = pending.count
            // A carriage return counts only if no line feed follows it.
            if length > 0, pending.base[length - 1] == UInt8(ascii: "\r") { length -= 1 }
            guard length > Self.longestLine else { return }
            emitPending(characterBoundary(before: Self.longestLine))
        }
    }

    /// The last position at or before a limit where a character begins.
    private func characterBoundary(before limit: Int) -> Int {
        var position = limit
        while position > limit - 4, pending.base[position] & 0xC0 == 0x80 { position -= 1 }
        return pending.base[position] & 0xC0 == 0x80 ? limit : position
    }

    private mutating func emitPending(_ length: Int) {
        let text = UnsafeBufferPointer(start: UnsafePointer(pending.base), count: length)
        emit(text, isPlain: isPlain(text))
        pending.removeFirst(length)
    }

    @inline(__always)
    private mutating func emit(_ line: UnsafeBufferPointer<UInt8>, isPlain: Bool) {
        output.reserve(prefix.count + line.count + 1)
        output.append(prefix)
        if isPlain, let base = line.baseAddress {
            output.append(base, line.count)
        } else if line.last == UInt8(ascii: "\r") {
            output.append(repaired: UnsafeBufferPointer(rebasing: line.dropLast()))
        } else {
            output.append(repaired: line)
        }
        output.append(UInt8(ascii: "\n"))
    }
}

/// The first line feed, or the end: sixteen bytes at a time.
@inline(__always)
private func firstLineFeed(_ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) -> UnsafePointer<UInt8> {
    let lineFeeds = SIMD16<UInt8>(repeating: UInt8(ascii: "\n"))
    var position = start
    while position + 16 <= end {
        let block = UnsafeRawPointer(position).loadUnaligned(as: SIMD16<UInt8>.self)
        let found = SIMD16<UInt8>(repeating: 0).replacing(with: 0xFF, where: block .== lineFeeds)
        let halves = unsafeBitCast(found, to: SIMD2<UInt64>.self)
        if halves[0] != 0 { return position + halves[0].littleEndian.trailingZeroBitCount >> 3 }
        if halves[1] != 0 { return position + 8 + halves[1].littleEndian.trailingZeroBitCount >> 3 }
        position += 16
    }
    while position < end, position.pointee != UInt8(ascii: "\n") { position += 1 }
    return position
}
