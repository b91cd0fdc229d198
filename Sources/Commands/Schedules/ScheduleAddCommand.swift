import ArgumentParser
import HoistwayModel
import HoistwayStore

struct ScheduleAddCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Add a schedule.",
        discussion: """
            CRON is minute, hour, day of the month, month and day of the week, or @hourly, @daily, @weekly, @monthly, @yearly. \
            Quote it. Days of the month and of the week both given: either is enough.

            Examples:
              hoistway schedule add nightly '30 2 * * *' backup db --timezone Europe/Berlin --missed once
              hoistway schedule add poll '*/5 * * * MON-FRI' application shop --overlap replace --jitter 30s
            """
    )

    @Argument(help: ArgumentHelp("The schedule's id.", valueName: "id"))
    var name: String

    @Argument(help: "When, such as '30 2 * * *' or @daily.")
    var cron: String

    @Argument(help: "The jobs' type, such as backup.")
    var type: String

    @Argument(help: "The id of what is deployed.")
    var resource: String

    @Option(help: ArgumentHelp("Whose clock, such as Europe/Berlin (default: UTC).", valueName: "zone"))
    var timezone: String?

    @Option(
        help: ArgumentHelp(
            "While its last job has not ended: skip (default), queue, or replace, which kills it.",
            valueName: "what"
        )
    )
    var overlap: String?

    @Option(
        help: ArgumentHelp("Runs at whose time no worker was there: skip (default), once or all.", valueName: "what")
    )
    var missed: String?

    @Option(help: ArgumentHelp("Put each run off by up to this much.", valueName: "duration"))
    var jitter: String?

    @Flag(help: "Add it paused.")
    var paused = false

    @Flag(help: "Take the place of a schedule that has this id.")
    var replace = false

    @OptionGroup var input: PayloadOptions

    @OptionGroup(title: "Fields of the jobs")
    var fields: EnqueueFields

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        let schedule = try schedule(Console.current)
        try await Session.run(global) { session in
            do {
                try await session.store.put(schedule, replacing: replace)
            } catch let refusal as Refusal {
                var failure = ScheduleView.failure(refusal)
                if refusal.code == .idInUse { failure.description += "; change it with --replace" }
                throw failure
            }
            let stored = try await session.store.schedule(name)
            if global.json {
                session.print(.object(stored.json()))
            } else {
                session.console.line(name)
            }
        }
    }

    private func schedule(_ console: Console) throws(CommandFailure) -> Schedule {
        let builder = try DocumentBuilder(
            type: type,
            resource: resource,
            fields: fields,
            payload: try input.bytes(console),
            settings: input.set
        )
        var object: JSONObject = ["id": .string(name), "cron": .string(cron), "paused": .bool(paused)]
        for case (let key, let text?) in [("timezone", timezone), ("overlap", overlap), ("missed", missed)] {
            object.append(key, .string(text))
        }
        if let jitter { object.append("jitter", .string(jitter)) }
        let text = JSON.object(object).utf8.dropLast() + Array(#","job":"#.utf8) + builder.bytes + [UInt8(ascii: "}")]
        do throws(Refusal) {
            let schedule = try Schedule(parsing: Array(text))
            _ = try schedule.calendar()
            return schedule
        } catch {
            throw ScheduleView.failure(error)
        }
    }
}
