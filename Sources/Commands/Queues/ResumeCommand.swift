import ArgumentParser
import HoistwayModel
import HoistwayStore

struct ResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Start jobs of a paused type again.",
        discussion: "Example: hoistway resume application"
    )

    @Argument(help: "The type, or * for all.")
    var type: String

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        try await Session.run(global) { session in
            try await session.store.pause(type, false)
            if global.json { session.print(["ok": true, "type": .string(type)]) }
        }
    }
}
