import CLinux

/// A worker that listens. It is never waited for.
final class Connection {
    private static let longestBacklog = 1 << 20
    private static let longestLine = 1 << 16

    let fd: Int32
    private let epoll: Int32
    private var unsent: Bytes = []
    private var unread: Bytes = []
    private(set) var isOpen = true
    private var waitsToWrite = false

    init(_ fd: Int32, epoll: Int32) {
        self.fd = fd
        self.epoll = epoll
        _ = hw_epoll_add(epoll, fd, 1)
    }

    /// - Parameter isTick: Worth nothing once a newer one follows; dropped when the worker is behind.
    func send(_ line: Bytes, isTick: Bool = false) {
        guard isOpen, !(isTick && !unsent.isEmpty) else { return }
        let hadBacklog = !unsent.isEmpty
        unsent.append(contentsOf: line)
        if !hadBacklog { flush() }
        if unsent.count > Self.longestBacklog { close() }
    }

    func flush() {
        guard isOpen else { return }
        let sent = unsent.withUnsafeBufferPointer { hw_send(fd, $0.baseAddress, $0.count) }
        if sent > 0 { unsent.removeFirst(Int(sent)) }
        if sent < 0, sent != -Int64(hw_eagain()) { return close() }
        guard waitsToWrite == unsent.isEmpty else { return }
        waitsToWrite = !unsent.isEmpty
        _ = hw_epoll_change(epoll, fd, waitsToWrite ? 5 : 1)
    }

    /// Reads what came: whole lines.
    func receive() -> [Bytes] {
        var room = [UInt8](repeating: 0, count: 4096)
        let count = room.withUnsafeMutableBufferPointer { hw_receive(fd, $0.baseAddress, $0.count) }
        if count == 0 || count < 0 && count != -Int64(hw_eagain()) { close() }
        guard count > 0 else { return [] }
        unread.append(contentsOf: room[..<Int(count)])
        var lines = unread.lines
        unread = lines.removeLast()
        if unread.count > Self.longestLine { close() }
        return lines
    }

    func close() {
        guard isOpen else { return }
        isOpen = false
        _ = hw_epoll_remove(epoll, fd)
        _ = hw_close(fd)
    }
}
