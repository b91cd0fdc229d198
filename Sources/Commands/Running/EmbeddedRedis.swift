import Glibc
import HoistwayModel
import Logging
import RedisClient
import Supervision
import Synchronization

/// The private redis-server of `up`. It has a session of its own and outlives the process that started it.
final class EmbeddedRedis: Sendable {
    static let defaultPort = 6484
    private static let watchPause = Duration.milliseconds(250)
    private static let startLimit = Duration.seconds(60)
    private static let stopLimit = Duration.seconds(60)

    /// A process, told from a later one with its number.
    struct Process: Sendable, Hashable {
        var pid: Int
        var startTime: Int

        /// `nil` when there is no such process.
        init?(pid: Int) {
            guard let startTime = ProcessIdentity.startTime(pid) else { return nil }
            self.pid = pid
            self.startTime = startTime
        }

        var isAlive: Bool {
            // Reaps it where it is a child of ours.
            _ = waitpid(pid_t(pid), nil, WNOHANG)
            return ProcessIdentity.startTime(pid) == startTime
        }
    }

    let url: RedisURL
    /// Whether it ran before and was taken over.
    let wasRunning: Bool
    private let launch: RedisLaunch
    private let logger: Logger
    private let process: Mutex<Process>

    private init(url: RedisURL, wasRunning: Bool, process: Process, launch: RedisLaunch, logger: Logger) {
        self.url = url
        self.wasRunning = wasRunning
        self.process = Mutex(process)
        self.launch = launch
        self.logger = logger
    }

    /// Takes over the living server of a data folder, or starts one and waits until it answers.
    /// - Parameter port: `nil` is the port it had last, or the usual one.
    /// - Throws: `CommandFailure`.
    static func start(data: String, port: Int?, console: Console, logger: Logger) async throws -> EmbeddedRedis {
        let launch = try RedisLaunch(data: data, port: port, console: console)
        if let earlier = RedisURLFile.read(in: data), let process = await living(earlier) {
            if let port, case .tcp(_, let present) = earlier.address, present != port {
                logger.warning("Redis runs already, on port \(present)")
            }
            let redis = EmbeddedRedis(url: earlier, wasRunning: true, process: process, launch: launch, logger: logger)
            try await redis.awaitAnswer(process)
            return redis
        }
        try launch.checkPort()
        try launch.writeFiles()
        let process = try launch.spawn()
        let redis = EmbeddedRedis(url: launch.url, wasRunning: false, process: process, launch: launch, logger: logger)
        try await redis.awaitAnswer(process)
        return redis
    }

    /// Starts the server again whenever it died, until the task is cancelled.
    func keepAlive() async {
        var backoff = EmbeddedRedis.watchPause
        while !Task.isCancelled {
            try? await Task.sleep(for: EmbeddedRedis.watchPause)
            if Task.isCancelled || process.withLock({ $0.isAlive }) { continue }
            logger.warning("redis-server died; it is started again")
            do {
                let next = try launch.spawn()
                process.withLock { $0 = next }
                try await awaitAnswer(next)
                backoff = EmbeddedRedis.watchPause
            } catch {
                logger.error("\(error)")
                try? await Task.sleep(for: backoff * Double.random(in: 0.8...1.2))
                backoff = min(backoff * 2, .seconds(10))
            }
        }
    }

    /// Ends the server in order, its data written, and waits for its end.
    func stop() async {
        let process = process.withLock { $0 }
        ProcessIdentity.signal(SIGTERM, pid: process.pid, startTime: process.startTime)
        let deadline = ContinuousClock.now + EmbeddedRedis.stopLimit
        while process.isAlive {
            guard ContinuousClock.now < deadline else {
                logger.warning("redis-server (process \(process.pid)) has not ended yet; it is left to end by itself")
                return
            }
            try? await Task.sleep(for: .milliseconds(20))
        }
    }

    /// The process behind a URL that answers, also while it loads its data.
    private static func living(_ url: RedisURL) async -> Process? {
        let client = RedisLocation.client(url, commandTimeout: .seconds(2))
        defer { Task { await client.close() } }
        guard (try? await client.connect()) != nil, let server = try? await client.information("server") else {
            return nil
        }
        return server["process_id"].flatMap { Int($0) }.flatMap { Process(pid: $0) }
    }

    private func awaitAnswer(_ process: Process) async throws {
        let deadline = ContinuousClock.now + EmbeddedRedis.startLimit
        while true {
            let failure = await pingFailure()
            guard let failure else { return }
            guard process.isAlive else { throw CommandFailure(.failed, "redis-server ended: \(launch.lastLogLine)") }
            // Loading may take as long as it takes.
            guard failure.serverCode == "LOADING" || ContinuousClock.now < deadline else {
                throw CommandFailure(.failed, "redis-server does not answer: \(failure); its log is \(launch.logPath)")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    private func pingFailure() async -> RedisError? {
        let client = RedisLocation.client(url, commandTimeout: .seconds(2))
        defer { Task { await client.close() } }
        do throws(RedisError) {
            try await client.connect()
            try await client.ping()
            return nil
        } catch {
            return error
        }
    }
}
