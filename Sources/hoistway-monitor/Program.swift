import CLinux

/// A program to start.
struct Program {
    enum Start {
        case running(pid: Int32, isInCgroup: Bool)
        /// Why not, in a text that names the executable.
        case failed(Bytes)
    }

    var executable: Bytes
    var arguments: [Bytes]
    var environment: [Bytes]
    var specification: Specification
    var limits = hw_limits()

    /// Starts the program.
    ///
    /// - Parameters:
    ///   - input: Descriptor of its standard input; the outputs alike. They stay open here.
    ///   - events: Becomes descriptor 3; -1 for none.
    func start(input: Int32, output: Int32, error: Int32, events: Int32, cgroup: Cgroup?) -> Start {
        let arguments = CTextList(arguments)
        let environment = CTextList(environment)
        let path = executable.c
        let folder = specification.workingFolder.c
        let groups = specification.groups
        var request = hw_spawn()
        request.input = input
        request.output = output
        request.error = error
        request.events = events
        request.uid = specification.uid
        request.gid = specification.gid
        request.cgroup = cgroup?.directory ?? -1
        request.limits = limits
        request.arguments = arguments.pointer
        request.environment = environment.pointer
        let result = path.withUnsafeBufferPointer { path in
            folder.withUnsafeBufferPointer { folder in
                groups.withUnsafeBufferPointer { groups in
                    request.path = path.baseAddress
                    request.folder = folder.count > 1 ? folder.baseAddress : nil
                    request.groups = groups.baseAddress
                    request.group_count = groups.count
                    return withExtendedLifetime((arguments, environment)) { hw_start(&request) }
                }
            }
        }
        if result < 0 { return .failed(reason(step: Bytes(c: request.step), error: -result)) }
        return .running(pid: request.pid, isInCgroup: request.in_cgroup != 0)
    }

    private func reason(step: Bytes, error: Int32) -> Bytes {
        var text = executable
        text.append(": ")
        if step.equals("chdir") {
            text.append(contentsOf: specification.workingFolder)
            text.append(": ")
        } else if !step.equals("exec") {
            text.append(contentsOf: step)
            text.append(": ")
        }
        text.append(error: error)
        if step.equals("exec"), hw_is_executable(executable.c) == 1, error == hw_enoent() {
            text.append(" (the interpreter that its first line names)")
        }
        return text
    }

    /// The file that a command's first word means, looked up in the `PATH` of an environment.
    static func find(_ name: Bytes, environment: [Bytes]) -> Bytes? {
        if name.contains(UInt8(ascii: "/")) { return name }
        guard let path = environment.last(where: { $0.starts(with: "PATH=") }) else { return nil }
        for folder in path.dropFirst(5).split(separator: UInt8(ascii: ":")) {
            let candidate = Bytes(folder) + [UInt8(ascii: "/")] + name
            if hw_is_executable(candidate.c) == 1 { return candidate }
        }
        return nil
    }
}
