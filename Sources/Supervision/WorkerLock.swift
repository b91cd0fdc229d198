import CLinux
import Glibc

/// Keeps a second worker off a data folder, for as long as it lives.
struct WorkerLock: ~Copyable {
    private let file: Int32

    /// - Throws: `SupervisionError.inUse` naming the holder, `.infrastructure` when the file cannot be made.
    init(data: String, workerID: String) throws(SupervisionError) {
        let path = "\(data)/worker.lock"
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { throw .infrastructure("\(path): \(Files.reason())") }
        guard hw_lock(file) == 0 else {
            let fields = String(decoding: Files.read(file) ?? [], as: UTF8.self).split(whereSeparator: \.isWhitespace)
            close(file)
            let holder = fields.count == 2 ? "worker \(fields[1]) (process \(fields[0]))" : "another worker"
            throw .inUse(data: data, by: holder)
        }
        ftruncate(file, 0)
        let text = "\(getpid()) \(workerID)\n"
        write(file, text, text.utf8.count)
        self.file = file
    }

    deinit {
        ftruncate(file, 0)
        // Closing is not enough while a process that is just being forked has a copy.
        _ = hw_unlock(file)
        close(file)
    }
}
