import Glibc
import Logging
import RESP
import RedisClient
import Synchronization

/// A real redis-server with a folder of its own, on a unix socket. It dies with the test process.
package final class RedisServer: Sendable {
    package struct Options: Sendable {
        /// Also listens on a free TCP port of the loopback address.
        package var tcp: Bool
        package var password: String?
        /// Whether data outlives the process: an append-only file, synced at every write.
        package var appendOnly: Bool
        /// Further arguments of redis-server.
        package var arguments: [String]
        /// Whether clients are users who may do only what Redis 6.2 knew. `HOISTWAY_TEST_REDIS_USER=6.2` makes it so where
        /// a test does not say.
        package var hasOldUser = getenv("HOISTWAY_TEST_REDIS_USER").map { String(cString: $0) } == "6.2"
        package var environment: [String: String] = [:]

        package init(tcp: Bool = false, password: String? = nil, appendOnly: Bool = false, arguments: [String] = []) {
            self.tcp = tcp
            self.password = password
            self.appendOnly = appendOnly
            self.arguments = arguments
        }
    }

    /// The server of the suite that runs, put there by ``WithRedis``.
    @TaskLocal package static var current: RedisServer?

    package let options: Options
    package let directory: TemporaryDirectory
    /// The TCP port; 0 without one.
    package let port: Int
    private let process = Mutex<pid_t?>(nil)

    private init(options: Options) throws {
        self.options = options
        directory = try TemporaryDirectory()
        port = options.tcp ? try Self.freePort() : 0
    }

    /// Starts a server and waits until it answers.
    package static func start(_ options: Options = Options()) async throws -> RedisServer {
        let server = try RedisServer(options: options)
        try await server.start()
        return server
    }

    /// The server of the suite that runs.
    package static func required() throws -> RedisServer {
        guard let current else { throw TimedOut(description: "the suite lacks the trait .redis") }
        return current
    }

    package var socketPath: String { "\(directory.path)/s" }

    /// Where to reach it, by the unix socket.
    package var url: RedisURL {
        guard options.hasOldUser else { return adminURL }
        return RedisURL(.unix(path: socketPath), username: Self.oldUser, password: Self.oldUser)
    }

    private static let oldUser = "redis-6.2"

    private var adminURL: RedisURL { RedisURL(.unix(path: socketPath), password: options.password) }

    /// Where to reach it by TCP; needs the option `tcp`.
    package var tcpURL: RedisURL { RedisURL(.tcp(host: "127.0.0.1", port: port), password: options.password) }

    /// nil while it is stopped.
    package var pid: pid_t? { process.withLock { $0 } }

    /// Ends the process and waits for its end. SIGKILL is the crash, SIGTERM the orderly stop.
    package func stop(_ signal: CInt = SIGKILL) async throws {
        guard let pid = process.withLock({ $0.take() }) else { return }
        try await ChildProcess.end(pid, signal)
    }

    /// Stops it, unless it is stopped, and starts it anew in the same places, with the data that it had written.
    package func restart(_ signal: CInt = SIGKILL) async throws {
        try await stop(signal)
        try await start()
    }

    /// Starts it after `stop`, without waiting for an answer.
    /// - Parameter arguments: more of redis-server for this time.
    package func begin(adding arguments: [String]) async throws { try await launch(arguments) }

    /// A client that is connected to it. To be closed by the caller.
    package func client(
        name: String = "test",
        scripts: [RedisScript] = [],
        commandTimeout: Duration = .seconds(60)
    ) async throws -> RedisClient {
        try await client(of: url, name: name, scripts: scripts, commandTimeout: commandTimeout)
    }

    private func client(
        of url: RedisURL,
        name: String = "test",
        scripts: [RedisScript] = [],
        commandTimeout: Duration = .seconds(60)
    ) async throws -> RedisClient {
        let client = RedisClient(
            url: url,
            name: name,
            scripts: scripts,
            commandTimeout: commandTimeout,
            logger: .silent
        )
        try await client.connect()
        return client
    }

    private func start() async throws {
        try await launch([])
        try await eventually("an answer of redis-server", timeout: .seconds(20)) {
            guard let client = try? await client(of: adminURL) else { return false }
            await client.close()
            return true
        }
        if options.hasOldUser { try await makeOldUser() }
    }

    private func launch(_ more: [String]) async throws {
        var arguments = [
            "redis-server", "--port", "\(port)", "--bind", "127.0.0.1", "--unixsocket", socketPath,
            "--dir", directory.path, "--save", "", "--appendonly", options.appendOnly ? "yes" : "no",
            "--appendfsync", "always", "--repl-diskless-sync-delay", "0",
        ]
        if let password = options.password { arguments += ["--requirepass", password] }
        let assignments = options.environment.map { "\($0.key)=\($0.value)" }
        let command = ["env"] + assignments + arguments + options.arguments + more
        let pid = try await ChildProcess.start(command, log: "\(directory.path)/log")
        process.withLock { $0 = pid }
    }

    /// What this server knows and Redis 6.2 did not.
    package func newer() async throws -> NewerRedis {
        let client = try await client(of: adminURL)
        let newer = try await NewerRedis(client)
        await client.close()
        return newer
    }

    private func makeOldUser() async throws {
        let denied = try await newer().commands.map { RedisArgument.string("-\($0)") }
        let client = try await client(of: adminURL)
        let name = RedisArgument.string(Self.oldUser)
        _ = try await client.send(["ACL", "SETUSER", name, "on", ">\(Self.oldUser)", "~*", "&*", "+@all"] + denied)
        await client.close()
    }

    /// A port of the loopback address that nobody listens on.
    package static func freePort() throws -> Int {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard socket >= 0 else { throw SystemError("socket", errno) }
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutableBytes(of: &address) { bytes -> CInt in
            guard let pointer = bytes.assumingMemoryBound(to: sockaddr.self).baseAddress else { return EINVAL }
            guard bind(socket, pointer, size) == 0, getsockname(socket, pointer, &size) == 0 else { return errno }
            return 0
        }
        guard code == 0 else { throw SystemError("bind", code) }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}

extension Logger {
    /// Says nothing.
    package static var silent: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
}
