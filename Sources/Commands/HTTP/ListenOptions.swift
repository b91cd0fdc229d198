import ArgumentParser
import HTTPAPI
import HoistwayModel
import HoistwayStore
import Logging
import NIOCore
import RedisClient
import UnixSignals

/// Where the HTTP API listens.
struct ListenOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Where the HTTP API listens (default: \(APIConfiguration.defaultListen)).",
            valueName: "host:port"
        )
    )
    var listen: String?

    @Option(help: ArgumentHelp("A certificate chain in PEM form: the API speaks HTTPS.", valueName: "file"))
    var tlsCert: String?

    @Option(help: ArgumentHelp("The certificate's key in PEM form.", valueName: "file"))
    var tlsKey: String?

    @Flag(help: "Let everybody on this host in without a token; only for a loopback address.")
    var noAuth = false

    /// These options over the configuration over the defaults.
    func settings(_ configuration: Configuration, console: Console) throws -> APIConfiguration {
        let api = configuration.api
        return try APIConfiguration(
            listen: listen ?? api.listen ?? APIConfiguration.defaultListen,
            tlsCertificate: (tlsCert ?? api.tlsCertificate).map(console.path),
            tlsKey: (tlsKey ?? api.tlsKey).map(console.path),
            noAuth: noAuth || api.noAuth ?? false
        )
    }

    /// Whether an address was named, so that another one would not do.
    func namesAddress(_ configuration: Configuration) -> Bool { listen != nil || configuration.api.listen != nil }
}

/// The HTTP API as the commands run it.
enum APIProcess {
    static func client(_ url: RedisURL, prefix: String, logger: Logger) -> RedisClient {
        RedisClient(
            url: url,
            name: "hoistway-api",
            scripts: Scripts.all,
            keys: Keys(prefix: prefix).together,
            logger: logger
        )
    }

    /// Whether a job's log lies where workers put logs: what else its record may name is not for the network to read.
    static func isAttemptLog(_ job: Job) -> Bool {
        guard let path = job.logPath, path.hasSuffix("/jobs/\(job.id)/\(job.attempt)/log") else { return false }
        return path.hasPrefix("/") && !path.parts(by: "/").contains("..")
    }

    /// - Throws: `CommandFailure` when it cannot listen.
    static func start(
        _ settings: APIConfiguration,
        client: RedisClient,
        prefix: String,
        durability: Durability = .local,
        configuration: Configuration,
        logger: Logger,
        stoppedBy signals: [UnixSignal] = [],
        beside: @escaping @Sendable () async -> Void = {}
    ) async throws -> RunningServer {
        let services = Services(
            client: client,
            prefix: prefix,
            durability: durability,
            logFile: { isAttemptLog($0) ? LogSource.file(of: $0, configuration) : nil },
            logger: logger
        )
        do {
            return try await RunningServer.start(
                settings,
                services,
                faces: Faces.all(services, isTLS: settings.tls != nil),
                logger: logger,
                stoppedBy: signals,
                beside: beside
            )
        } catch let error as IOError {
            let place = "\(settings.host):\(settings.port)"
            throw CommandFailure(
                .failed,
                "cannot listen on \(place): \(error.description); choose another with --listen"
            )
        }
    }

    /// Where browsers on this host reach an API that runs as the configuration says.
    static func url(_ configuration: Configuration) throws -> String {
        var settings = try APIConfiguration(listen: configuration.api.listen ?? APIConfiguration.defaultListen)
        if ["0.0.0.0", "::"].contains(settings.host) { settings.host = "127.0.0.1" }
        let scheme = configuration.api.tlsCertificate == nil ? "http" : "https"
        return "\(scheme)://\(authority(settings, port: settings.port))"
    }

    private static func authority(_ settings: APIConfiguration, port: Int) -> String {
        "\(settings.host.contains(":") ? "[\(settings.host)]" : settings.host):\(port)"
    }

    /// `http://127.0.0.1:8484`.
    static func url(_ settings: APIConfiguration, port: Int) -> String {
        "\(settings.tls == nil ? "http" : "https")://\(authority(settings, port: port))"
    }
}
