import ArgumentParser
import HoistwayModel
import HoistwayStore

struct RollbackCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback",
        abstract: "Deploy again exactly what a job deployed, as a new job, and print its id.",
        discussion: """
            The payload is that of the job, which must be done; an application of a git repository is deployed at the commit that the \
            job found.

            Example: hoistway rollback 01J0000000000000000000000
            """
    )

    @Argument(help: "The job's id.")
    var id: String

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        try await Session.run(global) { session in
            let admission = try await session.store.rollback(to: id)
            if global.json {
                session.print(try await JobView.json(try await session.job(admission.id), in: session))
            } else {
                session.console.line(admission.id)
            }
        }
    }
}
