import Glibc

extension Files {
    /// Removes a file or folder with all in it and never follows a link. What is gone already is fine.
    /// - Returns: Whether nothing is left.
    @discardableResult
    static func removeTree(_ path: String) -> Bool {
        if unlink(path) == 0 || errno == ENOENT { return true }
        if rmdir(path) == 0 { return true }
        // What lies too deep for one open folder per level is moved up to here, so rounds end when one moved nothing.
        var moved = 0
        while true {
            let top = openFolder(AT_FDCWD, path)
            guard top >= 0 else { return false }
            var removal = TreeRemoval(top: top, moved: moved)
            removal.empty(top, depth: 0)
            close(top)
            if removal.moved == moved { break }
            moved = removal.moved
        }
        return rmdir(path) == 0 || errno == ENOENT
    }

    fileprivate static func openFolder(_ parent: Int32, _ name: String) -> Int32 {
        openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    }
}

private struct TreeRemoval {
    static let maximumDepth = 32

    let top: Int32
    /// Over all rounds, so that the names made from it are unique.
    var moved: Int

    /// Removes all entries of an open folder as far as that is allowed.
    mutating func empty(_ folder: Int32, depth: Int) {
        guard let listing = fdopendir(fcntl(folder, F_DUPFD_CLOEXEC, 0)) else { return }
        defer { closedir(listing) }
        while let entry = readdir(listing) {
            let name = Files.name(of: entry)
            if name == "." || name == ".." { continue }
            if unlinkat(folder, name, 0) == 0 || unlinkat(folder, name, AT_REMOVEDIR) == 0 { continue }
            remove(name, in: folder, depth: depth)
        }
    }

    private mutating func remove(_ name: String, in folder: Int32, depth: Int) {
        if depth >= TreeRemoval.maximumDepth {
            if renameat(folder, name, top, ".removing-\(getpid())-\(moved)") == 0 { moved += 1 }
            return
        }
        var inner = Files.openFolder(folder, name)
        if inner < 0, errno == EACCES, fchmodat(folder, name, 0o700, 0) == 0 { inner = Files.openFolder(folder, name) }
        guard inner >= 0 else { return }
        fchmod(inner, 0o700)
        empty(inner, depth: depth + 1)
        close(inner)
        unlinkat(folder, name, AT_REMOVEDIR)
    }
}
