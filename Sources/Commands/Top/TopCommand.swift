import ArgumentParser
import HoistwayModel
import HoistwayStore

struct TopCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "top",
        abstract: "Watch queues, workers and running jobs.",
        discussion: """
            Keys: j and k or the arrows choose a job, l shows its log, x kills it after a question, ? shows all keys, q
            quits. Where output is no terminal it is shown once.

            Example: hoistway top
            """
    )

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        try await Session.run(global) { session in
            if global.json {
                session.print(TopCommand.json(try await session.store.overview()))
            } else if TopTerminal.isThere(session.console) {
                try await TopView(session: session).run()
            } else {
                try await TopCommand.printOnce(session)
            }
        }
    }

    /// One frame, as long as it needs to be.
    private static func printOnce(_ session: Session) async throws {
        let overview = try await session.store.overview()
        var state = TopState()
        state.show(overview)
        let rows = 4 * (overview.queues.count + overview.workers.count + 4) + overview.jobs.count
        let size = TopScreen.Size(columns: session.console.width ?? 120, rows: rows)
        var lines = TopScreen.lines(state, size).dropLast().map(\.text)
        while lines.last == "" { lines.removeLast() }
        for line in lines {
            session.console.line(String(line.reversed().drop { $0 == " " }.reversed()))
        }
    }

    static func json(_ overview: Overview) -> JSON {
        [
            "at": .string(overview.at.description),
            "running": .int(overview.running),
            "pending": .int(overview.pending),
            "arrived": .int(overview.arrived),
            "queues": .array(
                overview.queues.map {
                    [
                        "type": .string($0.type), "paused": .bool($0.isPaused), "pending": .int($0.pending),
                        "running": .int($0.running), "workers": .int($0.workers),
                    ]
                }
            ),
            "workers": .array(
                overview.workers.map {
                    [
                        "id": .string($0.id), "host": .string($0.host),
                        "node": $0.node.isEmpty ? .null : .string($0.node), "state": .string($0.state),
                        "slots": $0.slots.map { .int($0) } ?? .null, "running": .int($0.running),
                        "heartbeatAt": .string(orNull: $0.heartbeatAt?.description),
                    ]
                }
            ),
            "jobs": .array(
                overview.jobs.map {
                    [
                        "id": .string($0.id), "type": .string($0.type), "resourceId": .string($0.resourceID),
                        "stage": $0.stage.isEmpty ? .null : .string($0.stage), "progress": .int($0.progress),
                        "startedAt": .string(orNull: $0.startedAt?.description), "workerId": .string($0.workerID),
                        "title": .string($0.title),
                    ]
                }
            ),
        ]
    }
}
