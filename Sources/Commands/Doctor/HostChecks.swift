import Glibc
import Supervision

/// Looks at this host: the data folder, the monitor, cgroups and units.
enum HostChecks {
    typealias Check = DoctorReport.Check

    /// Less free space is told.
    private static let leastSpace: UInt64 = 1 << 30
    private static let unitFolders = [
        "/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system",
        "/lib/systemd/system",
    ]

    /// - Parameters:
    ///   - data: the data folder.
    ///   - isNamed: somebody named it; else it need not exist.
    static func run(data: String, isNamed: Bool) -> [Check] {
        [folder(data, isNamed: isNamed), monitor(beside: ProcessSurroundings.executable()), cgroup()]
            + SystemdUnit.found(in: unitFolders).flatMap(\.checks)
    }

    static func folder(_ path: String, isNamed: Bool) -> Check {
        var status = stat()
        guard stat(path, &status) == 0 else {
            if errno == ENOENT, !isNamed { return Check("data", .ok, "no worker ran here yet (\(path))") }
            return Check("data", .warning, "\(path): \(String(cString: strerror(errno)))")
        }
        let probe = "\(path)/.doctor-\(getpid())"
        let file = open(probe, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else {
            return Check("data", .warning, "\(path) cannot be written: \(String(cString: strerror(errno)))")
        }
        let isWritten = write(file, "x", 1) == 1
        let code = errno
        close(file)
        unlink(probe)
        guard isWritten else { return Check("data", .warning, "\(path): \(String(cString: strerror(code)))") }
        var space = statvfs()
        guard statvfs(path, &space) == 0 else { return Check("data", .ok, "\(path) can be written") }
        let free = UInt64(space.f_bavail) * UInt64(space.f_frsize)
        let text = "\(free >> 20) MiB are free in \(path)"
        return Check("data", free < leastSpace ? .warning : .ok, text)
    }

    static func monitor(beside program: String) -> Check {
        do throws(CommandFailure) {
            return Check("monitor", .ok, try RunOptions.monitor(beside: program))
        } catch {
            return Check("monitor", .warning, error.description)
        }
    }

    private static func cgroup() -> Check {
        if CgroupPolicy.isAvailable() {
            return Check("cgroup", .ok, "jobs started from here get a cgroup of their own")
        }
        return Check(
            "cgroup",
            .ok,
            "no writable cgroup v2 here; jobs are ended by their process tree (a service gets one with Delegate=yes)"
        )
    }
}
