import CLinux

extension Monitor {
    private static let killInterval: Int64 = 20
    /// Between two tries to open the socket, in a folder that cannot be written to at the moment.
    private static let listenInterval: Int64 = 1000
    /// How long processes that outlive the recipe may take to end by themselves, as the last of a pipeline does.
    private static let leftoverPatience: Int64 = 100

    /// Waits for something to happen, at most until a moment, and handles it.
    func turn(until deadline: Int64) {
        var wake = min(deadline, nextTick ?? .max)
        let now = hw_boottime_ms()
        if !listenWhenAlone() { wake = min(wake, now + Self.listenInterval) }
        if wake != .max, armedFor <= now || armedFor > wake {
            armedFor = max(wake, now + 1)
            _ = hw_timer_set(timer, armedFor)
        }
        var fds = [Int32](repeating: 0, count: 16)
        var ready = [UInt32](repeating: 0, count: 16)
        let count = Int(max(0, hw_epoll_wait(epoll, &fds, &ready, 16, -1)))
        for index in 0..<count { handle(fds[index], ready[index]) }
        tellLog()
    }

    private func handle(_ fd: Int32, _ ready: UInt32) {
        if fd == signals {
            handleSignals()
        } else if fd == timer {
            var expirations: UInt64 = 0
            _ = hw_read(timer, &expirations, 8)
            armedFor = 0
        } else if fd == listener {
            accept()
        } else if fd == output.fd {
            _ = pump(output)
        } else if fd == error.fd {
            _ = pump(error)
        } else if fd == events.fd {
            pumpEvents()
        } else if let connection = connections.first(where: { $0.fd == fd }) {
            serve(connection, ready)
        }
    }

    private func handleSignals() {
        while true {
            let number = hw_signals_next(signals)
            if number == 0 { return reap() }
            if number == hw_signal_number(c("TERM")) {
                endByMonitor(.terminated, Bytes("the monitor was told to end"), grace: specification.killGrace)
            }
        }
    }

    func reap() {
        while true {
            var code: Int32 = 0
            var signal: Int32 = 0
            let pid = hw_reap(&code, &signal)
            guard pid > 0 else {
                hasChildren = pid == 0
                return
            }
            if pid == child { childExit = (code, signal) }
        }
    }

    var isTreeEmpty: Bool { !hasChildren && (cgroup?.isEmpty ?? true) }

    /// Waits for the end of the recipe itself, and applies the limits.
    func watchRecipe() {
        while childExit == nil {
            let now = hw_boottime_ms()
            checkLimits(now)
            escalate(now)
            turn(until: min(nextLimit, nextEscalation))
        }
    }

    private var nextLimit: Int64 {
        var next = leaseEnd
        guard ending == nil else { return ending?.outcome == .fenced ? .max : next }
        if specification.timeout > 0 { next = min(next, startedAt + specification.timeout) }
        if specification.idleTimeout > 0 { next = min(next, lastOutputAt + specification.idleTimeout) }
        return next
    }

    /// When the lease has run out, less the reserve; never without a lease.
    var leaseEnd: Int64 {
        lease > 0 ? leaseFrom + lease - min(specification.leaseReserve, lease / 2) : .max
    }

    private func checkLimits(_ now: Int64) {
        if now >= leaseEnd, ending?.outcome != .fenced {
            endByMonitor(.fenced, limitText("the lease was not renewed for ", leaseEnd - leaseFrom), grace: nil)
        }
        guard ending == nil else { return }
        if let failure = writeFailure {
            endByMonitor(.log, failure, grace: specification.killGrace)
        } else if specification.timeout > 0, now >= startedAt + specification.timeout {
            let text = limitText("it did not end within ", specification.timeout)
            endByMonitor(.timeout, text, grace: specification.killGrace)
        } else if specification.idleTimeout > 0, now >= lastOutputAt + specification.idleTimeout {
            let text = limitText("it wrote nothing for ", specification.idleTimeout)
            endByMonitor(.idle, text, grace: specification.killGrace)
        }
    }

    private func limitText(_ text: StaticString, _ milliseconds: Int64) -> Bytes {
        var result = Bytes(text)
        result.append(decimal: milliseconds / 1000)
        let rest = milliseconds % 1000
        if rest > 0 {
            result.append(rest < 10 ? ".00" : rest < 100 ? ".0" : ".")
            result.append(decimal: rest)
        }
        result.append(" s")
        return result
    }

    /// Why the log or the events cannot be written, if so.
    var writeFailure: Bytes? {
        guard let log, log.failure != 0 || recordFailure != 0 else { return nil }
        var text = log.failure != 0 ? specification.log : specification.folder
        text.append(": ")
        text.append(error: log.failure != 0 ? log.failure : recordFailure)
        return text
    }

    private func endByMonitor(_ outcome: Outcome, _ message: Bytes, grace: Int64?) {
        guard !isCleaning, childExit == nil else { return }
        var now: Bytes = []
        now.append(timestamp: hw_realtime_ms())
        let record = KillRecord(requestedAt: now, by: Bytes("monitor"), why: message)
        write(Bytes("WARN"), Bytes("ended by the monitor: ") + message)
        end(outcome, signal: grace == nil ? Bytes("KILL") : Bytes("TERM"), grace: grace ?? 0, record, message: message)
    }

    /// Begins to end the tree, or ends it faster, or for a better reason.
    func end(_ outcome: Outcome, signal: Bytes, grace: Int64, _ record: KillRecord, message: Bytes? = nil) {
        guard !isCleaning, child > 0 else { return }
        reap()
        let now = hw_boottime_ms()
        var changed = ending ?? Ending(outcome: nil, record: record, killAt: now + grace)
        let isFirst = ending == nil
        // What exited by itself was not killed, even if processes that it left behind are.
        if childExit == nil, Ending.rank(outcome) > Ending.rank(changed.outcome) {
            let rounds = changed.record
            changed.outcome = outcome
            changed.record = record
            changed.record.rounds = rounds.rounds
            changed.message = message
        }
        changed.killAt = min(changed.killAt, now + grace)
        ending = changed
        var number = hw_signal_number(signal.c)
        if number == 0 { number = hw_signal_number(c("TERM")) }
        if number == hw_signal_number(c("KILL")) {
            ending?.killAt = now
            escalate(now)
        } else if isFirst || childExit == nil && changed.record.rounds.last?.signal != signalName(number) {
            if !changed.isKilling { send(number) }
        }
    }

    private func send(_ number: Int32) {
        guard ending != nil else { return }
        let reached = tree.signal(number, except: ending?.reached ?? [])
        ending?.reached += reached
        let isNew = ending?.record.rounds.last?.signal != signalName(number)
        if isNew || !reached.isEmpty {
            ending?.record.add(signal: signalName(number), at: hw_realtime_ms(), count: reached.count)
            tellKill()
        }
    }

    private var nextEscalation: Int64 {
        guard let ending else { return .max }
        return ending.isKilling ? hw_boottime_ms() + Self.killInterval : ending.killAt
    }

    /// SIGKILL, once grace is over, again and again.
    private func escalate(_ now: Int64) {
        guard let ending, ending.isKilling || now >= ending.killAt else { return }
        if !ending.isKilling {
            self.ending?.isKilling = true
            self.ending?.reached = []
        }
        send(hw_signal_number(c("KILL")))
    }

    /// Ends what is left of the tree and waits until it is proved empty.
    func endTree() {
        reap()
        if ending == nil {
            // Nobody is left who could fork: this is the end of most.
            if isTreeEmpty { return }
            let patience = hw_boottime_ms() + Self.leftoverPatience
            while !isTreeEmpty, ending == nil, hw_boottime_ms() < patience { turn(until: patience) }
            if !isTreeEmpty, ending == nil { endLeftovers() }
        }
        while !isTreeEmpty {
            let now = hw_boottime_ms()
            if now >= leaseEnd { ending?.killAt = now }
            if ending?.outcome == nil { nameLeftovers() }
            escalate(now)
            turn(until: min(nextEscalation, now + Self.leftoverPatience))
            reap()
        }
        if ending != nil {
            ending?.record.emptyAt = hw_realtime_ms()
            tellKill()
        }
    }

    private func endLeftovers() {
        var now: Bytes = []
        now.append(timestamp: hw_realtime_ms())
        let record = KillRecord(requestedAt: now, by: Bytes("monitor"), why: Bytes("left behind"))
        ending = Ending(outcome: nil, record: record, killAt: hw_boottime_ms() + specification.killGrace)
        nameLeftovers()
        send(hw_signal_number(c("TERM")))
    }

    private func nameLeftovers() {
        for process in tree.members() where !leftovers.contains(process) {
            leftovers.append(process)
            var text = Bytes("process ")
            text.append(decimal: Int64(process.pid))
            text.append(" was left behind and is ended: ")
            text.append(contentsOf: commandText(process.pid))
            write(Bytes("WARN"), text)
        }
    }
}
