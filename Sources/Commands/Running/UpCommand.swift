import ArgumentParser
import HTTPAPI
import HoistwayModel
import HoistwayStore
import Logging
import RedisClient
import Synchronization
import WorkerCore

struct UpCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up",
        abstract: "Run everything here: a private Redis, a worker and the HTTP API, in one foreground process.",
        discussion: """
            Redis listens on the loopback address only, with a password, and keeps its data in the data folder. Ctrl-C stops all.

            Example: hoistway up --slots 8 --recipes ./recipes
            """
    )

    @Option(help: ArgumentHelp("Port of the private Redis (default: \(EmbeddedRedis.defaultPort)).", valueName: "port"))
    var redisPort: Int?

    @OptionGroup var options: RunOptions

    @OptionGroup var listening: ListenOptions

    @OptionGroup var global: GlobalOptions

    func validate() throws {
        if let redisPort, !(1...65_535).contains(redisPort) {
            throw ValidationError("--redis-port must be from 1 to 65535")
        }
        if global.redis != nil {
            throw ValidationError("\"up\" has a Redis of its own; for another one run \"hoistway worker --redis URL\"")
        }
    }

    func run() async throws {
        let console = Console.current
        let configuration = try ConfigurationFile.load(global.config, console: console)
        guard global.durability(configuration) == .local else {
            throw CommandFailure(
                .usage,
                "the Redis of \"up\" has no replica: leave --durability and \"durability\" out"
            )
        }
        let data = try DataLocation.path(options.data, configuration, console: console)
        let prefix = try Session.prefix(global, configuration)
        let address = try listening.settings(configuration, console: console)
        let lock = try UpLock(data: data)
        let logger = Logger.daemon
        let redis = try await EmbeddedRedis.start(data: data, port: redisPort, console: console, logger: logger)
        do {
            try await work(redis, data: data, prefix: prefix, address, configuration, console, logger)
        } catch {
            // What began this Redis ends it; one that was there before has other users.
            if !redis.wasRunning { await redis.stop() }
            throw error
        }
        lock.release()
    }

    private func work(
        _ redis: EmbeddedRedis,
        data: String,
        prefix: String,
        _ address: APIConfiguration,
        _ configuration: Configuration,
        _ console: Console,
        _ logger: Logger
    ) async throws {
        var settings = try options.settings(
            redis: redis.url,
            prefix: prefix,
            data: data,
            configuration: configuration,
            console: console
        )
        // Everything is on one host here: whoever could take a job over could not live longer than its worker.
        settings.fenceAfter = configuration.worker.fenceAfter ?? .zero
        settings.secretsAllow = configuration.worker.secretsAllow ?? ["file:*", "env:*"]
        let greeting = UpGreeting(data: data, redis: redis.url, slots: settings.slots, isUsual: options.data == nil)
        let worker = Mutex<String?>(nil)
        let care = Task { await redis.keepAlive() }
        defer { care.cancel() }
        let client = APIProcess.client(redis.url, prefix: prefix, logger: logger)
        let server = try await serve(address, client, prefix: prefix, configuration, logger)
        let url = APIProcess.url(address, port: server.port)
        do {
            try await WorkerDaemon(settings: settings, logger: logger) { id in
                worker.withLock { $0 = id }
                greeting.lines(worker: id, api: url).forEach(console.line)
            }.run()
        } catch {
            await server.stop()
            await client.close()
            throw error
        }
        await server.stop()
        await client.close()
        care.cancel()
        await care.value
        try await leave(redis, worker: worker.withLock { $0 }, prefix: prefix, logger)
    }

    /// Serves the HTTP API; where its usual port is taken and none was asked for, on another one.
    private func serve(
        _ address: APIConfiguration,
        _ client: RedisClient,
        prefix: String,
        _ configuration: Configuration,
        _ logger: Logger
    ) async throws -> RunningServer {
        func start(_ address: APIConfiguration) async throws -> RunningServer {
            try await APIProcess.start(
                address,
                client: client,
                prefix: prefix,
                configuration: configuration,
                logger: logger
            )
        }
        do {
            return try await start(address)
        } catch let failure as CommandFailure where !listening.namesAddress(configuration) {
            logger.notice("\(failure)")
            var other = address
            other.port = 0
            return try await start(other)
        }
    }

    /// Stops Redis, unless jobs go on that need it.
    private func leave(_ redis: EmbeddedRedis, worker: String?, prefix: String, _ logger: Logger) async throws {
        let client = RedisLocation.client(redis.url, prefix: prefix)
        defer { Task { await client.close() } }
        let store = Store(redis: client, prefix: prefix)
        let jobs = if let worker { (try? await store.claims(of: worker)) } else { [String]() }
        guard let jobs else {
            logger.warning("Redis does not tell whether jobs go on; it is left running")
            return
        }
        guard jobs.isEmpty else {
            logger.info(
                "Redis is left running for the jobs that go on (\(jobs.count)); the next \"hoistway up\" takes them over"
            )
            return
        }
        await redis.stop()
    }
}
