import ArgumentParser
import HoistwayModel
import HoistwayStore

struct QueuesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queues",
        abstract: "Show what waits and runs, by type.",
        discussion: "Example: hoistway queues"
    )

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        try await Session.run(global) { session in
            let queues = try await session.store.queues()
            if global.json {
                session.print(JobView.page(queues.map(\.json)))
                return
            }
            var table = Table(["TYPE", "PENDING", "RUNNING", "OLDEST", "WORKERS", "STATE"])
            for queue in queues {
                table.rows.append([
                    queue.type.name, String(queue.pending), String(queue.running), Ages.since(queue.oldest),
                    String(queue.workers), queue.isPaused ? "paused" : "open",
                ])
            }
            table.lines(width: session.console.width).forEach(session.console.line)
        }
    }
}
