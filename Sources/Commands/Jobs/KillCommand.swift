import ArgumentParser
import Hoistway
import HoistwayModel
import HoistwayStore

struct KillCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kill",
        abstract: "End a job: cancel it while it waits, else kill all of its processes.",
        discussion: """
            Without --signal all processes get TERM, and KILL after the grace. A job that has ended is left as it is.

            Example: hoistway kill 01J0000000000000000000000 --why "wrong branch" --wait
            """
    )

    @Argument(help: "The job's id.")
    var id: String

    @Option(
        help: ArgumentHelp("TERM or KILL.", valueName: "signal"),
        transform: { text in
            guard let signal = KillOrder.Signal(rawValue: text.uppercased()) else {
                throw ValidationError("it must be TERM or KILL")
            }
            return signal
        }
    )
    var signal: KillOrder.Signal?

    @Option(help: "Time between TERM and KILL, such as 30s.", transform: OptionValue.span)
    var grace: TimeSpan?

    @Option(help: ArgumentHelp("The reason, for those who ask later.", valueName: "text"))
    var why: String?

    @Flag(help: "Wait until nothing of it is left.")
    var wait = false

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        let order = KillOrder(signal: signal, grace: grace, by: ProcessSurroundings.account(), why: why)
        try await Session.run(global) { session in
            do {
                _ = try await session.store.kill(id, order)
            } catch let refusal as Refusal where refusal.code == .alreadyEnded {
                session.console.note("hoistway: \(refusal.message)")
            }
            if wait { _ = try await JobWait.ended([id], in: session) }
            if global.json { session.print(try await JobView.json(try await session.job(id), in: session)) }
        }
    }
}
