import Glibc

/// Keeps a second `up` off a data folder, until it is released or the process ends.
struct UpLock: ~Copyable {
    private static let name = "up.lock"

    private let file: Int32

    /// Makes the folder where there is none.
    /// - Throws: `CommandFailure` that names the process which has it.
    init(data: String) throws(CommandFailure) {
        do throws(SystemFile.Failure) {
            try SystemFile.makeFolder(data)
        } catch {
            throw CommandFailure(.failed, "\(data): \(error.reason); choose another folder with --data")
        }
        let path = "\(data)/\(UpLock.name)"
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

    /// The data folders of every `up` of this user that runs: whoever has the lock has its file open.
    static func held() -> [String] {
        var folders: Set<String> = []
        for pid in entries(of: "/proc") where pid.first?.isNumber == true {
            var status = stat()
            guard stat("/proc/\(pid)", &status) == 0, status.st_uid == getuid(),
                let words = try? SystemFile.read("/proc/\(pid)/cmdline").split(separator: 0),
                words.contains(Array("up".utf8)[...])
            else { continue }
            for file in entries(of: "/proc/\(pid)/fd") {
                if let path = target(of: "/proc/\(pid)/fd/\(file)"), path.hasSuffix("/\(name)") {
                    folders.insert(String(path.dropLast(name.utf8.count + 1)))
                }
            }
        }
        return folders.sorted()
    }

    private static func entries(of folder: String) -> [String] {
        guard let listing = opendir(folder) else { return [] }
        defer { closedir(listing) }
        var names: [String] = []
        while let entry = readdir(listing) {
            names.append(
                withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                    pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
            )
        }
        return names
    }

    private static func target(of link: String) -> String? {
        var bytes = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = bytes.withUnsafeMutableBytes { buffer in
            buffer.withMemoryRebound(to: CChar.self) { text in
                text.baseAddress.map { readlink(link, $0, text.count) } ?? 0
            }
        }
        return count > 0 ? String(decoding: bytes[..<count], as: UTF8.self) : nil
    }

    deinit { close(file) }
}
