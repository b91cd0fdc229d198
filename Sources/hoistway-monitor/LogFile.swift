import CLinux

/// The log on disk: the file `log`, and segments beside it while the log is capped.
final class LogFile {
    private let path: Bytes
    private let fd: Int32
    private var cap: LogCap
    private var segment: Int32 = -1
    /// errno of the write that failed; nothing is written after it.
    private(set) var failure: Int32 = 0
    private(set) var gap: LogCap.Gap?
    private(set) var marker: Int64 = 0

    /// Nil, and `error` set, when the file cannot be opened.
    init?(_ path: Bytes, maximum: Int64, error: inout Int32) {
        fd = hw_open_create(-1, path.c, 1)
        self.path = path
        cap = LogCap(maximum: maximum)
        guard fd >= 0 else {
            error = -fd
            return nil
        }
    }

    deinit { if fd >= 0 { _ = hw_close(fd) } }

    var logicalSize: Int64 { cap.total }

    func write(_ text: UnsafeBufferPointer<UInt8>) {
        var rest = text
        while rest.count > 0, failure == 0 {
            let step = cap.plan(rest)
            for offset in step.drop { _ = hw_unlink(-1, segmentPath(offset).c) }
            write(UnsafeBufferPointer(rebasing: rest[..<step.count]), to: target(of: step))
            rest = UnsafeBufferPointer(rebasing: rest[step.count...])
        }
    }

    private func target(of step: LogCap.Step) -> Int32 {
        guard case .segment(let offset) = step.target else { return fd }
        if step.isNew {
            if segment >= 0 { _ = hw_close(segment) }
            segment = hw_open_create(-1, segmentPath(offset).c, 1)
        }
        return segment
    }

    private func write(_ text: UnsafeBufferPointer<UInt8>, to target: Int32) {
        var written = 0
        var error = target < 0 ? -target : 0
        while written < text.count, error == 0, let base = text.baseAddress {
            let count = hw_write(target, base + written, text.count - written)
            if count < 0 { error = Int32(-count) } else { written += Int(count) }
        }
        guard error != 0 else { return }
        failure = error
        // What is left of a line that was cut is taken back, so that the file ends with a whole line.
        var whole = written
        while whole > 0, text[whole - 1] != UInt8(ascii: "\n") { whole -= 1 }
        if target >= 0, whole < written {
            _ = hw_truncate(target, hw_file_size(target) - Int64(written - whole))
        }
        cap.takeBack(Int64(text.count - whole))
    }

    /// Puts the segments behind the head, with a line between that says what is missing.
    func finish(time: Int64) {
        guard !cap.segments.isEmpty else { return }
        gap = cap.gap
        if let gap { append(markerLine(gap, time)) }
        for segment in cap.segments {
            let path = segmentPath(segment.offset)
            append(fileAt: path)
            _ = hw_unlink(-1, path.c)
        }
    }

    private func markerLine(_ gap: LogCap.Gap, _ time: Int64) -> Bytes {
        var line: Bytes = []
        // A head without a line feed holds one line that is longer than half the limit.
        if cap.head > 0, !cap.headEndsLine { line.append(UInt8(ascii: "\n")) }
        line.append(timestamp: time)
        line.append(" WARN ")
        line.append(decimal: gap.to - gap.from)
        line.append(" bytes are missing here: the log is capped at ")
        line.append(decimal: cap.maximum)
        line.append(" bytes\n")
        marker = Int64(line.count)
        return line
    }

    private func append(_ bytes: Bytes) {
        let result = writeAll(fd, bytes)
        if result < 0, failure == 0 { failure = -result }
    }

    private func append(fileAt path: Bytes) {
        let source = hw_open_read(-1, path.c)
        guard source >= 0 else { return }
        defer { _ = hw_close(source) }
        let capacity = 1 << 18
        let room = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
        defer { room.deallocate() }
        while true {
            let count = hw_read(source, room, capacity)
            guard count > 0 else { return }
            append(Bytes(UnsafeBufferPointer(start: room, count: Int(count))))
        }
    }

    /// Gives space back so that the record of the end can be written.
    func sacrificeEnd(_ count: Int64) {
        let size = hw_file_size(fd)
        let taken = min(count, size)
        guard taken > 0, hw_truncate(fd, size - taken) == 0 else { return }
        cap.takeBack(taken)
    }

    private func segmentPath(_ offset: Int64) -> Bytes {
        var result = path
        result.append(".tail.")
        result.append(decimal: offset)
        return result
    }
}
