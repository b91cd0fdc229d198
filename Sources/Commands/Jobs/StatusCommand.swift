import ArgumentParser
import HoistwayStore

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show a job.",
        discussion: "Example: hoistway status 01J0000000000000000000000"
    )

    @Argument(help: "The job's id.")
    var id: String

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        try await Session.run(global) { session in
            let job = try await session.job(id)
            let waiting = try await session.store.waiting(job)
            if global.json {
                session.print(job.json(waiting: waiting))
            } else {
                JobView.lines(job, waiting: waiting).forEach(session.console.line)
            }
        }
    }
}
