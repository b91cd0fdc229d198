/// What an attempt may use; `nil`: no limit.
///
/// Where the attempt has a cgroup with the controller in question the kernel counts its processes together. Otherwise memory
/// is a limit of the data of each process (`RLIMIT_DATA`), the number of processes one of its user (`RLIMIT_NPROC`, not for
/// root), and CPUs are whole ones that it may run on.
package struct ResourceLimits: Sendable, Hashable {
    /// Bytes.
    package var memory: Int?
    /// CPUs, such as 2 or 0.5.
    package var cpu: Double?
    package var processes: Int?

    package init(memory: Int? = nil, cpu: Double? = nil, processes: Int? = nil) {
        self.memory = memory
        self.cpu = cpu
        self.processes = processes
    }

    package var isEmpty: Bool { memory == nil && cpu == nil && processes == nil }

    /// The cgroup controllers that would keep them.
    package var controllers: [String] {
        (memory == nil ? [] : ["memory"]) + (cpu == nil ? [] : ["cpu"]) + (processes == nil ? [] : ["pids"])
    }
}
