import ArgumentParser
import Hoistway
import HoistwayModel
import HoistwayStore

struct WaitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wait",
        abstract: "Wait until jobs end.",
        discussion: """
            Exits 0 when all are done, 1 when one ended in error or the time is over.

            Example: hoistway wait 01J0000000000000000000000 --timeout 10m
            """
    )

    @Argument(help: "The jobs' ids.")
    var ids: [String]

    @Option(help: "Longest wait, such as 30s or 5m (default: for ever).", transform: OptionValue.span)
    var timeout: TimeSpan?

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        try await Session.run(global) { session in
            let deadline = timeout.map { ContinuousClock.now + $0.duration }
            guard let jobs = try await JobWait.ended(ids, in: session, deadline: deadline) else {
                let what = ids.count == 1 ? "job \(ids[0]) has" : "some of the jobs have"
                throw CommandFailure(.failed, "\(what) not ended within \(timeout ?? .zero)")
            }
            if global.json {
                let items = jobs.map { $0.json(waiting: nil) }
                session.print(ids.count == 1 ? items[0] : JobView.page(items))
            }
            let failed = jobs.filter { $0.status == .error }
            if let last = failed.last {
                for job in failed.dropLast() { session.console.note("hoistway: \(JobView.failure(job))") }
                throw CommandFailure(.failed, JobView.failure(last))
            }
        }
    }
}
