import Hummingbird
import Logging

/// The bare limit of the API: a route that answers a constant, on the given port of the loopback.
@main
struct Hello {
    static func main() async throws {
        guard CommandLine.arguments.count == 2, let port = Int(CommandLine.arguments[1]) else {
            throw HelloError.usage
        }
        let router = Router()
        router.get("hello") { _, _ in "hello" }
        var logger = Logger(label: "hello")
        logger.logLevel = .warning
        let application = Application(
            router: router,
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: port), backlog: 1024),
            logger: logger
        )
        try await application.runService()
    }
}

enum HelloError: Error {
    /// The port is missing.
    case usage
}
