import ArgumentParser
import HoistwayModel
import HoistwayStore

struct WorkersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "workers",
        abstract: "Show the workers.",
        discussion: "Example: hoistway workers"
    )

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        try await Session.run(global) { session in
            let workers = try await session.store.workers()
            if global.json {
                session.print(JobView.page(workers.map(WorkerView.json)))
            } else {
                WorkersCommand.lines(workers, width: session.console.width).forEach(session.console.line)
            }
        }
    }

    static func lines(_ workers: [[String: String]], width: Int?, now: Timestamp = .now()) -> [String] {
        var table = Table(["ID", "HOST", "NODE", "STATE", "RUNNING", "HEARTBEAT", "TYPES"])
        for worker in workers {
            let heartbeat = worker["heartbeatAt"].flatMap { Timestamp(parsing: $0) }
            let node = worker["node"] ?? ""
            table.rows.append([
                worker["id"] ?? "", worker["host"] ?? "-", node.isEmpty ? "-" : node, worker["state"] ?? "-",
                "\(worker["running"] ?? "0")/\(worker["slots"] ?? "?")", Ages.since(heartbeat, now: now),
                worker["types"] ?? "",
            ])
        }
        return table.lines(width: width)
    }
}
