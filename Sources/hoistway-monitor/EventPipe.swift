import CLinux

/// The recipe's event descriptor, read line by line.
final class EventPipe {
    private(set) var fd: Int32 = -1
    private var unread: Bytes = []
    /// Within a line that was too long, and is passed on as text in pieces.
    private var isOverlong = false
    private let room = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 1 << 16)

    enum Line {
        case event(Bytes)
        /// Of a line that is longer than an event may be.
        case piece(Bytes)
    }

    deinit { room.deallocate() }

    func open(_ fd: Int32) {
        self.fd = fd
    }

    /// Reads what waits. `isEnd` tells that no writer is left.
    func read(isEnd: inout Bool) -> [Line] {
        var lines: [Line] = []
        while fd >= 0 {
            let count = hw_read(fd, room.baseAddress, room.count)
            if count == 0 { isEnd = true }
            guard count > 0 else { break }
            split(Int(count), into: &lines)
            if count < room.count { break }
        }
        return lines
    }

    /// A last line without a line feed.
    func rest() -> Line? {
        guard !unread.isEmpty else { return nil }
        defer { unread = [] }
        return isOverlong ? .piece(unread) : .event(unread)
    }

    private func split(_ count: Int, into lines: inout [Line]) {
        var start = 0
        while start < count {
            let end = room[start..<count].firstIndex(of: UInt8(ascii: "\n")) ?? count
            unread.append(contentsOf: room[start..<end])
            if end < count {
                lines.append(isOverlong ? .piece(unread) : .event(unread))
                unread = []
                isOverlong = false
            } else if unread.count > EventLine.longest {
                lines.append(.piece(unread))
                unread = []
                isOverlong = true
            }
            start = end + 1
        }
    }

    func close() {
        guard fd >= 0 else { return }
        _ = hw_close(fd)
        fd = -1
    }
}
