import CLinux

extension Monitor {
    private static let tickInterval: Int64 = 50

    /// Talks to the worker at the other end.
    func add(_ connection: Int32) {
        connections.append(Connection(connection, epoll: epoll))
    }

    /// Opens the socket for a worker that comes later, once there is none. Whether it is open, or not needed.
    func listenWhenAlone() -> Bool {
        guard connections.isEmpty, listener < 0 else { return true }
        listener = hw_listen_in(folder, c("control"))
        if listener >= 0 { _ = hw_epoll_add(epoll, listener, 1) }
        return listener >= 0
    }

    func tell(_ line: Bytes, isTick: Bool = false) {
        for connection in connections { connection.send(line, isTick: isTick) }
        connections.removeAll { !$0.isOpen }
    }

    /// Tells the size of the log when it grew, not too often.
    func tellLog(force: Bool = false) {
        guard let log, log.logicalSize != toldLogBytes else { return }
        let now = hw_boottime_ms()
        guard force || now >= toldLogAt + Self.tickInterval else { return }
        (toldLogAt, toldLogBytes) = (now, log.logicalSize)
        tell(sizeLine("log", log.logicalSize), isTick: !force)
    }

    /// When the size of the log is to be told next; nil when it did not grow.
    var nextTick: Int64? {
        log.flatMap { $0.logicalSize == toldLogBytes ? nil : toldLogAt + Self.tickInterval }
    }

    func tellEvents() {
        tell(sizeLine("events", eventsBytes))
    }

    func tellKill() {
        guard let ending, ending.outcome != nil else { return }
        tell(killLine(ending))
    }

    private func killLine(_ ending: Ending) -> Bytes {
        var line = JSONObject()
        line.add("on", "kill")
        line.add("kill", json: ending.record.json)
        return line.finished + [UInt8(ascii: "\n")]
    }

    private func sizeLine(_ name: StaticString, _ bytes: Int64) -> Bytes {
        var line = JSONObject()
        line.add("on", name)
        line.add("bytes", bytes)
        return line.finished + [UInt8(ascii: "\n")]
    }

    func accept() {
        while true {
            let fd = hw_accept(listener)
            guard fd >= 0 else { return }
            let connection = Connection(fd, epoll: epoll)
            connections.append(connection)
            if let started { connection.send(started.line) }
            if let log { connection.send(sizeLine("log", log.logicalSize)) }
            if eventsBytes > 0 { connection.send(sizeLine("events", eventsBytes)) }
            if let ending, ending.outcome != nil { connection.send(killLine(ending)) }
        }
    }

    func serve(_ connection: Connection, _ events: UInt32) {
        if events & 4 != 0 { connection.flush() }
        if events & 1 != 0 {
            for line in connection.receive() { if let command = Command(line) { obey(command) } }
        }
        connections.removeAll { !$0.isOpen }
    }

    private func obey(_ command: Command) {
        switch command {
        case .renew(let at, let length):
            leaseFrom = max(leaseFrom, min(at, hw_boottime_ms()))
            if let length { lease = length }
        case .kill(let signal, let grace, let by, let why, let requestedAt):
            var now: Bytes = []
            now.append(timestamp: hw_realtime_ms())
            end(
                .killed,
                signal: signal ?? Bytes("TERM"),
                grace: grace ?? specification.killGrace,
                KillRecord(requestedAt: requestedAt ?? now, by: by, why: why)
            )
        }
    }
}
