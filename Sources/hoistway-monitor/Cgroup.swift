import CLinux

/// A cgroup v2 folder that holds an attempt's processes.
final class Cgroup {
    let path: Bytes
    let directory: Int32
    private(set) var wasKilled = false

    /// Makes the folder. Nil when it cannot be made; the attempt then goes without.
    init?(_ path: Bytes) {
        let made = hw_make_directory(path.c, 0o755)
        guard made == 0 || made == -hw_eexist() else { return nil }
        let directory = hw_open_directory(path.c)
        guard directory >= 0 else { return nil }
        guard hw_exists(directory, c("cgroup.events")) == 1 else {
            _ = hw_close(directory)
            _ = hw_remove_directory(path.c)
            return nil
        }
        self.path = path
        self.directory = directory
    }

    deinit { _ = hw_close(directory) }

    func members() -> [Int32] {
        numbers(readFile(path + Bytes("/cgroup.procs")) ?? [])
    }

    var isEmpty: Bool {
        var room = [UInt8](repeating: 0, count: 128)
        let count = room.withUnsafeMutableBufferPointer {
            hw_read_file(directory, c("cgroup.events"), $0.baseAddress, $0.count)
        }
        return !Bytes(room[..<Int(max(0, count))]).lines.contains { $0.equals("populated 1") }
    }

    /// Whether a process is in this cgroup at this moment.
    func contains(_ pid: Int32) -> Bool {
        guard let text = readFile(procPath(pid, "cgroup")) else { return false }
        for line in text.lines where line.starts(with: "0::/") && line.count > 4 {
            if path.suffix(line.count - 3) == line[3...] { return true }
        }
        return false
    }

    /// Writes a number, or a number and what it is a part of, into one of its files.
    /// - Returns: whether the kernel took it; it does not where the controller is missing.
    func set(_ file: StaticString, _ value: Int64, of whole: Int64? = nil) -> Bool {
        let fd = hw_open_append(directory, c(file))
        guard fd >= 0 else { return false }
        defer { _ = hw_close(fd) }
        var text = Bytes()
        text.append(decimal: value)
        if let whole {
            text.append(UInt8(ascii: " "))
            text.append(decimal: whole)
        }
        return writeAll(fd, text) == 0
    }

    /// SIGKILL to all members, also to those that are being forked.
    func kill() {
        let fd = hw_open_append(directory, c("cgroup.kill"))
        guard fd >= 0 else { return }
        wasKilled = true
        _ = writeAll(fd, Bytes("1"))
        _ = hw_close(fd)
    }

    func remove() {
        _ = hw_remove_cgroup(path.c)
    }
}
