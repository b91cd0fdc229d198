import CLinux
import Glibc

/// The program ssh as a child: three pipes, and how it ended.
final class SSH {
    private(set) var pid: Int32 = 0
    /// This side's ends, which do not block; -1 when closed.
    private(set) var input: Int32 = -1
    private(set) var output: Int32 = -1
    private(set) var error: Int32 = -1

    private var ended: Int32?

    /// Seconds until a connection must be there.
    static let connectLimit = 10

    /// Starts ssh. Signals that end this process are not for it: it goes when its standard input ends.
    /// - Parameter command: What the server's shell runs.
    /// - Throws: `RemoteFailure` when it cannot be started.
    init(_ plan: RemotePlan, command: String, temporary: String) throws(RemoteFailure) {
        let words = try SSH.options(plan, temporary: temporary) + ["--", plan.server.host, command]
        var (reading, writing) = ([Int32](repeating: -1, count: 3), [Int32](repeating: -1, count: 3))
        for index in 0..<3 { _ = hw_pipe(&reading[index], &writing[index], 0) }
        let script = "trap '' HUP INT QUIT TERM; exec ssh \"$@\""
        let names = ["PATH", "HOME", "USER", "LOGNAME", "HOISTWAY_JOB_ID", "HOISTWAY_FENCE"]
        let environment: [String] = names.compactMap { (name: String) -> String? in
            getenv(name).map { "\(name)=\(String(cString: $0))" }
        }
        let failure = SSH.start(
            ["sh", "-c", script, "ssh"] + words,
            environment: environment + ["LC_ALL=C"],
            descriptors: (reading[0], writing[1], writing[2]),
            pid: &pid
        )
        for descriptor in [reading[0], writing[1], writing[2]] { Glibc.close(descriptor) }
        (input, output, error) = (writing[0], reading[1], reading[2])
        guard failure == 0 else {
            closeAll()
            throw RemoteFailure("/bin/sh: \(String(cString: strerror(failure)))", isRepeatable: true)
        }
        // Those of hw_pipe do not block where they are read.
        _ = fcntl(input, F_SETFL, fcntl(input, F_GETFL) | O_NONBLOCK)
    }

    deinit { closeAll() }

    private static func start(
        _ arguments: [String],
        environment: [String],
        descriptors: (Int32, Int32, Int32),
        pid: inout Int32
    ) -> Int32 {
        let argv = arguments.map { strdup($0) } + [nil]
        let envp = environment.map { strdup($0) } + [nil]
        defer { (argv + envp).forEach { free($0) } }
        var request = hw_spawn()
        (request.input, request.output, request.error, request.events) = (
            descriptors.0, descriptors.1, descriptors.2, -1
        )
        (request.uid, request.gid, request.cgroup) = (-1, -1, -1)
        let result = "/bin/sh".withCString { path in
            argv.map { UnsafePointer($0) }.withUnsafeBufferPointer { argv in
                envp.map { UnsafePointer($0) }.withUnsafeBufferPointer { envp in
                    request.path = path
                    request.arguments = argv.baseAddress
                    request.environment = envp.baseAddress
                    return hw_start(&request)
                }
            }
        }
        pid = request.pid
        return result < 0 ? -result : 0
    }

    /// Nothing but what the configuration says: no file of ssh's own, no agent, no password, no unknown host.
    static func options(_ plan: RemotePlan, temporary: String) throws(RemoteFailure) -> [String] {
        var options = [
            "BatchMode=yes", "PasswordAuthentication=no", "KbdInteractiveAuthentication=no", "ControlPath=none",
            "ClearAllForwardings=yes", "PermitLocalCommand=no", "UpdateHostKeys=no", "EscapeChar=none",
            "ConnectTimeout=\(connectLimit)", "ServerAliveInterval=\(max(1, plan.limit / 3))", "ServerAliveCountMax=3",
            "TCPKeepAlive=yes", "LogLevel=ERROR",
        ]
        switch plan.server.hostKeys {
        case .known(let keys):
            let file = "\(temporary)/known_hosts"
            // The name stands for host and port, whatever they are written like.
            try write(keys.map { "hoistway \($0)\n" }.joined(), to: file)
            options += ["HostKeyAlias=hoistway", "UserKnownHostsFile=\(quoted(file))"]
            options += ["GlobalKnownHostsFile=none", "StrictHostKeyChecking=yes"]
        case .firstSeen:
            options += ["HostKeyAlias=\(plan.serverID)", "UserKnownHostsFile=\(quoted(plan.knownHosts))"]
            options += ["GlobalKnownHostsFile=none", "StrictHostKeyChecking=accept-new", "HashKnownHosts=no"]
        case .ofUser:
            options.append("StrictHostKeyChecking=yes")
        }
        if plan.server.identityFile != nil { options.append("IdentitiesOnly=yes") }
        var words = ["-F", "none", "-T", "-x", "-a", "-p", String(plan.server.port)]
        if let file = plan.server.identityFile { words += ["-i", escaped(file)] }
        if let user = plan.server.user { words += ["-l", user] }
        return words + options.flatMap { ["-o", $0] }
    }

    /// A path as ssh's options have it, where `%` means something.
    private static func quoted(_ path: String) -> String { "\"\(escaped(path))\"" }
    private static func escaped(_ path: String) -> String { path.replacing("%", with: "%%") }

    private static func write(_ text: String, to path: String) throws(RemoteFailure) {
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        defer { if file >= 0 { Glibc.close(file) } }
        let bytes = Array(text.utf8)
        guard file >= 0, Glibc.write(file, bytes, bytes.count) == bytes.count else {
            throw RemoteFailure("\(path): \(String(cString: strerror(errno)))", isRepeatable: true)
        }
    }

    func closeInput() { SSH.close(&input) }
    func closeOutput() { SSH.close(&output) }
    func closeError() { SSH.close(&error) }

    /// Whether both of its outputs have ended.
    var isSilent: Bool { output < 0 && error < 0 }

    /// Ends it if it has not ended, and waits for that.
    /// - Returns: its exit code, -1 when a signal ended it.
    func end(force: Bool) -> Int32 {
        closeInput()
        if let ended { return ended }
        if force { kill(pid, SIGKILL) }
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        let code = status & 0x7F == 0 ? status >> 8 & 0xFF : -1
        ended = code
        return code
    }

    private func closeAll() {
        closeInput()
        closeOutput()
        closeError()
    }

    private static func close(_ descriptor: inout Int32) {
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
    }
}

/// Why nothing of an attempt could begin on a server.
struct RemoteFailure: Error {
    var message: String
    /// Whether another try could help.
    var isRepeatable: Bool

    init(_ message: String, isRepeatable: Bool) {
        self.message = message
        self.isRepeatable = isRepeatable
    }

    /// What ssh or the server's shell said before anything of ours was heard.
    /// - Parameters:
    ///   - status: ssh's exit code, of which 255 is its own.
    ///   - text: what both printed.
    init(place: String, status: Int32, text: String) {
        let lines = text.split(whereSeparator: \.isNewline).map(String.init).filter { !$0.hasPrefix("@") }
        let told = lines.suffix(3).joined(separator: " ")
        if status == 127, text.contains("ssh: not found") {
            self.init("ssh is missing on this host: install openssh-client", isRepeatable: false)
        } else if text.contains("REMOTE HOST IDENTIFICATION HAS CHANGED") {
            self.init(
                "\(place): its host key is another than the one that is known; nothing was sent",
                isRepeatable: false
            )
        } else if text.contains("Host key verification failed") || text.contains("No matching host key") {
            self.init("\(place): its host key is not known; give it in servers.hostKey", isRepeatable: false)
        } else if text.contains("Permission denied") || text.contains("Too many authentication failures") {
            self.init("\(place): it does not accept the key: \(told)", isRepeatable: false)
        } else if status == 255 || status < 0 {
            self.init("\(place) cannot be reached: \(told.isEmpty ? "no answer" : told)", isRepeatable: true)
        } else {
            let reason = told.isEmpty ? "exit code \(status)" : told
            self.init("\(place): its shell did not run the command: \(reason)", isRepeatable: false)
        }
    }
}
