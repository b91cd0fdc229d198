import CLinux

/// One of the recipe's outputs on its way to the log.
final class OutputStream {
    private static let readSize = 1 << 18

    /// The reading end; -1 when it is closed.
    private(set) var fd: Int32 = -1
    private var redactor = Redactor(capacity: readSize)
    private var lines: LineAssembler

    init(level: StaticString) {
        lines = LineAssembler(level: level)
    }

    /// Reads from another pipe from now on.
    func open(_ fd: Int32) {
        self.fd = fd
    }

    /// Reads once: bytes read, 0 at the end, negative when nothing waits.
    func read(atMost limit: Int = readSize) -> Int {
        let size = min(limit, Self.readSize)
        redactor.buffer.reserve(size)
        let count = Int(hw_read(fd, redactor.buffer.base + redactor.buffer.count, size))
        if count > 0 { redactor.buffer.grow(by: count) }
        return count
    }

    /// Passes what was read to the log.
    func flush(_ needles: Needles, time: Int64, isEnd: Bool, to log: LogFile) {
        lines.setTime(time)
        redactor.drain(needles, isEnd: isEnd, to: &lines)
        if isEnd { lines.finish() }
        log.write(lines.output.bytes)
        lines.output.removeAll()
    }

    func close() {
        guard fd >= 0 else { return }
        _ = hw_close(fd)
        fd = -1
    }
}
