/// How an attempt ended.
package enum Outcome: Equatable {
    case exited, spawn, killed, timeout, idle, fenced, log, terminated

    package var name: StaticString {
        switch self {
        case .exited: "exited"
        case .spawn: "spawn"
        case .killed: "killed"
        case .timeout: "timeout"
        case .idle: "idle"
        case .fenced: "fenced"
        case .log: "log"
        case .terminated: "terminated"
        }
    }
}

/// A process, told from any other that had or will have its number.
package struct ProcessIdentity: Equatable {
    package var pid: Int32
    /// Clock ticks after boot, field 22 of `/proc/<pid>/stat`.
    package var startTime: Int64

    package init(pid: Int32, startTime: Int64) {
        self.pid = pid
        self.startTime = startTime
    }
}

/// What a monitor notes and tells once the recipe runs.
package struct StartRecord {
    /// Its process id: while it lives its lock is held.
    package var monitor: Int32
    package var recipe: ProcessIdentity
    package var bootId: Bytes
    package var cgroup: Bytes?
    package var workspace: Bytes?
    package var startedAt: Int64

    package init(
        monitor: Int32,
        recipe: ProcessIdentity,
        bootId: Bytes,
        cgroup: Bytes?,
        workspace: Bytes?,
        startedAt: Int64
    ) {
        self.monitor = monitor
        self.recipe = recipe
        self.bootId = bootId
        self.cgroup = cgroup
        self.workspace = workspace
        self.startedAt = startedAt
    }

    package var line: Bytes {
        var object = JSONObject()
        object.add("on", "started")
        object.add("version", 1)
        object.add("pid", Int64(recipe.pid))
        object.add("startTime", recipe.startTime)
        object.add("bootId", bootId)
        object.add("cgroup", cgroup)
        object.add("workspace", workspace)
        object.add("startedAt", time: startedAt)
        object.add("monitorPid", Int64(monitor))
        return object.finished + [UInt8(ascii: "\n")]
    }
}

/// The receipt of a kill. Times in milliseconds since 1970.
package struct KillRecord {
    package struct Round {
        package var signal: Bytes
        package var at: Int64
        package var count: Int
    }

    package var requestedAt: Bytes
    package var by: Bytes?
    package var why: Bytes?
    package var deliveredAt: Int64?
    package var rounds: [Round] = []
    package var emptyAt: Int64?

    package init(requestedAt: Bytes, by: Bytes?, why: Bytes?) {
        self.requestedAt = requestedAt
        self.by = by
        self.why = why
    }

    /// Counts processes that got a signal; a signal sent again makes no new round.
    package mutating func add(signal: Bytes, at time: Int64, count: Int) {
        if deliveredAt == nil { deliveredAt = time }
        if let last = rounds.indices.last, rounds[last].signal == signal {
            rounds[last].count += count
        } else {
            rounds.append(Round(signal: signal, at: time, count: count))
        }
    }

    package var json: Bytes {
        var signals: Bytes = [UInt8(ascii: "[")]
        for (index, round) in rounds.enumerated() {
            if index > 0 { signals.append(UInt8(ascii: ",")) }
            var object = JSONObject()
            object.add("signal", round.signal)
            object.add("at", time: round.at)
            object.add("count", Int64(round.count))
            signals.append(contentsOf: object.finished)
        }
        signals.append(UInt8(ascii: "]"))
        var object = JSONObject()
        object.add("requestedAt", requestedAt)
        object.add("by", by)
        object.add("why", why)
        object.add("deliveredAt", time: deliveredAt)
        object.add("signals", json: signals)
        object.add("emptyAt", time: emptyAt)
        return object.finished
    }
}

/// What a monitor notes and tells at the end.
package struct ExitRecord {
    package var outcome: Outcome
    package var exitCode: Int64?
    package var signal: Bytes?
    package var startedAt: Int64?
    package var endedAt: Int64 = 0
    package var logBytes: Int64 = 0
    package var logGap: LogCap.Gap?
    /// Bytes of the line that stands in the gap's place.
    package var marker: Int64 = 0
    package var eventsBytes: Int64 = 0
    package var kill: KillRecord?
    package var message: Bytes?
    package var leftovers: Int64 = 0

    package init(outcome: Outcome) {
        self.outcome = outcome
    }

    package var line: Bytes {
        var object = JSONObject()
        object.add("on", "exit")
        object.add("version", 1)
        object.add("outcome", outcome.name)
        object.add("exitCode", exitCode)
        object.add("signal", signal)
        object.add("startedAt", time: startedAt)
        object.add("endedAt", time: endedAt)
        object.add("logBytes", logBytes)
        var gap: Bytes?
        if let logGap {
            var range = JSONObject()
            range.add("from", logGap.from)
            range.add("to", logGap.to)
            range.add("marker", marker)
            gap = range.finished
        }
        object.add("logGap", json: gap)
        object.add("eventsBytes", eventsBytes)
        object.add("kill", json: kill?.json)
        object.add("message", message)
        object.add("leftovers", leftovers)
        return object.finished + [UInt8(ascii: "\n")]
    }
}
