import Glibc

/// Files and folders, with errors that say which path and why.
enum Files {
    static func failure(_ action: String, _ path: String, code: Int32 = errno) -> RecipeFailure {
        RecipeFailure(code: "file_error", message: "cannot \(action) \(path): \(String(cString: strerror(code)))")
    }

    static func currentDirectory() -> String {
        guard let text = getcwd(nil, 0) else { return "/" }
        defer { free(text) }
        return String(cString: text)
    }

    /// The file this process runs from; one replaced meanwhile is its successor of the same name.
    static func executablePath() -> String {
        let path = readLink("/proc/self/exe") ?? "/proc/self/exe"
        let deleted = " (deleted)"
        return path.hasSuffix(deleted) ? String(path.dropLast(deleted.count)) : path
    }

    static func readLink(_ path: String) -> String? {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = buffer.withUnsafeMutableBytes { bytes -> Int in
            let text = bytes.assumingMemoryBound(to: CChar.self)
            return text.baseAddress.map { readlink(path, $0, text.count) } ?? -1
        }
        return count < 0 ? nil : String(decoding: buffer[..<count], as: UTF8.self)
    }

    /// The path without symbolic links, `nil` when it does not exist.
    static func resolve(_ path: String) -> String? {
        guard let text = realpath(path, nil) else { return nil }
        defer { free(text) }
        return String(cString: text)
    }

    /// The status of the path itself, also when it is a symbolic link.
    static func status(_ path: String) -> stat? {
        var status = stat()
        return lstat(path, &status) == 0 ? status : nil
    }

    static func exists(_ path: String) -> Bool { status(path) != nil }

    static func isDirectory(_ path: String) -> Bool {
        guard let resolved = resolve(path), let status = status(resolved) else { return false }
        return status.isDirectory
    }

    static func read(_ path: String) throws(RecipeFailure) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("read", path) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count == 0 { return bytes }
            guard count > 0 else {
                if errno == EINTR { continue }
                throw failure("read", path)
            }
            bytes.append(contentsOf: buffer[..<count])
        }
    }

    /// Writes a new file that appears whole: beside its place first, then renamed onto it.
    static func write(_ text: String, to path: String, mode: mode_t) throws(RecipeFailure) {
        let partial = path + ".partial"
        unlink(partial)
        let descriptor = open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw failure("write", path) }
        let bytes = Array(text.utf8)
        var offset = 0
        while offset < bytes.count {
            let count = bytes[offset...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count >= 0 else {
                let code = errno
                if code == EINTR { continue }
                close(descriptor)
                throw failure("write", path, code: code)
            }
            offset += count
        }
        fchmod(descriptor, mode)
        close(descriptor)
        try rename(partial, path)
    }

    static func rename(_ path: String, _ target: String) throws(RecipeFailure) {
        guard Glibc.rename(path, target) == 0 else { throw failure("rename \(path) to", target) }
    }

    /// Makes the folder and those above it.
    static func makeDirectory(_ path: String) throws(RecipeFailure) {
        if isDirectory(path) { return }
        if let slash = path.lastIndex(of: "/"), slash != path.startIndex {
            try makeDirectory(String(path[..<slash]))
        }
        guard mkdir(path, 0o755) == 0 || errno == EEXIST else { throw failure("make the folder", path) }
    }

    /// The names in a folder, sorted; none when there is no such folder.
    static func list(_ path: String) -> [String] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Removes a file, or a folder with everything in it; links are removed, not followed.
    static func remove(_ path: String) throws(RecipeFailure) {
        guard let status = status(path) else { return }
        guard status.isDirectory else {
            guard unlink(path) == 0 || errno == ENOENT else { throw failure("remove", path) }
            return
        }
        // A build may leave folders that it may not write to itself.
        if status.st_mode & 0o700 != 0o700 { chmod(path, status.st_mode | 0o700) }
        for name in list(path) { try remove(path + "/" + name) }
        guard rmdir(path) == 0 || errno == ENOENT else { throw failure("remove", path) }
    }
}

extension stat {
    var isDirectory: Bool { st_mode & S_IFMT == S_IFDIR }
    var isSymbolicLink: Bool { st_mode & S_IFMT == S_IFLNK }
    var isRegularFile: Bool { st_mode & S_IFMT == S_IFREG }
}
