import CLinux
import Glibc
import HoistwayModel

/// Ends what a dead monitor left running, and touches nothing else.
struct Sweep {
    let file: AttemptFile

    /// Milliseconds.
    private static let limit: Int64 = 10_000
    /// Microseconds.
    private static let roundPause: useconds_t = 3000

    /// - Returns: How many processes were killed, and whether the host was restarted since.
    func run() -> (killed: Int, rebooted: Bool) {
        let started = Journal.started(in: file.info.folder)
        if let bootID = started?.bootID, !bootID.isEmpty, bootID != ProcessIdentity.bootID { return (0, true) }
        let recipe = started.map { ProcessKey(pid: $0.pid, startTime: $0.startTime) }
        let killed = killAll(recipe: recipe)
        cgroup?.remove()
        return (killed, false)
    }

    /// The attempt's cgroup, if the name really is that of this attempt.
    private var cgroup: AttemptCgroup? {
        guard let path = file.cgroup, let parent = Files.parent(of: path),
            path.dropFirst(parent.utf8.count).hasPrefix("/\(file.info.jobID).\(file.info.attempt)-")
        else { return nil }
        return AttemptCgroup(path: path)
    }

    /// A process may be passed over while it forks: only the second round in a row that finds none is proof.
    private func killAll(recipe: ProcessKey?) -> Int {
        var killed: Set<ProcessKey> = []
        var cleanRounds = 0
        let deadline = hw_boottime_ms() + Sweep.limit
        while cleanRounds < 2, hw_boottime_ms() < deadline {
            let members = Set(cgroup?.processes ?? [])
            cgroup?.kill()
            let found = targets(recipe: recipe, members: members)
            for process in found where ProcessIdentity.signal(SIGKILL, pid: process.pid, startTime: process.startTime) {
                killed.insert(process)
            }
            cleanRounds = found.isEmpty ? cleanRounds + 1 : 0
            usleep(Sweep.roundPause)
        }
        return killed.count
    }

    /// Living processes of the attempt: by cgroup, by recorded pid, by environment, and the descendants of all these.
    private func targets(recipe: ProcessKey?, members: Set<Int>) -> [ProcessKey] {
        let me = Int(getpid())
        var table: [Int: ProcessStatus] = [:]
        for name in Files.entries(of: "/proc") {
            guard let pid = Int(name), pid != me, let status = ProcessStatus(pid: pid), !status.isDead else { continue }
            table[pid] = status
        }
        var ours: Set<Int> = []
        for (pid, status) in table {
            let recorded = recipe == ProcessKey(pid: pid, startTime: status.startTime)
            if recorded || members.contains(pid) || carriesMarks(pid) { ours.insert(pid) }
        }
        let children = Dictionary(grouping: table.keys) { table[$0]?.parent ?? 0 }
        var next = Array(ours)
        while let pid = next.popLast() {
            for child in children[pid] ?? [] where ours.insert(child).inserted { next.append(child) }
        }
        return ours.compactMap { pid in table[pid].map { ProcessKey(pid: pid, startTime: $0.startTime) } }
    }

    /// Whether the environment names this very attempt: a fence is never given out twice.
    private func carriesMarks(_ pid: Int) -> Bool {
        guard let bytes = Files.read("/proc/\(pid)/environ"), !bytes.isEmpty else { return false }
        let job = Array("HOISTWAY_JOB_ID=\(file.info.jobID)".utf8)
        let fence = Array("HOISTWAY_FENCE=\(file.info.fence)".utf8)
        var (hasJob, hasFence) = (false, false)
        for entry in bytes.split(separator: 0) {
            hasJob = hasJob || entry.elementsEqual(job)
            hasFence = hasFence || entry.elementsEqual(fence)
        }
        return hasJob && hasFence
    }
}

/// A process number and the start time that tells it from a later one with that number.
struct ProcessKey: Hashable {
    let pid: Int
    let startTime: Int
}
