/// A command of the control list (contract §3.4).
public struct ControlDocument: Sendable, Hashable {
    public enum Command: Sendable, Hashable {
        case kill(KillTarget, KillOrder)
        case retry(id: String)
        case remove(id: String)
        case promoteJob(id: String)
        case pause(type: String)
        case resume(type: String)
        case drain(type: String)
        case stopWorker(worker: String, mode: StopMode)
        case forgetWorker(worker: String)
        case releaseQuarantine(type: String, resourceID: String)
    }

    public enum StopMode: String, Sendable, Hashable, CaseIterable {
        case drain, detach
    }

    public var command: Command
    public var requestID: String?
    public var replyTo: String?

    /// Reads and checks a command.
    /// - Throws: `Refusal` with every field that is wrong.
    public init(parsing bytes: [UInt8]) throws(Refusal) {
        guard bytes.count <= 64 * 1024 else { throw Refusal(.tooLarge, "a command has at most 65536 bytes") }
        var reader = try DocumentReader(bytes)
        let name = reader.string("command")
        requestID = reader.text("requestId")
        replyTo = reader.text("replyTo")
        let command = try ControlDocument.command(name, from: &reader)
        guard let name else {
            // What the others mean depends on it.
            if reader.isRefused("command") { throw Refusal(reader.errors) }
            throw Refusal(.unknownCommand, field: "command", "is required")
        }
        reader.refuseTheRest(known: ControlDocument.fields, of: name)
        guard reader.errors.isEmpty, let command else { throw Refusal(reader.errors) }
        self.command = command
    }

    /// The `replyTo` of a text that is otherwise no command, so that its sender hears of the refusal.
    public static func replyTo(in bytes: [UInt8]) -> String? {
        (try? JSON(parsing: bytes))?["replyTo"]?.stringValue
    }

    private static let fields = [
        "command", "requestId", "replyTo", "id", "type", "resourceId", "label", "olderThan", "worker", "mode", "signal",
        "grace", "by", "why",
    ]
    private static let names = [
        "kill", "retry", "remove", "promoteJob", "pause", "resume", "drain", "stopWorker", "forgetWorker",
        "releaseQuarantine",
    ]

    private static func command(_ name: String?, from reader: inout DocumentReader) throws(Refusal) -> Command? {
        switch name {
        case "kill": return kill(from: &reader)
        case "retry": return id(from: &reader).map { .retry(id: $0) }
        case "remove": return id(from: &reader).map { .remove(id: $0) }
        case "promoteJob": return id(from: &reader).map { .promoteJob(id: $0) }
        case "pause": return type(from: &reader).map { .pause(type: $0) }
        case "resume": return type(from: &reader).map { .resume(type: $0) }
        case "drain": return type(from: &reader).map { .drain(type: $0) }
        case "stopWorker":
            let mode = reader.choice("mode", StopMode.self) ?? .drain
            return worker(from: &reader).map { .stopWorker(worker: $0, mode: mode) }
        case "forgetWorker": return worker(from: &reader).map { .forgetWorker(worker: $0) }
        case "releaseQuarantine":
            let resource = reader.text("resourceId")
            if resource == nil { reader.fail("resourceId", "is required") }
            guard let type = type(from: &reader), let resource else { return nil }
            return .releaseQuarantine(type: type, resourceID: resource)
        case nil: return nil
        case let name?:
            let nearest = Nearest.name(to: name, among: names).map { "; did you mean \"\($0)\"?" } ?? ""
            throw Refusal(.unknownCommand, field: "command", "\"\(name)\" is unknown\(nearest)")
        }
    }

    private static func id(from reader: inout DocumentReader) -> String? {
        let id = reader.jobID("id")
        if id == nil { reader.fail("id", "is required") }
        return id
    }

    private static func worker(from reader: inout DocumentReader) -> String? {
        let worker = reader.name("worker")
        if worker == nil { reader.fail("worker", "is required") }
        return worker
    }

    private static func type(from reader: inout DocumentReader) -> String? {
        guard let type = reader.string("type") else {
            reader.fail("type", "is required")
            return nil
        }
        if type != "*", !Identifier.isName(type) { reader.fail("type", "must be a job type or *") }
        return type
    }

    private static func kill(from reader: inout DocumentReader) -> Command? {
        var order = KillOrder(from: &reader)
        order.by = reader.text("by")
        if let id = reader.jobID("id") {
            for field in ["type", "resourceId", "label", "olderThan"] where reader.take(field) != nil {
                reader.fail(field, "cannot be combined with id")
            }
            return .kill(.job(id), order)
        }
        var selection = KillSelection()
        selection.type = reader.name("type")
        selection.resourceID = reader.text("resourceId")
        if let label = reader.text("label") {
            if let pair = label.assignment {
                selection.label = KillSelection.Label(key: pair.name, value: pair.value)
            } else {
                reader.fail("label", "must be key=value")
            }
        }
        selection.olderThan = reader.span("olderThan")
        if selection == KillSelection() {
            // What was refused may have been the selection.
            guard reader.errors.isEmpty else { return nil }
            reader.fail("id", "is required, or one of type, resourceId, label, olderThan")
            return nil
        }
        return .kill(.selection(selection), order)
    }
}

/// Which jobs a kill is for.
public enum KillTarget: Sendable, Hashable {
    case job(String)
    case selection(KillSelection)
}

/// Living jobs that fit every member that is set.
public struct KillSelection: Sendable, Hashable {
    public struct Label: Sendable, Hashable {
        public var key: String
        public var value: String

        public init(key: String, value: String) {
            self.key = key
            self.value = value
        }
    }

    public var type: String?
    public var resourceID: String?
    public var label: Label?
    /// Accepted longer ago than this.
    public var olderThan: TimeSpan?

    public init() {}
}

/// How to end a job's processes, and who wants it.
public struct KillOrder: Sendable, Hashable {
    public enum Signal: String, Sendable, Hashable, CaseIterable {
        case term = "TERM"
        case kill = "KILL"
    }

    /// The first signal; without one TERM, and KILL after the grace.
    public var signal: Signal?
    public var grace: TimeSpan?
    public var by: String?
    public var why: String?

    public init(signal: Signal? = nil, grace: TimeSpan? = nil, by: String? = nil, why: String? = nil) {
        self.signal = signal
        self.grace = grace
        self.by = by
        self.why = why
    }
}

extension KillOrder {
    /// Reads and checks an order without the job it is for: `signal`, `grace` and `why`.
    /// - Parameter by: who wants it.
    /// - Throws: `Refusal` with every field that is wrong.
    public init(parsing bytes: [UInt8], by: String?) throws(Refusal) {
        self.init(by: by)
        guard !bytes.isEmpty else { return }
        var reader = try DocumentReader(bytes)
        self = KillOrder(from: &reader)
        self.by = by
        reader.refuseTheRest(known: ["signal", "grace", "why"])
        if !reader.errors.isEmpty { throw Refusal(reader.errors) }
    }

    fileprivate init(from reader: inout DocumentReader) {
        self.init(
            signal: reader.choice("signal", Signal.self),
            grace: reader.span("grace"),
            why: reader.prose("why")
        )
    }
}
