import CLinux

/// Limits of what an attempt uses: by its cgroup as far as that has the controllers, otherwise by limits of the process.
struct Limits {
    /// What its cgroup does not keep.
    private(set) var rest = hw_limits()

    init() {}

    /// - Parameter cgroup: made for the attempt and still empty.
    init(_ specification: Specification, cgroup: Cgroup?) {
        let (memory, processes, cpu) = (specification.memory, specification.processes, specification.cpu)
        if memory > 0 {
            if cgroup?.set("memory.max", memory) == true {
                // All of it ends, not only the largest process.
                _ = cgroup?.set("memory.oom.group", 1)
            } else {
                rest.memory = memory
            }
        }
        if processes > 0, cgroup?.set("pids.max", processes) != true { rest.processes = processes }
        if cpu > 0, cgroup?.set("cpu.max", cpu * 100, of: 100_000) != true {
            rest.cpus = Int32(min((cpu + 999) / 1000, 1 << 20))
            rest.first_cpu = UInt32(truncatingIfNeeded: hw_pid())
        }
    }
}
