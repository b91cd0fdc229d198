import HoistwayModel
import HoistwayStore
import Logging
import RedisClient

/// What a command works with: the configuration and an open connection.
struct Session: Sendable {
    static let defaultPrefix = "hoistway"

    let console: Console
    let configuration: Configuration
    let client: RedisClient
    let store: Store

    /// Connects, does the work, and closes the connection.
    static func run<Result>(
        _ options: GlobalOptions,
        isolation: isolated (any Actor)? = #isolation,
        _ body: (Session) async throws -> Result
    ) async throws -> Result {
        let console = Console.current
        let configuration = try ConfigurationFile.load(options.config, console: console)
        let url = try await RedisLocation.resolve(options.redis, configuration, console: console)
        let prefix = try Session.prefix(options, configuration)
        let client = RedisLocation.client(url, prefix: prefix)
        do {
            try await client.connect()
            let store = Store(redis: client, prefix: prefix, durability: options.durability(configuration))
            _ = try await store.register(types: [])
            let session = Session(console: console, configuration: configuration, client: client, store: store)
            let result = try await body(session)
            await client.close()
            return result
        } catch {
            await client.close()
            throw error
        }
    }

    static func prefix(_ options: GlobalOptions, _ configuration: Configuration) throws -> String {
        if let prefix = options.prefix, prefix.isEmpty { throw CommandFailure(.usage, "--prefix must not be empty") }
        return options.prefix ?? configuration.prefix ?? defaultPrefix
    }

    /// The job, or the failure that says there is none.
    func job(_ id: String) async throws -> Job {
        guard let job = try await store.job(id) else { throw CommandFailure.noJob(id) }
        return job
    }

    /// Prints a document on one line.
    func print(_ json: JSON) { console.line(json.text) }
}

extension Logger {
    /// For commands, which tell their errors themselves.
    static var silent: Logger { Logger(label: "hoistway") { _ in SwiftLogNoOpLogHandler() } }
}
