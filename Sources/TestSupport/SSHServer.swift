import Glibc

/// An sshd of one's own on a loopback address, with a host key and a user key that it made itself, and a home folder that
/// is nobody's.
package final class SSHServer: Sendable {
    package let directory: TemporaryDirectory
    package let address: String
    package let port: Int
    private let namespace: String?

    /// Where sessions begin.
    package var home: String { "\(directory.path)/home" }
    package var identityFile: String { "\(directory.path)/user" }
    package var hostKey: String { SSHServer.publicKey("\(directory.path)/host") }
    /// Of the process that listens.
    package var pid: pid_t? { Site.text("\(directory.path)/pid").flatMap { pid_t($0) } }
    package var log: String { "\(directory.path)/log" }

    /// - Parameters:
    ///   - namespace: a network namespace to run in.
    ///   - path: the `PATH` of its sessions, when not the usual one.
    package init(address: String = "127.0.0.1", namespace: String? = nil, path: String? = nil) async throws {
        directory = try TemporaryDirectory()
        self.address = address
        self.namespace = namespace
        port = try namespace == nil ? SSHServer.freePort() : 2222
        mkdir("\(directory.path)/home", 0o700)
        for key in ["host", "user"] {
            let path = "\(directory.path)/\(key)"
            _ = try await Program.run(["-q", "-t", "ed25519", "-N", "", "-f", path], of: "/usr/bin/ssh-keygen")
        }
        // Where sshd wants it when root runs it.
        mkdir("/run/sshd", 0o755)
        try SSHServer.write(
            """
            Port \(port)
            ListenAddress \(address)
            HostKey \(directory.path)/host
            AuthorizedKeysFile \(directory.path)/user.pub
            PidFile \(directory.path)/pid
            PasswordAuthentication no
            KbdInteractiveAuthentication no
            StrictModes no
            UsePAM no
            UseDNS no
            SetEnv HOME=\(directory.path)/home\(path.map { " PATH=\($0)" } ?? "")

            """,
            to: "\(directory.path)/config"
        )
    }

    /// Begins to listen.
    @discardableResult
    package func start() async throws -> RunningProgram {
        let inside = namespace.map { ["ip", "netns", "exec", $0] } ?? []
        let words = ["/usr/sbin/sshd", "-D", "-e", "-f", "\(directory.path)/config"]
        let before = listenings
        let pid = try await ChildProcess.start(inside + words, log: log)
        try await eventually("sshd to listen on \(port)") { self.listenings > before }
        return RunningProgram(pid: pid, log: log)
    }

    private var listenings: Int {
        (Site.text(log) ?? "").split(whereSeparator: \.isNewline).filter { $0.hasPrefix("Server listening on") }.count
    }

    /// What it is called in a worker's configuration.
    package func entry(_ name: String, hostKey: String? = nil, identityFile: String? = nil, port: Int? = nil) -> String
    {
        """
          \(name):
            host: \(address)
            port: \(port ?? self.port)
            user: \(String(cString: getpwuid(geteuid()).pointee.pw_name))
            identityFile: \(identityFile ?? self.identityFile)
            hostKey: "\(hostKey ?? self.hostKey)"

        """
    }

    /// Living processes of the recipe of a job on this server.
    package func processes(of id: String) -> [pid_t] {
        TestSupport.processes(with: "HOISTWAY_PAYLOAD", beginning: "\(home)/.hoistway/attempts/\(id).")
    }

    /// The folders of attempts.
    package var attempts: [String] {
        guard let listing = opendir("\(home)/.hoistway/attempts") else { return [] }
        defer { closedir(listing) }
        var names: [String] = []
        while let entry = readdir(listing) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names
    }

    /// A folder with everything of /usr/bin but one program.
    package static func programs(without name: String) throws -> TemporaryDirectory {
        let folder = try TemporaryDirectory()
        guard let listing = opendir("/usr/bin") else { throw SystemError("opendir /usr/bin", errno) }
        defer { closedir(listing) }
        while let entry = readdir(listing) {
            let program = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if !program.hasPrefix("."), program != name { symlink("/usr/bin/\(program)", "\(folder.path)/\(program)") }
        }
        return folder
    }

    /// A port of the loopback address that nobody listens on.
    private static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(descriptor, pointer, size) == 0 ? getsockname(descriptor, pointer, &size) : -1
            }
        }
        guard code == 0 else { throw SystemError("bind", errno) }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    package static func publicKey(_ path: String) -> String {
        (Site.text("\(path).pub") ?? "").split(separator: " ").prefix(2).joined(separator: " ")
    }

    private static func write(_ text: String, to path: String) throws {
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw SystemError("open \(path)", errno) }
        defer { close(file) }
        Glibc.write(file, text, text.utf8.count)
    }
}
