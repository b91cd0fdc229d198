import ArgumentParser
import HoistwayModel
import HoistwayStore

struct RemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Remove a job that does not run, with its log and history.",
        discussion: "Example: hoistway remove 01J0000000000000000000000"
    )

    @Argument(help: "The job's id.")
    var id: String

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        try await Session.run(global) { session in
            try await session.store.remove(id)
            if global.json { session.print(["ok": true, "id": .string(id)]) }
        }
    }
}
