import CLinux
import Glibc
import Synchronization

/// The one thread that waits on all connections.
final class Poller: Sendable {
    typealias Handler = @Sendable (_ writable: Bool) -> Void

    private static let readable: UInt32 = 1
    private static let writable: UInt32 = 4

    private let epoll: Int32
    private let stopReader: Int32
    private let stopWriter: Int32
    private let handlers = Mutex<[Int32: Handler]>([:])
    private let lastWork = Mutex<(@Sendable () -> Void)?>(nil)

    /// - Throws: `SupervisionError.infrastructure` when the process has no descriptors left.
    init() throws(SupervisionError) {
        var reading: Int32 = -1
        var writing: Int32 = -1
        let epoll = hw_epoll_create()
        guard epoll >= 0, hw_pipe(&reading, &writing, 4096) == 0 else {
            throw .infrastructure("cannot wait for monitors: \(Files.reason())")
        }
        (self.epoll, stopReader, stopWriter) = (epoll, reading, writing)
        _ = hw_epoll_add(epoll, reading, Poller.readable)
        Threads.detach { self.loop() }
    }

    /// Calls `handler` on the poller's thread whenever `file` is readable or at its end.
    func watch(_ file: Int32, _ handler: @escaping Handler) {
        handlers.withLock { $0[file] = handler }
        _ = hw_epoll_add(epoll, file, Poller.readable)
    }

    /// Calls the handler also when `file` can be written to.
    func wantsToWrite(_ file: Int32, _ wants: Bool) {
        _ = hw_epoll_change(epoll, file, wants ? Poller.readable | Poller.writable : Poller.readable)
    }

    /// Ends the watch; call it before the file is closed.
    func forget(_ file: Int32) {
        _ = hw_epoll_remove(epoll, file)
        handlers.withLock { _ = $0.removeValue(forKey: file) }
    }

    deinit {
        close(stopReader)
        close(epoll)
    }

    /// Ends the thread, soon; call it once.
    /// - Parameter lastWork: Done on that thread, when no handler runs any more.
    func stop(_ lastWork: @escaping @Sendable () -> Void) {
        self.lastWork.withLock { $0 = lastWork }
        close(stopWriter)
    }

    private func loop() {
        var files = [Int32](repeating: -1, count: 16)
        var events = [UInt32](repeating: 0, count: 16)
        while true {
            let count = hw_epoll_wait(epoll, &files, &events, 16, -1)
            guard count >= 0 else { break }
            for index in 0..<Int(count) {
                if files[index] == stopReader {
                    let work = lastWork.withLock { $0.take() }
                    work?()
                    return handlers.withLock { $0.removeAll() }
                }
                let handler = handlers.withLock { $0[files[index]] }
                handler?(events[index] & Poller.writable != 0)
            }
        }
    }
}
