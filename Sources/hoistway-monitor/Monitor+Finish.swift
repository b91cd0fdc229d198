import CLinux

extension Monitor {
    private static let cleanupLimit: Int64 = 30_000
    private static let killInterval: Int64 = 20
    private static let sacrifice: Int64 = 16_384

    /// Runs a cleanup command to its end, at most 30 seconds.
    func cleanUp(_ command: [Bytes]) {
        var name: Bytes = []
        for word in command { name += (name.isEmpty ? [] : [UInt8(ascii: " ")]) + word }
        write(Bytes("INFO"), Bytes("cleanup: ") + name)
        guard let executable = Program.find(command[0], environment: specification.environment) else {
            return write(Bytes("WARN"), Bytes("cleanup: ") + command[0] + Bytes(": not found in PATH"))
        }
        var environment = specification.environment.filter { !$0.starts(with: "HOISTWAY_EVENTS=") }
        if let workspace { environment.append(Bytes("HOISTWAY_WORKSPACE=") + workspace.path) }
        let program = Program(
            executable: executable,
            arguments: command,
            environment: environment,
            specification: specification
        )
        renewCgroup()
        if let message = start(program, input: Bytes("/dev/null"), withEvents: false) {
            return write(Bytes("WARN"), Bytes("cleanup: ") + message)
        }
        let deadline = hw_boottime_ms() + Self.cleanupLimit
        var isLate = false
        while childExit == nil || !isTreeEmpty {
            let now = hw_boottime_ms()
            isLate = isLate || childExit == nil && now >= deadline
            let isEnding = childExit != nil || now >= deadline
            if isEnding { _ = tree.signal(hw_signal_number(c("KILL")), except: []) }
            turn(until: isEnding ? now + Self.killInterval : deadline)
            reap()
        }
        readDry()
        if isLate {
            write(Bytes("WARN"), Bytes("cleanup: ended after 30 s: ") + name)
        } else if let childExit, childExit.code != 0 {
            var text = Bytes(childExit.code > 0 ? "cleanup: exit code " : "cleanup: signal ")
            text += childExit.code > 0 ? decimal(childExit.code) : signalName(childExit.signal)
            write(Bytes("WARN"), text + Bytes(": ") + name)
        }
    }

    /// Linux kills at once what is started right into a cgroup that was killed before: its count of kills differs from that
    /// of the cgroup it comes from.
    private func renewCgroup() {
        guard let cgroup, cgroup.wasKilled else { return }
        cgroup.remove()
        self.cgroup = Cgroup(cgroup.path)
        tree = ProcessTree(cgroup: self.cgroup)
        limits = Limits(specification, cgroup: self.cgroup)
    }

    private func decimal(_ number: Int32) -> Bytes {
        var text: Bytes = []
        text.append(decimal: Int64(number))
        return text
    }

    /// Completes the log, leaves the record of the end and tells it.
    func finish(_ attempt: ExitRecord) {
        var record = attempt
        let now = hw_realtime_ms()
        log?.finish(time: now)
        // The recipe may have exited well; the job has not when its log or its result is cut off.
        if record.outcome == .exited, let failure = writeFailure {
            record.outcome = .log
            record.message = failure
        }
        record.startedAt = started?.startedAt
        record.endedAt = now
        record.logGap = log?.gap
        record.marker = log?.marker ?? 0
        record.eventsBytes = eventsBytes
        record.message = record.message.map { needles.redact($0) }
        record.logBytes = log?.logicalSize ?? 0
        if journal.append(record.line) == -hw_enospc() {
            log?.sacrificeEnd(Self.sacrifice)
            record.logBytes = log?.logicalSize ?? 0
            _ = journal.append(record.line)
        }
        tellLog(force: true)
        tell(record.line)
    }
}
