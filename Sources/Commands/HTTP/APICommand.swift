import ArgumentParser
import HTTPAPI
import HoistwayModel
import HoistwayStore
import Logging
import RedisClient
import UnixSignals
import WorkerCore

struct APICommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "api",
        abstract: "Serve the HTTP API.",
        discussion: """
            Clients need a token, which "hoistway token create" makes. It also makes jobs of what producers push into Redis, as \
            workers do. SIGTERM or Ctrl-C stops it within 5 seconds.

            Examples:
              hoistway api --listen 0.0.0.0:8484 --tls-cert cert.pem --tls-key key.pem
              hoistway api --no-auth
            """
    )

    @OptionGroup var options: ListenOptions

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        OpenFiles.raiseLimit()
        let console = Console.current
        let configuration = try ConfigurationFile.load(global.config, console: console)
        let settings = try options.settings(configuration, console: console)
        let prefix = try Session.prefix(global, configuration)
        let durability = global.durability(configuration)
        let logger = Logger.daemon
        let client = APIProcess.client(
            try await RedisLocation.resolve(global.redis, configuration, console: console),
            prefix: prefix,
            logger: logger
        )
        do {
            try await client.connect()
            let store = Store(redis: client, prefix: prefix, durability: durability)
            _ = try await store.register(types: [])
            let intake = Intake(client: client, store: store, logger: logger)
            let server = try await APIProcess.start(
                settings,
                client: client,
                prefix: prefix,
                durability: durability,
                configuration: configuration,
                logger: logger,
                stoppedBy: [.sigterm, .sigint]
            ) { await intake.run() }
            console.note("the API is at \(APIProcess.url(settings, port: server.port))")
            try await server.ended()
            await client.close()
        } catch {
            await client.close()
            throw error
        }
    }
}
