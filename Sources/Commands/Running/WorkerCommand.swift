import ArgumentParser
import HoistwayModel
import WorkerCore

struct WorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker",
        abstract: "Run a worker, stop one, or declare its host dead.",
        discussion: """
            Jobs with a server id run over ssh on the servers that the configuration names; one that it does not name waits.
            The first SIGTERM or Ctrl-C stops it as --on-stop says, the second kills what runs, the third leaves at once.

            Examples:
              hoistway worker --redis redis://:secret@10.0.0.2 --types application,backup --slots 8
              hoistway worker stop WORKER --mode detach
              hoistway worker forget WORKER
            """,
        subcommands: [WorkerStopCommand.self, WorkerForgetCommand.self]
    )

    @OptionGroup var options: RunOptions

    @Option(
        help: ArgumentHelp(
            "End an attempt whose worker is gone or cut off for this long (default: 60s; 0: never).",
            valueName: "span"
        ),
        transform: OptionValue.span
    )
    var fenceAfter: TimeSpan?

    @OptionGroup var global: GlobalOptions

    func validate() throws {
        if let fenceAfter, fenceAfter != .zero, fenceAfter < .seconds(1) {
            throw ValidationError("--fence-after must be 0 or at least 1s")
        }
    }

    func run() async throws {
        let console = Console.current
        let configuration = try ConfigurationFile.load(global.config, console: console)
        let data = try DataLocation.path(options.data, configuration, console: console)
        var settings = try options.settings(
            redis: try await RedisLocation.resolve(global.redis, configuration, console: console),
            prefix: try Session.prefix(global, configuration),
            data: data,
            configuration: configuration,
            console: console
        )
        settings.durability = global.durability(configuration)
        settings.fenceAfter = fenceAfter ?? configuration.worker.fenceAfter ?? WorkerSettings.standardFenceAfter
        let place = "\(settings.redis), data in \(data)"
        try await WorkerDaemon(settings: settings, logger: .daemon) { id in
            console.note("worker \(id) takes jobs from \(place)")
        }.run()
    }
}
