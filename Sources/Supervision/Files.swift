import Glibc

let newline = UInt8(ascii: "\n")

/// Small file operations without Foundation. Files are made 0600 and folders 0700 unless told otherwise.
enum Files {
    /// The reason of the last failed call, for people.
    static func reason(_ code: Int32 = errno) -> String { String(cString: strerror(code)) }

    /// Makes or replaces a file.
    /// - Throws: `SupervisionError.infrastructure` that names the file and the reason.
    static func write(_ bytes: [UInt8], to path: String, mode: mode_t = 0o600) throws(SupervisionError) {
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode)
        guard file >= 0 else { throw .infrastructure("\(path): \(reason())") }
        defer { close(file) }
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(file, $0.baseAddress?.advanced(by: written), $0.count - written)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .infrastructure("\(path): \(reason())") }
            written += count
        }
    }

    /// The whole content, `nil` when there is no such file or it cannot be read.
    static func read(_ path: String) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        return read(file)
    }

    /// Everything from the file's position on; works for files of `/proc`, whose size is 0.
    static func read(_ file: Int32) -> [UInt8]? {
        var bytes: [UInt8] = []
        var capacity = 4096
        while true {
            let start = bytes.count
            var failed = false
            bytes.append(
                contentsOf: [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
                    let got = Glibc.read(file, buffer.baseAddress, buffer.count)
                    count = max(0, got)
                    failed = got < 0
                }
            )
            if failed, errno == EINTR { continue }
            if failed { return nil }
            if bytes.count == start { return bytes }
            capacity = min(capacity * 4, 1 << 20)
        }
    }

    /// Up to `count` bytes at `offset`; fewer only at the end of the file.
    /// - Returns: `nil` when the read fails.
    static func read(_ file: Int32, at offset: Int, count: Int) -> [UInt8]? {
        var failed = false
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            filled = 0
            while filled < count {
                let got = pread(file, buffer.baseAddress?.advanced(by: filled), count - filled, off_t(offset + filled))
                if got < 0, errno == EINTR { continue }
                failed = got < 0
                if got <= 0 { break }
                filled += got
            }
        }
        return failed ? nil : bytes
    }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// Size in bytes, `nil` when there is no such file.
    static func size(_ path: String) -> Int? {
        var status = stat()
        return lstat(path, &status) == 0 ? Int(status.st_size) : nil
    }

    /// Makes a folder; one that is there is fine.
    static func makeFolder(_ path: String, mode: mode_t = 0o700) throws(SupervisionError) {
        if mkdir(path, mode) == 0 || errno == EEXIST { return }
        throw .infrastructure("\(path): \(reason())")
    }

    /// Makes a folder and those above it that are missing.
    static func makeFolders(_ path: String, mode: mode_t = 0o700) throws(SupervisionError) {
        if mkdir(path, mode) == 0 || errno == EEXIST { return }
        let code = errno
        guard code == ENOENT, let parent = parent(of: path), !parent.isEmpty else {
            throw .infrastructure("\(path): \(reason(code))")
        }
        try makeFolders(parent, mode: mode)
        try makeFolder(path, mode: mode)
    }

    /// The path up to its last slash, `nil` when it has none.
    static func parent(of path: String) -> String? {
        path.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(path[..<$0]) }
    }

    /// Names in a folder without `.` and `..`; empty when it cannot be read.
    static func entries(of path: String) -> [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = name(of: entry)
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// Whether it is a folder that can be read and has nothing in it.
    static func isEmptyFolder(_ path: String) -> Bool {
        guard let folder = opendir(path) else { return false }
        defer { closedir(folder) }
        while let entry = readdir(folder) {
            let name = name(of: entry)
            if name != ".", name != ".." { return false }
        }
        return true
    }

    static func name(of entry: UnsafeMutablePointer<dirent>) -> String {
        withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: $0.pointee)) {
                String(cString: $0)
            }
        }
    }
}
