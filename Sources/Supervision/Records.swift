import HoistwayModel

/// What a monitor tells when it has started its recipe.
package struct StartedRecord: Sendable, Hashable {
    package var pid: Int
    /// Of `pid`, in clock ticks since boot: field 22 of `/proc/<pid>/stat`.
    package var startTime: Int
    package var bootID: String
    /// The folder the attempt got: the base path of its launch, or that with `.2`, `.3` … when it was taken.
    package var workspace: String
    package var startedAt: Timestamp
    package var monitorPID: Int

    init?(_ json: JSON) {
        guard let pid = json["pid"]?.intValue, let startTime = json["startTime"]?.intValue else { return nil }
        self.pid = pid
        self.startTime = startTime
        bootID = json["bootId"]?.stringValue ?? ""
        workspace = json["workspace"]?.stringValue ?? ""
        startedAt = Timestamp(json["startedAt"]) ?? .now()
        monitorPID = json["monitorPid"]?.intValue ?? 0
    }
}

/// How an attempt ended.
package enum Outcome: String, Sendable, Hashable, CaseIterable {
    /// The recipe ended by itself.
    case exited
    /// The recipe could not be started.
    case spawn
    case killed
    case timeout
    case idle
    /// The lease was not renewed in time.
    case fenced
    /// The log could not be written.
    case log
    /// The monitor was told to end by a signal.
    case terminated
}

/// What a monitor leaves when the recipe is reaped and its tree is empty.
package struct ExitRecord: Sendable, Hashable {
    package var outcome: Outcome
    /// `nil` when a signal ended the recipe or it never ran.
    package var exitCode: Int?
    /// The signal that ended the recipe, without `SIG`.
    package var signal: String?
    package var startedAt: Timestamp?
    package var endedAt: Timestamp
    /// Logical size of the log.
    package var logBytes: Int
    package var logGap: LogGap?
    package var eventsBytes: Int
    /// The receipt of a kill.
    package var kill: JSON?
    package var message: String?
    /// How many processes the recipe left behind.
    package var leftovers: Int

    init?(_ json: JSON) {
        guard let outcome = json["outcome"]?.stringValue.flatMap(Outcome.init(rawValue:)) else { return nil }
        self.outcome = outcome
        exitCode = json["exitCode"]?.intValue
        signal = json["signal"]?.stringValue
        startedAt = Timestamp(json["startedAt"])
        endedAt = Timestamp(json["endedAt"]) ?? .now()
        logBytes = json["logBytes"]?.intValue ?? 0
        logGap = json["logGap"].flatMap(LogGap.init)
        eventsBytes = json["eventsBytes"]?.intValue ?? 0
        kill = json["kill"].flatMap { $0.isNull ? JSON?.none : $0 }
        message = json["message"]?.stringValue
        leftovers = json["leftovers"]?.intValue ?? 0
    }
}

/// The part of a capped log that is gone.
package struct LogGap: Sendable, Hashable {
    /// Logical offsets.
    package var range: Range<Int>
    /// Bytes of the line that stands there instead.
    package var marker: Int

    init?(_ json: JSON) {
        guard let from = json["from"]?.intValue, let to = json["to"]?.intValue, from <= to else { return nil }
        range = from..<to
        marker = json["marker"]?.intValue ?? 0
    }
}

/// What is known of an attempt whose monitor died before it could tell how it ended.
package struct LostRecord: Sendable, Hashable {
    package var reason: Reason
    /// Processes that were found and killed.
    package var killed: Int
    /// Cleanup commands that failed or did not end, with the reason.
    package var cleanupFailures: [String]
    /// The host was restarted since the attempt began.
    package var rebooted: Bool

    package enum Reason: Sendable, Hashable {
        /// The monitor died; the recipe may have run in part.
        case monitorDied
        /// Nothing of the recipe ever ran, nor will it.
        case neverStarted
    }

    static let monitorDied = LostRecord(reason: .monitorDied, killed: 0, cleanupFailures: [], rebooted: false)
    static let neverStarted = LostRecord(reason: .neverStarted, killed: 0, cleanupFailures: [], rebooted: false)
}

extension Timestamp {
    fileprivate init?(_ json: JSON?) {
        guard let text = json?.stringValue, let time = Timestamp(parsing: text) else { return nil }
        self = time
    }
}
