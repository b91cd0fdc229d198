import CLinux

/// The living processes below this one, and those of a cgroup.
final class ProcessTree {
    private let root = hw_pid()
    private let cgroup: Cgroup?
    /// Children whose trees are not ours to touch.
    var excluded: [Int32] = []

    init(cgroup: Cgroup?) {
        self.cgroup = cgroup
    }

    /// Living members. A process that forks meanwhile may hide a child from one look; so look again.
    func members() -> [ProcessIdentity] {
        candidates().compactMap { pid in
            guard let status = ProcessStatus(pid), status.isAlive else { return nil }
            return status.identity
        }
    }

    /// Sends a signal to every member that is not in `known`; stopped ones are continued, so that they can act on it.
    ///
    /// - Returns: The processes that got it.
    func signal(_ number: Int32, except known: [ProcessIdentity]) -> [ProcessIdentity] {
        let isKill = number == hw_signal_number(c("KILL"))
        var reached: [ProcessIdentity] = []
        let candidates = candidates()
        for pid in candidates {
            // The descriptor first, the check after: from here on the number cannot come to mean another process.
            let process = hw_pidfd_open(pid)
            guard process >= 0 else { continue }
            defer { _ = hw_close(process) }
            guard let status = ProcessStatus(pid), status.isAlive, !known.contains(status.identity),
                status.parent == root || candidates.contains(status.parent) || cgroup?.contains(pid) == true
            else { continue }
            guard hw_pidfd_send(process, number) == 0 else { continue }
            if !isKill, number != hw_signal_number(c("STOP")) {
                _ = hw_pidfd_send(process, hw_signal_number(c("CONT")))
            }
            reached.append(status.identity)
        }
        if isKill { cgroup?.kill() }
        return reached
    }

    private func candidates() -> [Int32] {
        var found = hw_exists(-1, threadPath(root, root).c) == 1 ? descendants() : scannedDescendants()
        for pid in cgroup?.members() ?? [] where !found.contains(pid) { found.append(pid) }
        return found
    }

    private func threadPath(_ pid: Int32, _ thread: Int32) -> Bytes {
        var path = procPath(pid, "task/")
        path.append(decimal: Int64(thread))
        path.append("/children")
        return path
    }

    private func descendants() -> [Int32] {
        var found: [Int32] = []
        var next = 0
        var parent = root
        while true {
            for child in children(of: parent) where !(parent == root && excluded.contains(child)) {
                found.append(child)
            }
            guard next < found.count else { return found }
            parent = found[next]
            next += 1
        }
    }

    private func children(of pid: Int32) -> [Int32] {
        let capacity = 4096
        let threads = [Int32](unsafeUninitializedCapacity: capacity) { room, count in
            count = Int(max(0, hw_list_threads(pid, room.baseAddress, Int32(capacity))))
        }
        return threads.flatMap { thread in numbers(readFile(threadPath(pid, thread)) ?? []) }
    }

    /// For kernels without `children`: every process, and who is whose parent.
    private func scannedDescendants() -> [Int32] {
        let capacity = 1 << 17
        let all = [Int32](unsafeUninitializedCapacity: capacity) { room, count in
            count = Int(max(0, hw_list_processes(room.baseAddress, Int32(capacity))))
        }
        let statuses = all.compactMap { ProcessStatus($0) }
        var found: [Int32] = []
        var next = 0
        var parent = root
        while true {
            for status in statuses where status.parent == parent {
                let child = status.identity.pid
                if !(parent == root && excluded.contains(child)) { found.append(child) }
            }
            guard next < found.count else { return found }
            parent = found[next]
            next += 1
        }
    }
}

/// The numbers in a text, between spaces or line feeds.
func numbers(_ text: Bytes) -> [Int32] {
    text.split { $0 <= 0x20 }.compactMap { Bytes($0).decimal.map { Int32(truncatingIfNeeded: $0) } }
}
