import ArgumentParser
import HoistwayModel
import HoistwayStore

struct WorkerForgetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forget",
        abstract: "Declare a worker's host dead: its attempts are lost now.",
        discussion: """
            Jobs with more than one attempt are tried again elsewhere, the others end in error. Only for a host that is down or \
            cut off for good: what still runs there is not ended by this. A worker that lives is stopped with "worker stop".

            Example: hoistway worker forget WORKER
            """
    )

    @Argument(help: "The worker's id; \"hoistway workers\" shows them.")
    var id: String

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        try await Session.run(global) { session in
            try await session.store.forgetWorker(id)
            if global.json { session.print(["ok": true, "worker": .string(id)]) }
        }
    }
}
