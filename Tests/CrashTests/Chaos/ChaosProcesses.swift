import Glibc
import TestSupport

/// Processes of a chaos run, as `/proc` has them.
enum ChaosProcesses {
    /// Those that have a file below a folder open.
    static func holding(_ folder: String) -> [pid_t] {
        all.filter { pid in
            names(in: "/proc/\(pid)/fd").contains { link("/proc/\(pid)/fd/\($0)")?.hasPrefix(folder) == true }
        }
    }

    static func children(of pid: pid_t) -> [pid_t] {
        let text = Site.text("/proc/\(pid)/task/\(pid)/children") ?? ""
        return text.split(separator: " ").compactMap { pid_t($0) }
    }

    /// The monitors that write into a worker's folder.
    static func monitors(of data: String) -> [pid_t] {
        holding("\(data)/").filter { Site.text("/proc/\($0)/comm")?.hasPrefix("hoistway-mon") == true }
    }

    /// A worker, its launchers, the monitors in its folder and everything below them.
    static func kill(_ data: String, with worker: RunningProgram) async throws {
        let monitors = monitors(of: data)
        let doomed = [worker.pid] + descendants(of: worker.pid) + monitors + monitors.flatMap(descendants)
        // Stopped first, so that none sees another die.
        for pid in doomed { Glibc.kill(pid, SIGSTOP) }
        for pid in doomed where pid != worker.pid { Glibc.kill(pid, SIGKILL) }
        try await worker.end(SIGKILL)
    }

    private static func descendants(of pid: pid_t) -> [pid_t] {
        children(of: pid).flatMap { [$0] + descendants(of: $0) }
    }

    private static var all: [pid_t] { names(in: "/proc").compactMap { pid_t($0) } }

    private static func link(_ path: String) -> String? {
        var bytes = [CChar](repeating: 0, count: 4096)
        let count = readlink(path, &bytes, bytes.count - 1)
        return count > 0 ? String(decoding: bytes[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self) : nil
    }

    private static func names(in folder: String) -> [String] {
        guard let listing = opendir(folder) else { return [] }
        defer { closedir(listing) }
        var found: [String] = []
        while let entry = readdir(listing) {
            found.append(
                withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                    pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
            )
        }
        return found
    }
}
