import CLinux

/// The process that owns one attempt: it starts the recipe, writes its log, ends its tree, and tells how it went.
final class Monitor {
    let specification: Specification
    let folder: Int32
    let epoll: Int32
    let signals: Int32
    let timer: Int32
    let bootId: Bytes
    let needles = Needles()
    let journal: Journal
    var listener: Int32 = -1
    var connections: [Connection] = []

    var log: LogFile?
    let output: OutputStream
    let error: OutputStream
    let events: EventPipe
    var eventsFile: Int32 = -1
    var eventsBytes: Int64 = 0
    var isEventsFileFull = false
    /// errno of a write to a file of records.
    var recordFailure: Int32 = 0

    var workspace: Workspace?
    var cgroup: Cgroup?
    var limits = Limits()
    var tree = ProcessTree(cgroup: nil)
    var cleanups: [[Bytes]] = []

    var started: StartRecord?
    /// Moments of CLOCK_BOOTTIME in milliseconds.
    var startedAt: Int64 = 0
    var lastOutputAt: Int64 = 0
    var leaseFrom: Int64
    var lease: Int64
    var armedFor: Int64 = 0
    var toldLogAt: Int64 = 0
    var toldLogBytes: Int64 = 0

    /// The child that is waited for, the recipe or a cleanup command, and how it ended.
    var child: Int32 = 0
    var childExit: (code: Int32, signal: Int32)?
    var hasChildren = false
    var isCleaning = false
    var ending: Ending?
    var leftovers: [ProcessIdentity] = []

    private init(_ specification: Specification, folder: Int32, journal: Journal, _ equipment: Equipment) {
        self.specification = specification
        self.folder = folder
        self.journal = journal
        epoll = equipment.epoll
        signals = equipment.signals
        timer = equipment.timer
        bootId = equipment.bootId
        (output, error, events) = (equipment.output, equipment.error, equipment.events)
        lease = specification.lease
        let now = hw_boottime_ms()
        leaseFrom = specification.leaseFrom > 0 ? min(specification.leaseFrom, now) : now
        needles.add(specification.secrets)
    }

    /// Runs an attempt in this process, which was forked for it, to its end.
    static func run(connection: Int32, specification memory: Int32, with equipment: Equipment) -> Never {
        guard let specification = readSpecification(memory) else {
            refuse(connection, Bytes("the specification of the attempt is malformed"))
        }
        _ = hw_close(memory)
        let folder = hw_open_directory(specification.folder.c)
        guard folder >= 0 else { refuse(connection, specification.folder, error: -folder) }
        var error: Int32 = 0
        guard let journal = Journal(folder: folder, error: &error) else {
            refuse(connection, specification.folder + Bytes("/monitor.jsonl"), error: error)
        }
        // Held by another: a monitor of this attempt lives. `void`: a worker settled the attempt already.
        guard journal.lock(), hw_exists(folder, c("void")) == 0 else { hw_exit(0) }
        let monitor = Monitor(specification, folder: folder, journal: journal, equipment)
        monitor.add(connection)
        monitor.finish(monitor.attempt())
        hw_exit(0)
    }

    private static func readSpecification(_ memory: Int32) -> Specification? {
        let size = Int(hw_file_size(memory))
        guard size > 0 else { return nil }
        let bytes = Bytes(unsafeUninitializedCapacity: size) { room, count in
            count = max(0, Int(hw_read_at(memory, room.baseAddress, size, 0)))
        }
        return Specification(bytes)
    }

    private static func refuse(_ connection: Int32, _ path: Bytes, error: Int32) -> Never {
        var message = path
        message.append(": ")
        message.append(error: error)
        refuse(connection, message)
    }

    /// Answers an attempt that has not even a folder to write to.
    private static func refuse(_ connection: Int32, _ message: Bytes) -> Never {
        var record = ExitRecord(outcome: .spawn)
        record.endedAt = hw_realtime_ms()
        record.message = message
        let line = record.line
        _ = line.withUnsafeBufferPointer { hw_send(connection, $0.baseAddress, $0.count) }
        hw_exit(0)
    }

    /// Everything from the log's first line to the last cleanup command.
    private func attempt() -> ExitRecord {
        var record = ExitRecord(outcome: .exited)
        if let failure = prepare() { return failure }
        if let message = startRecipe() {
            record.outcome = .spawn
            record.message = message
            write(Bytes("ERROR"), message)
            cgroup?.remove()
            return record
        }
        watchRecipe()
        endTree()
        let exit = childExit
        if let exit, exit.code >= 0 { record.exitCode = Int64(exit.code) }
        if let exit, exit.signal > 0 { record.signal = signalName(exit.signal) }
        readDry()
        isCleaning = true
        for command in cleanups { cleanUp(command) }
        cgroup?.remove()
        if let ending {
            record.outcome = ending.outcome ?? .exited
            record.message = ending.message
            record.kill = ending.outcome == nil ? nil : ending.record
        }
        record.leftovers = Int64(leftovers.count)
        return record
    }

    func signalName(_ number: Int32) -> Bytes {
        if let name = hw_signal_name(number) { return Bytes(c: name) }
        var text: Bytes = []
        text.append(decimal: Int64(number))
        return text
    }
}
