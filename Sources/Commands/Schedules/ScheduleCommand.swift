import ArgumentParser
import HoistwayModel
import HoistwayStore

struct ScheduleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schedule",
        abstract: "Enqueue jobs again and again, at the times of a cron expression.",
        discussion: """
            A schedule enqueues jobs of any type; the job type "schedule" is a recipe and something else.

            Example:
              hoistway schedule add nightly '30 2 * * *' backup db --timezone Europe/Berlin
            """,
        subcommands: [
            ScheduleAddCommand.self, ScheduleListCommand.self, ScheduleShowCommand.self, ScheduleRemoveCommand.self,
            ScheduleRunCommand.self, SchedulePauseCommand.self, ScheduleResumeCommand.self,
        ]
    )
}

struct ScheduleListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Show the schedules, the next to run first.",
        discussion: "Example: hoistway schedule list"
    )

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        try await Session.run(global) { session in
            let schedules = try await session.store.schedules()
            if global.json {
                session.print(JobView.page(schedules.map { .object($0.json()) }))
            } else {
                ScheduleView.table(schedules, width: session.console.width).forEach(session.console.line)
            }
        }
    }
}

struct ScheduleShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show a schedule and its next runs.",
        discussion: "Example: hoistway schedule show nightly"
    )

    @Argument(help: "The schedule's id.")
    var id: String

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        try await Session.run(global) { session in
            let stored = try await session.store.schedule(id)
            if global.json {
                session.print(.object(stored.json()))
            } else {
                ScheduleView.lines(stored).forEach(session.console.line)
            }
        }
    }
}

struct ScheduleRemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Remove a schedule; its jobs stay.",
        discussion: "Example: hoistway schedule remove nightly"
    )

    @Argument(help: "The schedule's id.")
    var id: String

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        try await Session.run(global) { session in
            try await session.store.removeSchedule(id)
            if global.json { session.print(["ok": true, "id": .string(id)]) }
        }
    }
}

struct ScheduleRunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Enqueue a job of a schedule now, and print its id.",
        discussion: """
            It is enqueued whether the last one has ended or not; with --overlap replace that is killed.

            Example: hoistway schedule run nightly
            """
    )

    @Argument(help: "The schedule's id.")
    var id: String

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        try await Session.run(global) { session in
            let job = try await session.store.runSchedule(id)
            if global.json {
                session.print(try await JobView.json(try await session.job(job), in: session))
            } else {
                session.console.line(job)
            }
        }
    }
}

struct SchedulePauseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause",
        abstract: "Let a schedule enqueue nothing.",
        discussion: "Example: hoistway schedule pause nightly"
    )

    @Argument(help: "The schedule's id.")
    var id: String

    @OptionGroup var global: GlobalOptions

    func run() async throws { try await ScheduleView.pause(id, true, global) }
}

struct ScheduleResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Let a schedule enqueue again; what would have run in between is not made up for.",
        discussion: "Example: hoistway schedule resume nightly"
    )

    @Argument(help: "The schedule's id.")
    var id: String

    @OptionGroup var global: GlobalOptions

    func run() async throws { try await ScheduleView.pause(id, false, global) }
}
