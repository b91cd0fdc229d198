/// The monitor's specification: version, then tagged records, little endian.
struct Specification {
    private(set) var bytes: [UInt8] = [1, 0, 0, 0]

    enum Tag: UInt16 {
        case folder = 1
        case executable, argument, environment, workingFolder, input, logPath, logMaxBytes, timeout, idleTimeout
        case killGrace, lease, secret, uid, gid, group, cgroup, workspace, label, logLine, leaseFrom, memory, processes,
            cpu, leaseReserve
    }

    mutating func append(_ tag: Tag, _ value: some Collection<UInt8>) {
        withUnsafeBytes(of: tag.rawValue.littleEndian) { bytes.append(contentsOf: $0) }
        withUnsafeBytes(of: UInt32(value.count).littleEndian) { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: value)
    }

    mutating func append(_ tag: Tag, _ text: String) { append(tag, text.utf8) }

    mutating func append(_ tag: Tag, _ number: Int64) { append(tag, String(number).utf8) }

    init(_ launch: Launch, folder: String, logPath: String, cgroup: String?) {
        append(.folder, folder)
        append(.executable, launch.executable)
        for argument in launch.arguments { append(.argument, argument) }
        for (name, value) in launch.environment { append(.environment, "\(name)=\(value)") }
        append(.workingFolder, "\(folder)/work")
        append(.input, "\(folder)/payload.json")
        append(.logPath, logPath)
        append(.logMaxBytes, Int64(launch.logMaxBytes))
        append(.timeout, launch.timeout?.milliseconds ?? 0)
        append(.idleTimeout, launch.idleTimeout?.milliseconds ?? 0)
        append(.killGrace, launch.killGrace.milliseconds)
        append(.lease, launch.lease?.milliseconds ?? 0)
        append(.leaseFrom, launch.leaseFrom ?? 0)
        append(.leaseReserve, launch.leaseReserve?.milliseconds ?? 0)
        if let memory = launch.resources.memory { append(.memory, Int64(memory)) }
        if let processes = launch.resources.processes { append(.processes, Int64(processes)) }
        if let cpu = launch.resources.cpu { append(.cpu, Int64(max(1, min(cpu, 1e9) * 1000))) }
        for secret in launch.secrets { append(.secret, secret) }
        if let user = launch.user {
            append(.uid, Int64(user.uid))
            append(.gid, Int64(user.gid))
            for group in user.groups { append(.group, Int64(group)) }
        }
        if let cgroup { append(.cgroup, cgroup) }
        append(.workspace, launch.workspace)
        append(.label, "\(launch.jobID)#\(launch.attempt)")
        for line in launch.firstLogLines { append(.logLine, "\(line.level) \(line.text)") }
    }
}
