import CLinux

/// What `/proc/<pid>/stat` says of a process.
struct ProcessStatus {
    var identity: ProcessIdentity
    var parent: Int32
    private var state: UInt8

    /// Nil when there is no such process.
    init?(_ pid: Int32) {
        guard let text = readFile(procPath(pid, "stat")), let close = text.lastIndex(of: UInt8(ascii: ")")) else {
            return nil
        }
        // The name in parentheses may hold anything; what follows it is numbers, beginning with field 3.
        let fields = text[(close + 1)...].split(separator: UInt8(ascii: " "))
        guard fields.count > 19, let state = fields[0].first, let parent = Bytes(fields[1]).decimal,
            let startTime = Bytes(fields[19]).decimal
        else { return nil }
        identity = ProcessIdentity(pid: pid, startTime: startTime)
        self.parent = Int32(parent)
        self.state = state
    }

    /// Neither a zombie nor about to vanish.
    var isAlive: Bool { state != UInt8(ascii: "Z") && state != UInt8(ascii: "X") }
}

func procPath(_ pid: Int32, _ name: StaticString) -> Bytes {
    var path = Bytes("/proc/")
    path.append(decimal: Int64(pid))
    path.append(UInt8(ascii: "/"))
    path.append(name)
    return path
}

/// The command line of a process as one text, cut to a readable length.
func commandText(_ pid: Int32) -> Bytes {
    let longest = 200
    var text = readFile(procPath(pid, "cmdline")) ?? []
    while text.last == 0 { text.removeLast() }
    if text.isEmpty, let name = readFile(procPath(pid, "comm")) { text = name.filter { $0 != UInt8(ascii: "\n") } }
    return text.prefix(longest).map { $0 < 0x20 ? UInt8(ascii: " ") : $0 }
}
