import CLinux
import Glibc
import HoistwayModel
import Synchronization

/// One attempt that a monitor keeps, as its worker sees it.
package final class Attempt: Sendable {
    package let info: AttemptInfo
    /// Everything that happens, for one reader; ends behind `ended` or `lost`, or when the supervisor is closed.
    package let events: AsyncStream<AttemptEvent>

    private let continuation: AsyncStream<AttemptEvent>.Continuation
    private let poller: Poller
    private let state = Mutex(State())

    private struct State {
        var connection: Int32 = -1
        var input: [UInt8] = []
        var output: [UInt8] = []
        var waitsToWrite = false
        var started: StartedRecord?
        var verdict: Result<Void, SupervisionError>?
        var waiting: [CheckedContinuation<Result<Void, SupervisionError>, Never>] = []
        var eventsOffset = 0
        var logBytes = 0
        var finished = false
        /// The supervisor was closed.
        var abandoned = false
        /// The newest of each, told again on a new connection.
        var killLine: [UInt8]?
        var renewLine: [UInt8]?
    }

    init(info: AttemptInfo, poller: Poller) {
        self.info = info
        self.poller = poller
        (events, continuation) = AsyncStream.makeStream()
    }

    package var jobID: String { info.jobID }
    package var attempt: Int { info.attempt }
    package var fence: Int64 { info.fence }
    package var record: JSON { info.record }
    package var folder: String { info.folder }
    package var logPath: String { info.logPath }

    /// `nil` until the recipe runs.
    package var started: StartedRecord? { state.withLock { $0.started } }

    /// Logical size of the log as far as it was told.
    package var logBytes: Int { state.withLock { $0.logBytes } }

    /// Has the whole tree ended.
    ///
    /// - Parameters:
    ///   - signal: Name without `SIG`. `KILL` ends the tree at once, also after an earlier request.
    ///   - grace: Time between that signal and SIGKILL.
    ///   - by: Who asked, for the receipt, if that is known.
    ///   - why: The reason, for the receipt, if one was given.
    package func kill(
        signal: String = "TERM",
        grace: Duration,
        by: String? = nil,
        why: String? = nil,
        requestedAt: Timestamp = .now()
    ) {
        let line: JSON = [
            "do": "kill", "signal": .string(signal), "grace": .int(Int(grace.milliseconds)), "by": .string(orNull: by),
            "why": .string(orNull: why), "requestedAt": .string(requestedAt.description),
        ]
        send(line.utf8 + [newline]) { $0.killLine = $1 }
    }

    /// Begins the lease anew.
    ///
    /// - Parameters:
    ///   - boottime: `ProcessIdentity.boottime()` of the moment before the renewal was sent.
    ///   - lease: Its new length, zero for no limit; as it was when `nil`.
    package func renew(boottime: Int64, lease: Duration? = nil) {
        var line: JSONObject = ["do": "renew", "at": .int(Int(boottime))]
        if let lease { line.append("lease", .int(Int(lease.milliseconds))) }
        send(JSON.object(line).utf8 + [newline]) { $0.renewLine = $1 }
    }

    /// Returns once the recipe runs, or ran.
    /// - Throws: `SupervisionError.spawn` or `.infrastructure` when it never will.
    package func waitUntilStarted() async throws(SupervisionError) {
        let verdict = await withCheckedContinuation { continuation in
            let verdict = state.withLock { state in
                if state.verdict == nil { state.waiting.append(continuation) }
                return state.verdict
            }
            if let verdict { continuation.resume(returning: verdict) }
        }
        try verdict.get()
    }

    /// Takes over a connection to the monitor.
    /// - Parameter closed: Called on the poller's thread when it ends, with whether the attempt has ended.
    func connect(_ connection: Int32, closed: @escaping @Sendable (_ ended: Bool) -> Void) {
        let isOpen = state.withLock { state in
            guard !state.abandoned else { return false }
            state.connection = connection
            state.input = []
            state.output = (state.killLine ?? []) + (state.renewLine ?? [])
            state.waitsToWrite = false
            return true
        }
        guard isOpen else {
            close(connection)
            return
        }
        poller.watch(connection) { [self] writable in
            if writable { state.withLock { flush(&$0) } }
            if !receive(from: connection) {
                disconnect()
                closed(isFinished)
            }
        }
        state.withLock { flush(&$0) }
    }

    /// Ends the stream as it is; the attempt goes on.
    func abandon() {
        state.withLock { $0.abandoned = true }
        disconnect()
        finish(with: nil, verdict: .failure(.infrastructure("the supervisor was closed")))
    }

    /// The attempt ended, as found on disk.
    func end(_ exit: ExitRecord) {
        tellEvents(upTo: nil)
        tellLog(exit.logBytes)
        let verdict: Result<Void, SupervisionError> =
            exit.outcome == .spawn ? .failure(.spawn(exit.message ?? "the recipe could not be started")) : .success(())
        finish(with: .ended(exit), verdict: verdict)
    }

    /// The monitor died.
    func lose(_ record: LostRecord) {
        tellEvents(upTo: nil)
        let text = record.reason == .neverStarted ? "the monitor was never started" : "the monitor died"
        finish(with: .lost(record), verdict: .failure(.infrastructure("\(info.jobID)#\(info.attempt): \(text)")))
    }

    /// Whether it has ended, or is not watched any more.
    package var isFinished: Bool { state.withLock { $0.finished } }

    private func finish(with event: AttemptEvent?, verdict: Result<Void, SupervisionError>) {
        let first = state.withLock { state in
            defer { state.finished = true }
            return !state.finished
        }
        guard first else { return }
        decide(verdict)
        if let event { continuation.yield(event) }
        continuation.finish()
    }

    private func decide(_ verdict: Result<Void, SupervisionError>) {
        let waiting = state.withLock { state in
            if state.verdict == nil { state.verdict = verdict }
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume(returning: verdict) }
    }

    private func disconnect() {
        state.withLock { state in
            guard state.connection >= 0 else { return }
            poller.forget(state.connection)
            close(state.connection)
            state.connection = -1
        }
    }

    private func send(_ line: [UInt8], remember: (inout State, [UInt8]) -> Void) {
        state.withLock { state in
            remember(&state, line)
            guard state.connection >= 0 else { return }
            state.output += line
            flush(&state)
        }
    }

    private func flush(_ state: inout State) {
        guard state.connection >= 0, !state.output.isEmpty else { return }
        let sent = hw_send(state.connection, state.output, state.output.count)
        if sent > 0 { state.output.removeFirst(Int(sent)) }
        // A failure other than a full socket shows as the connection's end.
        let waits = !state.output.isEmpty && (sent >= 0 || -sent == Int64(EAGAIN))
        guard waits != state.waitsToWrite else { return }
        state.waitsToWrite = waits
        poller.wantsToWrite(state.connection, waits)
    }

    /// Reads what has come and acts on the whole lines in it.
    /// - Returns: `false` at the end of the connection.
    func receive(from connection: Int32) -> Bool {
        while true {
            var bytes = [UInt8](repeating: 0, count: 16 << 10)
            let count = Int(hw_receive(connection, &bytes, bytes.count))
            if count == -Int(EAGAIN) || count == -Int(EINTR) { return true }
            guard count > 0 else { return false }
            let lines = state.withLock { state in
                state.input += bytes[..<count]
                guard let last = state.input.lastIndex(of: newline) else { return ArraySlice<UInt8>() }
                defer { state.input.removeFirst(last + 1) }
                return state.input[...last]
            }
            for line in lines.split(separator: newline) {
                if let message = try? JSON(parsing: Array(line)) { act(on: message) }
            }
            if count < bytes.count { return true }
        }
    }

    private func act(on message: JSON) {
        switch message["on"]?.stringValue {
        case "started":
            guard let started = StartedRecord(message), state.withLock({ $0.started == nil }) else { return }
            state.withLock { $0.started = started }
            continuation.yield(.started(started))
            decide(.success(()))
        case "log":
            message["bytes"]?.intValue.map(tellLog)
        case "events":
            message["bytes"]?.intValue.map(tellEvents(upTo:))
        case "kill":
            if let receipt = message["kill"] { continuation.yield(.kill(receipt)) }
        case "exit":
            if let exit = ExitRecord(message) { end(exit) }
        default:
            break
        }
    }

    private func tellLog(_ bytes: Int) {
        let grew = state.withLock { state in
            defer { state.logBytes = max(bytes, state.logBytes) }
            return bytes > state.logBytes
        }
        if grew { continuation.yield(.logGrew(bytes)) }
    }

    private func tellEvents(upTo end: Int?) {
        let offset = state.withLock { $0.eventsOffset }
        let (lines, endOffset) = EventsFile.read("\(info.folder)/events.jsonl", from: offset, to: end)
        state.withLock { $0.eventsOffset = endOffset }
        if !lines.isEmpty { continuation.yield(.events(lines, endOffset: endOffset)) }
    }
}

extension Attempt {
    /// Milliseconds.
    private static let greetingLimit: Int32 = 500

    /// Waits a moment for the state that a monitor tells first on a new connection.
    func receiveGreeting(from connection: Int32) {
        var waiting = pollfd(fd: connection, events: Int16(POLLIN), revents: 0)
        // The end of the connection shows again to whoever watches it next.
        if poll(&waiting, 1, Attempt.greetingLimit) > 0 { _ = receive(from: connection) }
    }
}
