import ArgumentParser
import HoistwayModel
import HoistwayStore

struct DrainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drain",
        abstract: "Cancel every waiting job of a type; what runs goes on.",
        discussion: "Prints how many there were.\n\nExample: hoistway drain application"
    )

    @Argument(help: "The type, or * for all.")
    var type: String

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        try await Session.run(global) { session in
            let count = try await session.store.drain(type)
            if global.json {
                session.print(["ok": true, "type": .string(type), "count": .int(count)])
            } else {
                session.console.line("\(count)")
            }
        }
    }
}
