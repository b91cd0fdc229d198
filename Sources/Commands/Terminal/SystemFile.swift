import Glibc

/// Small files, read and written whole.
enum SystemFile {
    struct Failure: Error {
        var code: Int32
        var reason: String { String(cString: strerror(code)) }
        var isMissing: Bool { code == ENOENT || code == ENOTDIR }
    }

    static func read(_ path: String) throws(Failure) -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw Failure(code: errno) }
        defer { close(file) }
        guard let bytes = readAll(file) else { throw Failure(code: errno) }
        return bytes
    }

    /// `nil` when reading fails; `errno` says why.
    static func readAll(_ file: Int32) -> [UInt8]? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = Glibc.read(file, &buffer, buffer.count)
            if count == 0 { return bytes }
            if count > 0 {
                bytes += buffer[..<count]
            } else if errno != EINTR {
                return nil
            }
        }
    }

    /// Replaces a file as a whole, readable for its owner alone.
    static func write(_ text: String, to path: String) throws(Failure) {
        let temporary = "\(path).new"
        unlink(temporary)
        let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw Failure(code: errno) }
        let isWritten = Array(text.utf8).withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) == $0.count }
        let code = errno
        close(file)
        guard isWritten else { throw Failure(code: code) }
        guard rename(temporary, path) == 0 else { throw Failure(code: errno) }
    }

    /// Makes a folder and those above it, for its owner alone.
    static func makeFolder(_ path: String) throws(Failure) {
        var current = ""
        for part in path.split(separator: "/") {
            current += "/\(part)"
            if mkdir(current, 0o700) != 0, errno != EEXIST { throw Failure(code: errno) }
        }
    }

    /// What lies in a folder; nothing where that cannot be read.
    static func names(in folder: String) -> [String] {
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            names.append(name)
        }
        return names
    }

    /// What a symbolic link means; nil where there is none.
    static func target(of link: String) -> String? {
        var path = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink(link, &path, path.count)
        return count > 0 ? String(decoding: path[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self) : nil
    }

    /// The first executable of this name in the folders of a search path.
    static func find(_ name: String, in searchPath: String) -> String? {
        for folder in searchPath.split(separator: ":") where folder.hasPrefix("/") {
            let path = "\(folder)/\(name)"
            if access(path, X_OK) == 0 { return path }
        }
        return nil
    }
}
