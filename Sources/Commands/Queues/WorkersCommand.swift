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
                session.print(JobView.page(workers.map(WorkersCommand.json)))
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

    static func json(_ worker: [String: String]) -> JSON {
        var object: JSONObject = [:]
        for name in ["id", "host", "node", "state", "startedAt", "heartbeatAt", "version"] {
            let text = worker[name] ?? ""
            object.append(name, text.isEmpty ? .null : .string(text))
        }
        for name in ["pid", "slots", "running"] {
            object.append(name, worker[name].flatMap { Int($0) }.map { .int($0) } ?? .null)
        }
        for name in ["types", "servers"] {
            object.append(name, .strings((worker[name] ?? "").split(separator: ",").map(String.init)))
        }
        return .object(object)
    }
}
