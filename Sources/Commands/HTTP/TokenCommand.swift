import ArgumentParser
import HTTPAPI
import HoistwayModel
import HoistwayStore

struct TokenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Make, show and revoke tokens of the HTTP API.",
        discussion: """
            Scopes: read (every GET), enqueue (what makes a job), operate (kill, retry, rollback, promote, remove, pause, resume, \
            drain, stop), admin (all of these, schedules and resources).

            Example:
              hoistway token create --scope enqueue --scope read --name ci
            """,
        subcommands: [TokenCreateCommand.self, TokenListCommand.self, TokenRevokeCommand.self]
    )
}

struct TokenCreateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Make a token and print it: it is not kept, and cannot be shown again.",
        discussion: "Example: hoistway token create --scope read"
    )

    @Option(
        help: ArgumentHelp("What it allows: read, enqueue, operate or admin; may be said several times."),
        transform: { text in
            guard let scope = AccessScope(rawValue: text) else {
                throw ValidationError("it must be read, enqueue, operate or admin")
            }
            return scope
        }
    )
    var scope: [AccessScope]

    @Option(help: ArgumentHelp("What it is for.", valueName: "text"))
    var name = ""

    @OptionGroup var global: GlobalOptions

    func validate() throws {
        if scope.isEmpty { throw ValidationError("name what it allows with --scope") }
        if name.utf8.count > 256 { throw ValidationError("--name must have at most 256 bytes") }
    }

    func run() async throws {
        let token = NewToken(scopes: scope, name: name)
        try await Session.run(global) { session in
            try await session.store.add(token.stored, by: ProcessSurroundings.account())
            guard global.json else { return session.console.line(token.text) }
            let created = try await session.store.token(token.stored.id)?.createdAt ?? .now()
            session.print([
                "id": .string(token.stored.id), "token": .string(token.text), "scopes": .strings(token.stored.scopes),
                "createdAt": .string(created.description),
            ])
        }
    }
}

struct TokenListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Show the tokens there are, without what is secret of them.",
        discussion: "Example: hoistway token list"
    )

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        try await Session.run(global) { session in
            let tokens = try await session.store.tokens()
            if global.json {
                session.print(JobView.page(tokens.map(TokenListCommand.json)))
                return
            }
            var table = Table(["ID", "SCOPES", "CREATED", "LAST USED", "NAME"])
            for token in tokens {
                table.rows.append([
                    token.id, token.scopes.joined(separator: " "), Ages.since(token.createdAt),
                    token.lastUsedAt.map { Ages.since($0) } ?? "never", token.name,
                ])
            }
            table.lines(width: session.console.width).forEach(session.console.line)
        }
    }

    private static func json(_ token: StoredToken) -> JSON {
        [
            "id": .string(token.id), "name": .string(token.name), "scopes": .strings(token.scopes),
            "createdAt": .string(orNull: token.createdAt?.description),
            "lastUsedAt": .string(orNull: token.lastUsedAt?.description),
        ]
    }
}

struct TokenRevokeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke",
        abstract: "Revoke a token: it is refused within a second.",
        discussion: "Example: hoistway token revoke k3v9q0xw2m7a"
    )

    @Argument(help: "The token's id; \"hoistway token list\" shows them.")
    var id: String

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        try await Session.run(global) { session in
            try await session.store.removeToken(id, by: ProcessSurroundings.account())
            if global.json { session.print(["ok": true, "id": .string(id)]) }
        }
    }
}
