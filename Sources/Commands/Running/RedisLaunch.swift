import CLinux
import Glibc
import RedisClient

/// How the private redis-server is started: its program, its files and its place.
struct RedisLaunch: Sendable {
    let program: String
    let data: String
    let port: Int
    let password: String
    let url: RedisURL

    var logPath: String { "\(data)/redis.log" }
    private var configurationPath: String { "\(data)/redis.conf" }

    /// - Parameter port: `nil` is the port that the data folder's Redis had last, or the usual one.
    /// - Throws: `CommandFailure` when redis-server is not installed.
    init(data: String, port: Int?, console: Console) throws(CommandFailure) {
        let path = "\(console.environment["PATH"] ?? ""):/usr/local/bin:/usr/bin:/bin"
        guard let program = SystemFile.find("redis-server", in: path) else {
            throw CommandFailure(.failed, "redis-server is not installed: apt-get install redis-server")
        }
        self.program = program
        self.data = data
        // Who has the URL keeps it: the password stays when the server is started anew.
        let earlier = RedisURLFile.read(in: data)
        var earlierPort: Int?
        if case .tcp(_, let number)? = earlier?.address { earlierPort = number }
        let number = port ?? earlierPort ?? EmbeddedRedis.defaultPort
        let secret = earlier?.password ?? RedisLaunch.newPassword()
        self.port = number
        password = secret
        url = RedisURL(.tcp(host: "127.0.0.1", port: number), password: secret)
    }

    /// The lines of redis.conf.
    var configuration: String {
        """
        bind 127.0.0.1
        port \(port)
        protected-mode yes
        requirepass \(password)
        dir \(RedisLaunch.quoted(data))
        daemonize no
        loglevel warning
        logfile \(RedisLaunch.quoted(logPath))
        appendonly yes
        appendfsync always
        save ""
        maxmemory-policy noeviction

        """
    }

    /// - Throws: `CommandFailure` when another program has the port.
    func checkPort() throws(CommandFailure) {
        let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard file >= 0 else { return }
        defer { close(file) }
        var yes: Int32 = 1
        setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeBytes(of: &address) { bytes in
            bytes.assumingMemoryBound(to: sockaddr.self).baseAddress.map { bind(file, $0, size) } ?? 0
        }
        guard code != 0 else { return }
        if errno == EADDRINUSE {
            throw CommandFailure(.failed, "port \(port) is in use by another program: choose another with --redis-port")
        }
        let reason = String(cString: strerror(errno))
        throw CommandFailure(.failed, "port \(port) cannot be used: \(reason); choose another with --redis-port")
    }

    /// Writes redis.conf and redis.url, readable for their owner alone.
    func writeFiles() throws(CommandFailure) {
        do throws(SystemFile.Failure) {
            try SystemFile.write(configuration, to: configurationPath)
            try SystemFile.write(
                RedisURLFile.text(port: port, password: password) + "\n",
                to: RedisURLFile.path(in: data)
            )
        } catch {
            throw CommandFailure(
                .failed,
                "\(data) cannot be written: \(error.reason); choose another folder with --data"
            )
        }
    }

    /// Starts the server in a session of its own, so that no signal of a terminal reaches it.
    func spawn() throws(CommandFailure) -> EmbeddedRedis.Process {
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        let flags = Int32(POSIX_SPAWN_SETSIGMASK) | Int32(POSIX_SPAWN_SETSIGDEF) | newSession
        posix_spawnattr_setflags(&attributes, Int16(flags))

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, logPath, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        // It may outlive us: sockets of ours must not live on in it.
        hw_spawn_closing_from(&actions, 3)

        let words = [program, configurationPath]
        var argv: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { argv.forEach { free($0) } }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, program, &actions, &attributes, &argv, environ)
        guard code == 0, let process = EmbeddedRedis.Process(pid: Int(pid)) else {
            let reason = code == 0 ? "it ended at once; \(lastLogLine)" : String(cString: strerror(code))
            throw CommandFailure(.failed, "\(program) could not be started: \(reason)")
        }
        return process
    }

    /// What the server said last.
    var lastLogLine: String {
        let bytes = (try? SystemFile.read(logPath)) ?? []
        let line = bytes.split(separator: UInt8(ascii: "\n")).last.map { String(decoding: $0, as: UTF8.self) }
        return "\(line ?? "without a word"); its log is \(logPath)"
    }

    private static func newPassword() -> String {
        var generator = SystemRandomNumberGenerator()
        let digits = Array("0123456789abcdef")
        return String((0..<64).map { _ in digits[Int.random(in: 0..<16, using: &generator)] })
    }

    /// A value of redis.conf in quotes.
    private static func quoted(_ text: String) -> String {
        var result = "\""
        for character in text {
            if character == "\"" || character == "\\" { result.append("\\") }
            result.append(character)
        }
        return result + "\""
    }
}

/// POSIX_SPAWN_SETSID, which the module Glibc leaves out.
private let newSession: Int32 = 0x80
