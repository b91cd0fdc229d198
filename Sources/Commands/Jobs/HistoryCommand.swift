import ArgumentParser
import HoistwayModel
import HoistwayStore

struct HistoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "Show every transition of a job, oldest first.",
        discussion: "Example: hoistway history 01J0000000000000000000000"
    )

    @Argument(help: "The job's id.")
    var id: String

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        try await Session.run(global) { session in
            guard let entries = try await session.store.history(id) else { throw CommandFailure.noJob(id) }
            if global.json {
                session.print(JobView.page(entries))
                return
            }
            var table = Table(["AT", "EVENT", "STATUS", "ATTEMPT", "WORKER", "DATA"])
            table.rows = entries.map { EventView.cells($0) }
            table.lines(width: session.console.width).forEach(session.console.line)
        }
    }
}

/// An entry of a history or of the stream of events.
enum EventView {
    /// Time, event, state, attempt, worker and data.
    static func cells(_ event: JSON) -> [String] {
        func text(_ field: String) -> String { event[field]?.stringValue ?? "" }
        let state = [text("status"), text("reason")].filter { !$0.isEmpty }
        let data = event["data"].flatMap { $0.isNull ? nil : $0.text } ?? ""
        return [
            text("at"), text("event"), state.count == 2 ? "\(state[0]) (\(state[1]))" : state.first ?? "",
            event["attempt"]?.intValue.map { String($0) } ?? "", text("workerId"), data,
        ]
    }

    /// An event of the stream on one line: time, what it is about, and what happened.
    static func line(_ event: JSON) -> String {
        let cells = cells(event)
        let names = ["id", "type", "scheduleId", "workerId", "deploymentId"]
        let subject = names.lazy.compactMap { event[$0]?.stringValue }.first { !$0.isEmpty } ?? "-"
        let words = [cells[0], subject] + cells[1...2] + [cells[5]]
        return Sanitizer.line(words.filter { !$0.isEmpty }.joined(separator: "  "))
    }
}
