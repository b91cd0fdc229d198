import ArgumentParser
import HoistwayModel
import HoistwayStore

struct PauseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause",
        abstract: "Start no more jobs of a type; what runs goes on.",
        discussion: "With '*' also those that are announced later.\n\nExample: hoistway pause application"
    )

    @Argument(help: "The type, or * for all.")
    var type: String

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        try await Session.run(global) { session in
            try await session.store.pause(type, true)
            if global.json { session.print(["ok": true, "type": .string(type)]) }
        }
    }
}
