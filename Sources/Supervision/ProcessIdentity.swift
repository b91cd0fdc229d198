import CLinux
import Glibc

/// What tells one process from another that got its number later.
package enum ProcessIdentity {
    /// Differs after each start of the host.
    package static let bootID: String = {
        let bytes = Files.read("/proc/sys/kernel/random/boot_id") ?? []
        return String(decoding: bytes.prefix { $0 != newline }, as: UTF8.self)
    }()

    /// Start time of a process in clock ticks since boot; `nil` when it is gone or only waits to be reaped.
    package static func startTime(_ pid: Int) -> Int? {
        guard let status = ProcessStatus(pid: pid), !status.isDead else { return nil }
        return status.startTime
    }

    /// Whether that very process still lives.
    package static func isAlive(pid: Int, startTime: Int, bootID: String) -> Bool {
        bootID == self.bootID && ProcessIdentity.startTime(pid) == startTime
    }

    /// Milliseconds of CLOCK_BOOTTIME, the clock of leases.
    package static func boottime() -> Int64 { hw_boottime_ms() }

    /// Signals a process through a pidfd, after its start time was checked behind the opened pidfd.
    /// - Returns: Whether that very process was there to be signalled.
    @discardableResult
    package static func signal(_ signal: Int32, pid: Int, startTime: Int) -> Bool {
        let handle = hw_pidfd_open(Int32(pid))
        guard handle >= 0 else { return false }
        defer { close(handle) }
        guard ProcessIdentity.startTime(pid) == startTime else { return false }
        return hw_pidfd_send(handle, signal) == 0
    }
}

/// The members of `/proc/<pid>/stat` that matter here.
struct ProcessStatus {
    let parent: Int
    let startTime: Int
    /// A zombie, or about to vanish.
    let isDead: Bool

    init?(pid: Int) {
        // The command is in parentheses and may hold anything, parentheses too.
        guard let bytes = Files.read("/proc/\(pid)/stat"), let end = bytes.lastIndex(of: UInt8(ascii: ")")) else {
            return nil
        }
        let fields = bytes[(end + 1)...].split(separator: UInt8(ascii: " "))
        guard fields.count > 19,
            let parent = Int(String(decoding: fields[1], as: UTF8.self)),
            let startTime = Int(String(decoding: fields[19], as: UTF8.self))
        else { return nil }
        self.parent = parent
        self.startTime = startTime
        isDead = fields[0].first == UInt8(ascii: "Z") || fields[0].first == UInt8(ascii: "X")
    }
}
