import ArgumentParser
import HoistwayModel
import WorkerCore

struct WorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker",
        abstract: "Run a worker, stop one, or declare its host dead.",
        discussion: """
            The first SIGTERM or Ctrl-C stops it as --on-stop says, the second kills what runs, the third leaves at once.

            Examples:
              hoistway worker --redis redis://:secret@10.0.0.2 --types application,backup --slots 8
              hoistway worker stop WORKER --mode detach
              hoistway worker forget WORKER
            """,
        subcommands: [WorkerStopCommand.self, WorkerForgetCommand.self]
    )

    @OptionGroup var options: RunOptions

    // Taken, because units and scripts that name it must go on working when leases come; not shown before.
    @Option(help: .hidden, transform: OptionValue.span)
    var fenceAfter: TimeSpan?

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        let console = Console.current
        let configuration = try ConfigurationFile.load(global.config, console: console)
        configuration.warnOfKeysWithoutEffect(console)
        let data = try DataLocation.path(options.data, configuration, console: console)
        var settings = try options.settings(
            redis: try await RedisLocation.resolve(global.redis, configuration, console: console),
            prefix: try Session.prefix(global, configuration),
            data: data,
            configuration: configuration,
            console: console
        )
        settings.durability = global.durability(configuration)
        if fenceAfter != nil { console.note("--fence-after has no effect yet: this version has no leases") }
        let place = "\(settings.redis), data in \(data)"
        try await WorkerDaemon(settings: settings, logger: .daemon) { id in
            console.note("worker \(id) takes jobs from \(place)")
        }.run()
    }
}
