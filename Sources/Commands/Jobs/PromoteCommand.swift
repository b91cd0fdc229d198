import ArgumentParser
import HoistwayStore

struct PromoteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "promote",
        abstract: "Let a delayed job run now.",
        discussion: "Example: hoistway promote 01J0000000000000000000000"
    )

    @Argument(help: "The job's id.")
    var id: String

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        try await Session.run(global) { session in
            try await session.store.promote(id)
            if global.json { session.print(try await JobView.json(try await session.job(id), in: session)) }
        }
    }
}
