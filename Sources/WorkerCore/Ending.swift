import HoistwayModel
import HoistwayStore
import Supervision

/// Turns what a monitor left into what the store is told.
enum Ending {
    /// - Parameter fold: closed here. All of it goes with the outcome: what was told before may be lost by now.
    static func outcome(of exit: ExitRecord, _ fold: inout EventFold, _ context: AttemptContext)
        -> HoistwayStore.Outcome
    {
        if context.isRemote, exit.outcome == .exited, let outcome = remoteOutcome(of: exit, &fold, context) {
            return outcome
        }
        let kind = kind(of: exit)
        fold.close(succeeded: kind == .done)
        var fields = fold.takeAll()
        fields.append(("logBytes", String(exit.logBytes)))
        if let code = exit.exitCode { fields.append(("exitCode", String(code))) }
        if let signal = exit.signal { fields.append(("signal", signal)) }
        if let receipt = exit.kill { fields.append(("kill", receipt.text)) }
        guard kind != .done else { return HoistwayStore.Outcome(.done, fields: fields) }

        let message = message(of: exit)
        if fold.error == nil {
            let code = exit.outcome == .log ? "log_write" : kind.rawValue
            let error: JSON = ["code": .string(code), "message": .string(message)]
            fields.append(("error", error.text))
        }
        let told = fold.error?["message"]?.stringValue
        fields.append(("message", kind == .failed ? told ?? message : message))
        let details = fold.error?["details"]
        let refused = (details?["retryable"] ?? fold.error?["retryable"])?.boolValue == false
        let isTemporary = exit.outcome == .exited && exit.exitCode == 75 && !refused
        let after = (details?["retryAfter"] ?? fold.error?["retryAfter"]).flatMap { TimeSpan($0) }
        return HoistwayStore.Outcome(
            kind,
            isRepeatable: kind == .spawn ? isPassing(message) : !refused,
            isTemporary: isTemporary,
            wait: after ?? context.wait(),
            fields: fields
        )
    }

    /// The outcome of an attempt on a server that did not end by its recipe.
    private static func remoteOutcome(of exit: ExitRecord, _ fold: inout EventFold, _ context: AttemptContext)
        -> HoistwayStore.Outcome?
    {
        var kind = HoistwayStore.Outcome.Kind.lost
        var message = "its process on this host was ended by a signal"
        if let end = fold.remoteEnd {
            kind = end["outcome"] == "spawn" ? .spawn : .lost
            message = end["message"]?.stringValue ?? ""
        } else if exit.exitCode != nil {
            return nil
        }
        fold.close(succeeded: false)
        let error: JSON = ["code": .string(kind.rawValue), "message": .string(message)]
        let fields = [("message", message), ("error", error.text), ("logBytes", String(exit.logBytes))]
        return HoistwayStore.Outcome(
            kind,
            isRepeatable: fold.remoteEnd?["retryable"] != false,
            wait: context.wait(),
            fields: fold.takeAll().filter { $0.0 != "message" && $0.0 != "error" } + fields
        )
    }

    /// The outcome of an attempt whose monitor died.
    static func outcome(of lost: LostRecord, _ fold: inout EventFold, _ context: AttemptContext)
        -> HoistwayStore.Outcome
    {
        fold.close(succeeded: false)
        var message = lost.rebooted ? "the host was restarted" : "its monitor was killed"
        if lost.killed > 0 { message += "; \(lost.killed) processes of it were ended" }
        if !lost.cleanupFailures.isEmpty {
            message += "; cleanup failed: \(lost.cleanupFailures.joined(separator: ", "))"
        }
        let error: JSON = ["code": "lost", "message": .string(message)]
        let fields = fold.takeAll() + [("message", message), ("error", error.text)]
        return HoistwayStore.Outcome(.lost, wait: context.wait(), fields: fields)
    }

    /// The outcome of a job that could not be started.
    static func outcome(of failure: LaunchFailure, _ context: AttemptContext) -> HoistwayStore.Outcome {
        let error: JSON = ["code": "spawn", "message": .string(failure.message)]
        return HoistwayStore.Outcome(
            .spawn,
            isRepeatable: failure.isRepeatable,
            wait: context.wait(),
            fields: [("message", failure.message), ("error", error.text)]
        )
    }

    private static func kind(of exit: ExitRecord) -> HoistwayStore.Outcome.Kind {
        switch exit.outcome {
        case .exited: exit.exitCode == 0 ? .done : .failed
        case .spawn: .spawn
        case .killed: .killed
        case .timeout: .timeout
        case .idle: .idle
        case .log: .failed
        case .fenced, .terminated: .lost
        }
    }

    private static func message(of exit: ExitRecord) -> String {
        if let message = exit.message { return message }
        switch exit.outcome {
        case .exited:
            return exit.exitCode.map { "exit code \($0)" } ?? "ended by signal \(exit.signal ?? "?")"
        case .killed:
            let why = exit.kill?["why"]?.stringValue.flatMap { $0.isEmpty ? nil : ": \($0)" } ?? ""
            let by = exit.kill?["by"]?.stringValue.flatMap { $0.isEmpty ? nil : " by \($0)" } ?? ""
            return "killed\(by)\(why)"
        case .timeout: return "it ran longer than its timeout"
        case .idle: return "it was silent for longer than its idleTimeout"
        case .fenced: return "its lease was not renewed in time"
        case .terminated: return "its monitor was told to end"
        case .spawn: return "it could not be started"
        case .log: return "its log could not be written"
        }
    }

    /// Whether a spawn failed for want of something that may be there again soon.
    private static func isPassing(_ message: String) -> Bool {
        ["its lease had run out", "Resource temporarily unavailable", "Cannot allocate memory", "Too many open files"]
            .contains { message.contains($0) }
    }
}
