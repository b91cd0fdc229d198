import Glibc

/// Small text files that only the owner reads.
enum SmallFile {
    /// - Returns: nil when there is no such file.
    static func read(_ path: String) throws(WorkerError) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            if errno == ENOENT { return nil }
            throw WorkerError("\(path): \(String(cString: strerror(errno)))")
        }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = Glibc.read(file, &bytes, bytes.count)
        guard count >= 0 else { throw WorkerError("\(path): \(String(cString: strerror(errno)))") }
        return String(decoding: bytes[..<count], as: UTF8.self)
    }

    /// The whole content of a file.
    static func bytes(_ path: String) throws(WorkerError) -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw WorkerError("\(path): \(String(cString: strerror(errno)))") }
        defer { close(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = Glibc.read(file, &buffer, buffer.count)
            guard count >= 0 else { throw WorkerError("\(path): \(String(cString: strerror(errno)))") }
            if count == 0 { return bytes }
            bytes += buffer[..<count]
        }
    }

    /// Writes the file whole or not at all, mode 0600.
    static func write(_ text: String, to path: String) throws(WorkerError) {
        let fresh = "\(path).new"
        let file = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw WorkerError("\(fresh): \(String(cString: strerror(errno)))") }
        let count = Glibc.write(file, text, text.utf8.count)
        close(file)
        guard count == text.utf8.count, rename(fresh, path) == 0 else {
            throw WorkerError("\(path): \(String(cString: strerror(errno)))")
        }
    }
}

extension String {
    /// Without white space at its ends.
    var trimmed: String {
        let start = drop { $0.isWhitespace }
        let end = start.lastIndex { !$0.isWhitespace }
        return end.map { String(start[...$0]) } ?? ""
    }
}
