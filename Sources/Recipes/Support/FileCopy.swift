import Glibc

/// Copies a tree: folders, files with their modes and links as links; sockets and devices are left out.
enum FileCopy {
    /// - Parameters:
    ///   - names: Entries that are left out wherever they stand, for instance `.git`.
    static func copyTree(_ source: String, to target: String, leavingOut names: Set<String>) throws(RecipeFailure) {
        guard let status = Files.status(source) else { throw Files.failure("read", source) }
        guard mkdir(target, 0o700) == 0 else { throw Files.failure("make the folder", target) }
        for name in Files.list(source) where !names.contains(name) {
            let from = source + "/" + name
            let to = target + "/" + name
            guard let entry = Files.status(from) else { throw Files.failure("read", from) }
            if entry.isDirectory {
                try copyTree(from, to: to, leavingOut: names)
            } else if entry.isSymbolicLink {
                guard let link = Files.readLink(from), symlink(link, to) == 0 else {
                    throw Files.failure("copy the link", from)
                }
            } else if entry.isRegularFile {
                try copyFile(from, to: to, status: entry)
            }
        }
        chmod(target, status.st_mode & 0o7777)
    }

    private static func copyFile(_ source: String, to target: String, status: stat) throws(RecipeFailure) {
        let input = open(source, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard input >= 0 else { throw Files.failure("read", source) }
        defer { close(input) }
        let output = open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard output >= 0 else { throw Files.failure("write", target) }
        defer { close(output) }
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = read(input, &buffer, buffer.count)
            if count == 0 { break }
            guard count > 0 else {
                if errno == EINTR { continue }
                throw Files.failure("read", source)
            }
            var offset = 0
            while offset < count {
                let written = buffer[offset..<count].withUnsafeBytes { write(output, $0.baseAddress, $0.count) }
                guard written >= 0 else {
                    if errno == EINTR { continue }
                    throw Files.failure("write", target)
                }
                offset += written
            }
        }
        var times = [status.st_atim, status.st_mtim]
        futimens(output, &times)
        fchmod(output, status.st_mode & 0o777)
    }
}
