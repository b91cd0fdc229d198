import ArgumentParser
import HoistwayModel
import HoistwayStore

struct RetryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry",
        abstract: "Run an ended job again, as a new job, and print its id.",
        discussion: "Example: hoistway retry 01J0000000000000000000000"
    )

    @Argument(help: "The job's id.")
    var id: String

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        try await Session.run(global) { session in
            let admission = try await session.store.retry(id)
            if case .existing = admission {
                session.console.note("hoistway: its retry has not ended yet")
            }
            if global.json {
                session.print(try await JobView.json(try await session.job(admission.id), in: session))
            } else {
                session.console.line(admission.id)
            }
        }
    }
}
