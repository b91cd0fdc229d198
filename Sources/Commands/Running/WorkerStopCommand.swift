import ArgumentParser
import HoistwayModel
import HoistwayStore

struct WorkerStopCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop",
        abstract: "Stop a worker.",
        discussion: "Example: hoistway worker stop WORKER --mode detach"
    )

    @Argument(help: "The worker's id; \"hoistway workers\" shows them.")
    var id: String

    @Option(
        help: ArgumentHelp(
            "drain: its jobs finish first; detach: it leaves at once, its jobs go on.",
            valueName: "mode"
        ),
        transform: OptionValue.stopMode
    )
    var mode = ControlDocument.StopMode.drain

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        try await Session.run(global) { session in
            try await session.store.stopWorker(id, mode: mode)
            if global.json { session.print(["ok": true, "worker": .string(id), "mode": .string(mode.rawValue)]) }
        }
    }
}
