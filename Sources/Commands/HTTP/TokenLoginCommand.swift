import ArgumentParser
import HTTPAPI
import HoistwayModel
import HoistwayStore

struct TokenLoginCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "login",
        abstract: "Print a link that logs a browser in: it works once, within 15 minutes.",
        discussion: """
            The session lasts 12 hours and may do all that its scopes say, or what an admin may.

            Examples:
              hoistway token login
              hoistway token login --scope read --url https://deploy.example.com
            """
    )

    @Option(
        help: ArgumentHelp("What the session allows: read, enqueue, operate or admin (default: admin)."),
        transform: AccessScope.init(argument:)
    )
    var scope: [AccessScope] = []

    @Option(help: ArgumentHelp("Where browsers reach the API (default: as the configuration says).", valueName: "url"))
    var url: String?

    @OptionGroup var global: GlobalOptions

    func validate() throws {
        if let url, !url.hasPrefix("http://") && !url.hasPrefix("https://") {
            throw ValidationError("--url must begin with http:// or https://")
        }
    }

    func run() async throws {
        let configuration = try ConfigurationFile.load(global.config, console: .current)
        var base = try url ?? APIProcess.url(configuration)
        while base.hasSuffix("/") { base.removeLast() }
        let scopes = scope.isEmpty ? [.admin] : scope
        try await Session.run(global) { session in
            let link = try await BrowserSession.link(
                scopes,
                base: base,
                in: session.store,
                by: ProcessSurroundings.account()
            )
            guard global.json else { return session.console.line(link.url) }
            session.print([
                "id": .string(link.id), "url": .string(link.url), "scopes": .strings(scopes.map(\.rawValue)),
            ])
        }
    }
}
