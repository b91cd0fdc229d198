import Glibc

/// Keeps a second `up` off a data folder, until it is released or the process ends.
struct UpLock: ~Copyable {
    private let file: Int32

    /// Makes the folder where there is none.
    /// - Throws: `CommandFailure` that names the process which has it.
    init(data: String) throws(CommandFailure) {
        do throws(SystemFile.Failure) {
            try SystemFile.makeFolder(data)
        } catch {
            throw CommandFailure(.failed, "\(data): \(error.reason); choose another folder with --data")
        }
        let path = "\(data)/up.lock"
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else {
            let reason = String(cString: strerror(errno))
            throw CommandFailure(.failed, "\(path): \(reason); choose another folder with --data")
        }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            let holder = String(decoding: (SystemFile.readAll(file) ?? []).prefix { $0 > 0x20 }, as: UTF8.self)
            close(file)
            let process = holder.isEmpty ? "" : " (process \(holder))"
            throw CommandFailure(
                .failed,
                "another \"hoistway up\"\(process) runs on \(data); stop it, or use another --data"
            )
        }
        ftruncate(file, 0)
        let text = "\(getpid())\n"
        write(file, text, text.utf8.count)
        self.file = file
    }

    consuming func release() {}

    deinit { close(file) }
}
