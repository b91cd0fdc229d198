import CLinux
import Glibc

/// Whether attempts get a cgroup of their own.
package enum CgroupPolicy: Sendable, Hashable {
    /// Where a writable cgroup v2 hierarchy is found.
    case automatic
    case off

    /// Whether this process could give attempts a cgroup of their own.
    package static func isAvailable() -> Bool {
        guard let root = CgroupRoot() else { return false }
        rmdir(root.path)
        return true
    }
}

/// The cgroup v2 folder under which attempts get theirs.
struct CgroupRoot: Sendable {
    let path: String
    private let base: String

    /// `<own cgroup>/hoistway` in the first cgroup v2 mount that lets us make one; `nil` when there is none. In a subgroup of a
    /// unit that systemd delegated it is that unit's cgroup, for one that has processes passes no controllers on.
    init?() {
        guard let mounts = Files.read("/proc/self/mountinfo"), let own = CgroupRoot.ownPath() else { return nil }
        for line in mounts.split(separator: newline) {
            guard let folder = CgroupRoot.folder(ofMount: String(decoding: line, as: UTF8.self), own: own) else {
                continue
            }
            let parent = String(folder[..<(folder.lastIndex(of: "/") ?? folder.startIndex)])
            let base = hw_is_delegated(parent) == 1 ? parent : folder
            let path = "\(base)/hoistway"
            let probe = "\(path)/probe-\(getpid())-\(UInt32.random(in: .min ... .max))"
            guard mkdir(path, 0o755) == 0 || errno == EEXIST, mkdir(probe, 0o755) == 0 else { continue }
            let usable = access("\(probe)/cgroup.procs", W_OK) == 0
            rmdir(probe)
            if usable {
                self.path = path
                self.base = base
                return
            }
        }
        return nil
    }

    /// Has the kernel keep limits in the cgroups of attempts, as far as it can here.
    /// - Returns: which of the controllers they have.
    func enable(_ controllers: [String]) -> [String] {
        for folder in [base, path] {
            for controller in controllers {
                _ = CgroupRoot.write("+\(controller)", to: "\(folder)/cgroup.subtree_control")
            }
        }
        let enabled = String(decoding: Files.read("\(path)/cgroup.subtree_control") ?? [], as: UTF8.self)
            .split { $0.isWhitespace }.map(String.init)
        return controllers.filter(enabled.contains)
    }

    private static func write(_ text: String, to path: String) -> Bool {
        let file = open(path, O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return false }
        defer { close(file) }
        return text.utf8.withContiguousStorageIfAvailable { Glibc.write(file, $0.baseAddress, $0.count) }
            == text.utf8.count
    }

    func path(jobID: String, attempt: Int) -> String {
        "\(path)/\(jobID).\(attempt)-\(String(UInt64.random(in: .min ... .max), radix: 36))"
    }

    /// This process's path in the v2 hierarchy, from the line `0::/…`.
    private static func ownPath() -> String? {
        guard let bytes = Files.read("/proc/self/cgroup") else { return nil }
        let line = String(decoding: bytes, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix("0::/") }
        return line.map { String($0.dropFirst(3)) }
    }

    /// The folder of the cgroup `own` if this line of mountinfo is a cgroup v2 mount that shows it.
    static func folder(ofMount line: String, own: String) -> String? {
        let fields = line.split(separator: " ")
        guard let separator = fields.firstIndex(of: "-"), separator + 1 < fields.count, fields.count > 4,
            fields[separator + 1] == "cgroup2"
        else { return nil }
        let root = fields[3] == "/" ? "" : String(fields[3])
        guard own == root || own.hasPrefix(root + "/") else { return nil }
        let inner = own.dropFirst(root.count)
        return String(fields[4]) + (inner == "/" ? "" : inner)
    }
}

/// The cgroup of one attempt, seen from outside.
struct AttemptCgroup {
    let path: String

    var processes: [Int] {
        let bytes = Files.read("\(path)/cgroup.procs") ?? []
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").compactMap { Int($0) }
    }

    /// SIGKILL to every member at once, in cgroups below it too.
    func kill() {
        let file = open("\(path)/cgroup.kill", O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        write(file, "1", 1)
        close(file)
    }

    /// Removes it; a member that is just dying delays that by a moment.
    func remove() {
        for _ in 0..<200 where Files.exists(path) {
            if hw_remove_cgroup(path) != 0 { usleep(5000) }
        }
    }
}
