import CLinux
import Glibc
import HoistwayModel

/// The near side of one attempt: brings the recipe to the server, passes on what comes back, and answers the far side's
/// ticks for as long as this process lives.
struct RemoteRun {
    private enum Phase {
        /// Nothing was heard yet.
        case connecting
        case sending
        /// The order to begin is on its way: the recipe may run.
        case ordered
        case ended(Int32)
    }

    private let plan: RemotePlan
    private let files: RecipeFiles
    private let temporary: String
    private let ssh: SSH
    private var stream: FarStream
    private var upload = Upload()
    private var output = NearOutput()
    private var phase = Phase.connecting
    /// What ssh and the server said before anything of ours was heard.
    private var preamble: [UInt8] = []
    private let begun = hw_boottime_ms()
    private var heardAt = hw_boottime_ms()
    private var tick = ""
    private var isTold = false

    /// Milliseconds within which the far side must be heard of for the first time.
    private static let patience: Int64 = 30_000
    /// Milliseconds for ssh to end by itself once all is told.
    private static let leaving: Int64 = 2000
    /// The file that says that nothing is left on the server.
    static let endedName = "remote-ended"

    private enum End: Error {
        case exited(Int32)
        /// Nothing of the recipe ran.
        case failed(RemoteFailure)
        /// The recipe may have run in part.
        case lost(String)
        case killed
        case orphaned
    }

    /// - Returns: the exit code of the recipe, or 1 behind an event that says why there is none.
    static func run(_ plan: RemotePlan, temporary: String) -> Int32 {
        var output = NearOutput()
        // Whatever becomes of this process, the far tree is known to be gone before the attempt is over.
        output.event(RemoteEnd.command)
        output.flushAll()
        do throws(RemoteFailure) {
            var run = try RemoteRun(plan, temporary: temporary)
            return run.conclude(run.loop())
        } catch {
            output.event(verdict("spawn", error.message, isRepeatable: error.isRepeatable))
            output.flushAll()
            markEnded(temporary)
            return 1
        }
    }

    private init(_ plan: RemotePlan, temporary: String) throws(RemoteFailure) {
        self.plan = plan
        self.temporary = temporary
        files = try RecipeFiles(plan.recipe)
        if let name = files.executable, let entry = files.entries.first(where: { $0.name == name }) {
            guard !entry.isFolder, entry.mode & 0o111 != 0 else {
                throw RemoteFailure("\(entry.path): Permission denied", isRepeatable: false)
            }
        } else if let name = files.executable {
            throw RemoteFailure("the recipe has no \(name)", isRepeatable: false)
        }
        stream = FarStream(mark: plan.mark, nonce: plan.nonce)
        Signals.listen()
        ssh = try SSH(plan, command: FarScript.bootstrap, temporary: temporary)
        upload.add(script: FarScript.run, plan, mark: plan.mark)
        for value in [String(plan.fence), plan.guardKey, String(plan.limit), String(plan.grace)] { upload.add(value) }
        if case .program(let path, _) = plan.recipe {
            upload.add("have \(try Program(path).key)")
        } else {
            try sendAll()
        }
    }

    // MARK: What goes there

    private mutating func sendAll() throws(RemoteFailure) {
        for entry in files.entries { upload.add(entry) }
        upload.add(file: "payload.json", try Descriptor.readAll(0))
        upload.add(file: "environment", Array(FarEnvironment.text(plan).utf8))
        let launch: String
        if case .program(let path, let words) = plan.recipe {
            launch = "exec \"$2/programs/\(try Program(path).key)\" \(words.map(Shell.quoted).joined(separator: " "))\n"
        } else {
            let name = files.executable ?? ""
            launch = "exec \"$1\"/\(Shell.quoted(name))\n"
            upload.add("check 0 \(name)")
        }
        upload.add(file: "launch", Array(launch.utf8))
        upload.add("workspace \(plan.workspace)")
        upload.add("ready")
    }

    private mutating func sendProgram() throws(RemoteFailure) {
        guard case .program(let path, _) = plan.recipe else { return }
        let program = try Program(path)
        upload.add(RecipeFiles.Entry(name: "program", path: path, isFolder: false, mode: 0o700, size: program.size))
        upload.add("keep \(program.key)")
    }

    // MARK: What comes back

    private mutating func loop() -> End {
        do throws(End) {
            while true {
                try step()
                if ssh.isSilent { return atEnd() }
                if case .ended = phase, hw_boottime_ms() - heardAt > RemoteRun.leaving { return atEnd() }
            }
        } catch {
            return error
        }
    }

    private mutating func step() throws(End) {
        do throws(RemoteFailure) { try upload.fill() } catch { throw .failed(error) }
        var polls = [pollfd(fd: Signals.descriptor, events: Int16(POLLIN), revents: 0)]
        // Without an event asked for, only the end of the monitor shows.
        polls.append(pollfd(fd: 1, events: output.waiting.contains(1) ? Int16(POLLOUT) : 0, revents: 0))
        for descriptor in output.waiting where descriptor != 1 {
            polls.append(pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0))
        }
        if !output.isFull {
            for descriptor in [ssh.output, ssh.error] where descriptor >= 0 {
                polls.append(pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0))
            }
        }
        if ssh.input >= 0, !upload.waiting.isEmpty {
            polls.append(pollfd(fd: ssh.input, events: Int16(POLLOUT), revents: 0))
        }
        poll(&polls, nfds_t(polls.count), 500)
        if polls[1].revents & Int16(POLLERR) != 0 || output.isBroken { throw .orphaned }
        if Signals.take() { try pass(on: "TERM") }
        if !output.isFull {
            try readOutput()
            readError()
            try checkPatience()
        }
        writeInput()
        output.flush()
    }

    private mutating func readOutput() throws(End) {
        guard ssh.output >= 0 else { return }
        var room = [UInt8](repeating: 0, count: 1 << 16)
        let count = read(ssh.output, &room, room.count)
        if count == 0 { ssh.closeOutput() }
        let items = count > 0 ? stream.add(room[..<count]) : count == 0 ? stream.finish() : []
        for item in items { try take(item) }
    }

    private mutating func take(_ item: FarStream.Item) throws(End) {
        switch item {
        case .frame(let text): try take(frame: text)
        case .event(let bytes):
            guard let event = FarEvent(bytes) else { return output.text(bytes + [UInt8(ascii: "\n")]) }
            if let line = event.line { output.event(line) }
            if let words = event.cleanup { upload.add(cleanup: words) }
        case .text(let bytes):
            if case .connecting = phase { preamble += bytes.prefix(1 << 16) } else { output.text(bytes) }
        }
    }

    private mutating func take(frame: String) throws(End) {
        let words = frame.split(separator: " ", maxSplits: 1).map(String.init)
        let value = words.count > 1 ? words[1] : ""
        if case .connecting = phase { phase = .sending }
        switch words.first {
        case "tick":
            heardAt = hw_boottime_ms()
            tick = value
            upload.addFirst("echo \(value)")
        case "have":
            do throws(RemoteFailure) {
                if value == "no" { try sendProgram() }
                try sendAll()
            } catch { throw .failed(error) }
        case "ready":
            phase = .ordered
            upload.add("go \(tick)")
        case "recipe":
            if let pid = Int(value), !isTold {
                isTold = true
                output.event(JSON.object(["remote": ["pid": .int(pid)]]).utf8)
            }
        case "refused":
            if case .ordered = phase { throw .lost("\(plan.place): \(value)") }
            throw .failed(RemoteFailure(refusal: value, place: plan.place))
        case "exit":
            heardAt = hw_boottime_ms()
            phase = .ended(Int32(value) ?? 1)
        default: break
        }
    }

    private mutating func readError() {
        guard ssh.error >= 0 else { return }
        var room = [UInt8](repeating: 0, count: 1 << 16)
        let count = read(ssh.error, &room, room.count)
        if count == 0 { ssh.closeError() }
        guard count > 0 else { return }
        if case .connecting = phase {
            preamble += room[..<count].prefix(1 << 16)
        } else {
            output.warning(room[..<count])
        }
    }

    private func checkPatience() throws(End) {
        let now = hw_boottime_ms()
        switch phase {
        case .connecting where now - begun > RemoteRun.patience:
            throw .failed(RemoteFailure("\(plan.place) cannot be reached: no answer within 30 s", isRepeatable: true))
        case .sending where now - heardAt > Int64(plan.limit) * 1000:
            throw .failed(RemoteFailure("\(plan.place): the connection was lost", isRepeatable: true))
        case .ordered where now - heardAt > Int64(plan.limit) * 1000:
            throw .lost("nothing was heard of \(plan.place) for \(plan.limit) s")
        default: break
        }
    }

    private mutating func writeInput() {
        guard ssh.input >= 0, !upload.waiting.isEmpty else { return }
        let count = upload.waiting.withUnsafeBytes { write(ssh.input, $0.baseAddress, $0.count) }
        if count > 0 { upload.wrote(count) } else if errno != EAGAIN, errno != EINTR { ssh.closeInput() }
    }

    private mutating func pass(on signal: String) throws(End) {
        switch phase {
        case .ordered: upload.add("signal \(signal)")
        case .ended: break
        default: throw .killed
        }
    }

    /// Both outputs have ended, or would never.
    private func atEnd() -> End {
        switch phase {
        case .ended(let code): return .exited(code)
        case .ordered: return .lost("the connection to \(plan.place) was lost")
        case .sending: return .failed(RemoteFailure("\(plan.place): the connection was lost", isRepeatable: true))
        case .connecting:
            let text = String(decoding: preamble, as: UTF8.self)
            return .failed(RemoteFailure(place: plan.place, status: ssh.end(force: false), text: text))
        }
    }

    // MARK: The end

    private mutating func conclude(_ end: End) -> Int32 {
        _ = ssh.end(force: true)
        // Where nothing was heard nothing was begun.
        if case .connecting = phase { RemoteRun.markEnded(temporary) }
        var code: Int32 = 1
        switch end {
        case .exited(let value):
            for item in stream.finish() { if case .text(let bytes) = item { output.text(bytes) } }
            code = value
            RemoteRun.markEnded(temporary)
        case .failed(let failure):
            output.event(RemoteRun.verdict("spawn", failure.message, isRepeatable: failure.isRepeatable))
        case .lost(let message):
            output.event(RemoteRun.verdict("lost", message, isRepeatable: true))
        case .killed, .orphaned: code = 143
        }
        if case .orphaned = end { return code }
        output.flushAll()
        return code
    }

    private static func verdict(_ outcome: String, _ message: String, isRepeatable: Bool) -> [UInt8] {
        let verdict: JSON = [
            "outcome": .string(outcome), "message": .string(message), "retryable": .bool(isRepeatable),
        ]
        return JSON.object(["remote": verdict]).utf8
    }

    private static func markEnded(_ temporary: String) {
        close(open("\(temporary)/\(endedName)", O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600))
    }
}

extension RemoteFailure {
    /// What the far side's supervisor would not do.
    init(refusal: String, place: String) {
        let isPassing = ["No space left", "cannot be written", "too late", "temporarily", "quota"].contains {
            refusal.contains($0)
        }
        self.init("\(place): \(refusal)", isRepeatable: isPassing)
    }
}

extension Upload {
    /// The beginning of the conversation: mark, script, and what it is about.
    mutating func add(script: String, _ plan: RemotePlan, mark: String) {
        add(mark)
        add(String(script.utf8.count), Array(script.utf8))
        add(plan.name)
        add(plan.nonce)
    }
}
