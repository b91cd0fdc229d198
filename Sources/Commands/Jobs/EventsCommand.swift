import ArgumentParser
import Hoistway
import HoistwayModel
import HoistwayStore
import RedisClient

struct EventsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events",
        abstract: "Show what happened to jobs, queues and workers.",
        discussion: "With --json each event is an object on a line of its own.\n\nExample: hoistway events -f"
    )

    @Flag(name: [.short, .long], help: "Go on with what happens from now on.")
    var follow = false

    @Option(help: "How many of the past to begin with.")
    var limit: Int = 50

    @OptionGroup var global: GlobalOptions

    func validate() throws {
        guard (0...10_000).contains(limit) else { throw ValidationError("--limit must be from 0 to 10000") }
    }

    func run() async throws {
        try await Session.run(global) { session in
            let recent = try await session.store.recentEvents(max(1, limit))
            for entry in recent.suffix(limit) { show(entry.event, session) }
            guard follow else { return }
            var last = recent.last?.id ?? "0-0"
            let connection = session.client.blocking()
            var patience = Patience(console: session.console)
            while true {
                do {
                    let events = try await session.store.events(after: last, block: 5, on: connection)
                    patience.recovered()
                    for entry in events { show(entry.event, session) }
                    last = events.last?.id ?? last
                } catch {
                    try await patience.absorb(error)
                }
            }
        }
    }

    private func show(_ event: JSONObject, _ session: Session) {
        session.console.line(global.json ? JSON.object(event).text : EventView.line(.object(event)))
    }
}
