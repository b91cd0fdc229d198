import CLinux

extension Monitor {
    /// Wide for what is written fast only: an unprivileged user may have 64 MiB of pipes.
    private static let outputPipeSize: Int32 = 1 << 18

    /// Opens the log and takes the workspace. An answer is the end: nothing ran.
    func prepare() -> ExitRecord? {
        var error: Int32 = 0
        log = LogFile(specification.log, maximum: specification.logMaximum, error: &error)
        guard log != nil else { return failed(.log, specification.log, error) }
        for line in specification.firstLines {
            let parts = line.split(separator: UInt8(ascii: " "), maxSplits: 1, omittingEmptySubsequences: false)
            write(Bytes(parts[0]), parts.count > 1 ? Bytes(parts[1]) : [])
        }
        if let log, log.failure != 0 { return failed(.log, specification.log, log.failure) }
        if !specification.workspace.isEmpty {
            let (uid, gid) = (specification.uid, specification.gid)
            workspace = Workspace(base: specification.workspace, uid: uid, gid: gid, error: &error)
            guard workspace != nil else { return failed(.spawn, specification.workspace, error) }
        }
        if !specification.cgroup.isEmpty { cgroup = Cgroup(specification.cgroup) }
        tree = ProcessTree(cgroup: cgroup)
        limits = Limits(specification, cgroup: cgroup)
        if hw_boottime_ms() >= leaseEnd {
            var record = ExitRecord(outcome: .spawn)
            record.message = Bytes("its lease had run out before it began")
            return record
        }
        // From here on a dead monitor means that the recipe may have run.
        let marked = journal.append(Bytes("{\"on\":\"starting\",\"version\":1}\n"))
        guard marked == 0 else {
            cgroup?.remove()
            return failed(.spawn, specification.folder + Bytes("/monitor.jsonl"), -marked)
        }
        return nil
    }

    private func failed(_ outcome: Outcome, _ path: Bytes, _ error: Int32) -> ExitRecord {
        var record = ExitRecord(outcome: outcome)
        var message = path
        message.append(": ")
        message.append(error: error)
        record.message = message
        return record
    }

    /// Starts the recipe; an answer says why that was impossible.
    func startRecipe() -> Bytes? {
        var environment = specification.environment
        if let workspace { environment.append(Bytes("HOISTWAY_WORKSPACE=") + workspace.path) }
        let program = Program(
            executable: specification.executable,
            arguments: specification.arguments,
            environment: environment,
            specification: specification,
            limits: limits.rest
        )
        let path = specification.input.isEmpty ? Bytes("/dev/null") : specification.input
        if let message = start(program, input: path, withEvents: true) { return message }
        startedAt = hw_boottime_ms()
        lastOutputAt = startedAt
        let recipe = ProcessStatus(child)?.identity ?? ProcessIdentity(pid: child, startTime: 0)
        let record = StartRecord(
            monitor: hw_pid(),
            recipe: recipe,
            bootId: bootId,
            cgroup: cgroup?.path,
            workspace: workspace?.path,
            startedAt: hw_realtime_ms()
        )
        started = record
        let line = record.line
        let written = journal.append(line)
        if written < 0 { recordFailure = -written }
        tell(line)
        return nil
    }

    /// Starts a program whose outputs go to the log; it becomes `child`.
    func start(_ program: Program, input path: Bytes, withEvents: Bool) -> Bytes? {
        let input = hw_open_read(-1, path.c)
        guard input >= 0 else {
            var message = path
            message.append(": ")
            message.append(error: -input)
            return message
        }
        var reading: [Int32] = [-1, -1, -1]
        var writing: [Int32] = [-1, -1, -1]
        for index in 0..<(withEvents ? 3 : 2) {
            _ = hw_pipe(&reading[index], &writing[index], index == 0 ? Self.outputPipeSize : 0)
        }
        let start = program.start(
            input: input,
            output: writing[0],
            error: writing[1],
            events: writing[2],
            cgroup: cgroup
        )
        for fd in [input] + writing where fd >= 0 { _ = hw_close(fd) }
        switch start {
        case .failed(let message):
            for fd in reading where fd >= 0 { _ = hw_close(fd) }
            return message
        case .running(let pid, let isInCgroup):
            (child, childExit, hasChildren) = (pid, nil, true)
            if !isInCgroup { leaveCgroup() }
        }
        output.open(reading[0])
        error.open(reading[1])
        if withEvents { events.open(reading[2]) }
        for fd in reading where fd >= 0 { _ = hw_epoll_add(epoll, fd, 1) }
        return nil
    }

    /// The kernel would not start a process in the cgroup: the attempt goes without.
    private func leaveCgroup() {
        guard let cgroup else { return }
        cgroup.remove()
        self.cgroup = nil
        tree = ProcessTree(cgroup: nil)
        var rest = Limits(specification, cgroup: nil).rest
        _ = hw_limit(child, &rest)
    }
}
