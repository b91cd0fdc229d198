import CLinux

/// The file in which a monitor notes how far it came, a JSON line each; its lock is the proof that the monitor lives.
///
/// A line is there whole or does not count: its line feed is its end.
struct Journal {
    private let fd: Int32

    /// Nil, and `error` set, when the file cannot be opened.
    init?(folder: Int32, error: inout Int32) {
        fd = hw_open_create(folder, c("monitor.jsonl"), 1)
        guard fd >= 0 else {
            error = -fd
            return nil
        }
    }

    /// Whether the lock is ours, for as long as this process lives.
    func lock() -> Bool { hw_lock(fd) == 0 }

    /// Appends a line: 0 or a negative errno, and then nothing of it is left.
    func append(_ line: Bytes) -> Int32 {
        let size = hw_file_size(fd)
        let written = writeAll(fd, line)
        if written < 0, size >= 0 { _ = hw_truncate(fd, size) }
        return written
    }
}
