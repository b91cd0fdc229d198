import ArgumentParser
import HoistwayModel
import HoistwayStore

struct QuarantineCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quarantine",
        abstract: "Show or release payloads whose jobs were lost again and again.",
        discussion: """
            When three jobs in a row of one type, resource and payload were lost, that payload may be what ends its worker or its \
            monitor: further jobs with it are refused for 24 hours.

            Examples:
              hoistway quarantine list
              hoistway quarantine release application shop
            """,
        subcommands: [QuarantineListCommand.self, QuarantineReleaseCommand.self]
    )
}

struct QuarantineListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Show the payloads in quarantine.",
        discussion: "Example: hoistway quarantine list"
    )

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        try await Session.run(global) { session in
            let entries = try await session.store.quarantine()
            if global.json {
                session.print(JobView.page(entries.map(QuarantineListCommand.json)))
                return
            }
            var table = Table(["TYPE", "RESOURCE", "LOST", "LAST JOB", "UNTIL", "PAYLOAD"])
            for entry in entries {
                table.rows.append([
                    entry.type.name, entry.resourceID, String(entry.losses), entry.lastJobID, entry.until.description,
                    String(entry.digest.prefix(12)),
                ])
            }
            table.lines(width: session.console.width).forEach(session.console.line)
        }
    }

    private static func json(_ entry: QuarantineEntry) -> JSON {
        [
            "type": .string(entry.type.name), "resourceId": .string(entry.resourceID), "lost": .int(entry.losses),
            "lastJobId": .string(entry.lastJobID), "until": .string(entry.until.description),
            "payloadDigest": .string(entry.digest),
        ]
    }
}

struct QuarantineReleaseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "release",
        abstract: "Let what was quarantined of a resource be deployed again.",
        discussion: "Example: hoistway quarantine release application shop"
    )

    @Argument(help: "The type.")
    var type: String

    @Argument(help: "The id of what is deployed.")
    var resource: String

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        try await Session.run(global) { session in
            try await session.store.releaseQuarantine(type: type, resourceID: resource)
            if global.json { session.print(["ok": true, "type": .string(type), "resourceId": .string(resource)]) }
        }
    }
}
