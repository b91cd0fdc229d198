import ArgumentParser
import HoistwayModel
import Logging
import RedisClient
import Remote
import Supervision
import WorkerCore

/// What a worker and `up` have in common.
struct RunOptions: ParsableArguments {
    static let defaultSlots = 4

    @Option(help: ArgumentHelp("Where attempts, logs and workspaces are kept.", valueName: "dir"))
    var data: String?

    @Option(help: ArgumentHelp("A folder of recipes, which go before the built-in ones.", valueName: "dir"))
    var recipes: String?

    @Option(help: ArgumentHelp("Take only jobs of these types.", valueName: "a,b"), transform: OptionValue.types)
    var types: [JobType]?

    @Option(help: ArgumentHelp("How many jobs run at once (default: 4).", valueName: "n"))
    var slots: Int?

    @Option(help: "The label that pins jobs to this worker.")
    var node: String?

    @Option(
        help: ArgumentHelp("drain (default): jobs finish first; detach: leave at once, jobs go on.", valueName: "mode"),
        transform: OptionValue.stopMode
    )
    var onStop: ControlDocument.StopMode?

    @Flag(help: "Refuse every command or script that a payload brings.")
    var noCommandEval = false

    func validate() throws {
        if let slots, !(1...10_000).contains(slots) { throw ValidationError("--slots must be from 1 to 10000") }
        if let node, !Identifier.isName(node) {
            throw ValidationError("--node must match ^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")
        }
    }

    /// A worker's settings: these options over the configuration over the defaults.
    /// - Parameters:
    ///   - data: absolute path of the data folder.
    ///   - program: absolute path of this program; the monitor lies beside it.
    func settings(
        redis: RedisURL,
        prefix: String,
        data: String,
        configuration: Configuration,
        console: Console,
        program: String = ProcessSurroundings.executable()
    ) throws(CommandFailure) -> WorkerSettings {
        let worker = configuration.worker
        var settings = WorkerSettings(
            redis: redis,
            prefix: prefix,
            data: data,
            monitorPath: try RunOptions.monitor(beside: program),
            executablePath: program
        )
        settings.recipes = (recipes ?? configuration.recipes).map(console.path)
        settings.ownTypes = configuration.types
        settings.onlyTypes = types ?? worker.types
        settings.slots = slots ?? worker.slots ?? RunOptions.defaultSlots
        settings.node = node ?? worker.node
        settings.onStop = onStop ?? worker.onStop ?? .drain
        settings.limits = configuration.limits
        settings.killGrace = worker.killGrace ?? settings.killGrace
        settings.fenceMargin = worker.fenceMargin ?? settings.fenceMargin
        settings.detachFor = worker.detachFor ?? settings.detachFor
        let resources = configuration.resources
        settings.resources = ResourceLimits(memory: resources.memory, cpu: resources.cpu, processes: resources.pids)
        settings.user = worker.user
        settings.environment = worker.environment
        settings.noCommandEval = noCommandEval || worker.noCommandEval ?? false
        settings.secretsAllow = worker.secretsAllow ?? []
        settings.secretCommands = worker.secretCommands
        settings.logMaxBytes = configuration.logs.maxBytes ?? settings.logMaxBytes
        settings.logRedisBytes = configuration.logs.redisBytes ?? settings.logRedisBytes
        settings.retention = configuration.retentionRules
        settings.servers = configuration.servers.mapValues { server in
            var server = server
            server.identityFile = server.identityFile.map(console.path)
            return server
        }
        return settings
    }

    /// Absolute path of the monitor that lies beside a program.
    static func monitor(beside program: String) throws(CommandFailure) -> String {
        let folder = program.split(separator: "/").dropLast().map { "/\($0)" }.joined()
        let path = "\(folder)/hoistway-monitor"
        guard SystemFile.find("hoistway-monitor", in: folder) == path else {
            throw CommandFailure(.failed, "\(path) is missing: install hoistway-monitor beside hoistway")
        }
        return path
    }
}

extension Logger {
    /// For what runs long: lines on standard error.
    static var daemon: Logger { Logger(label: "hoistway") { StreamLogHandler.standardError(label: $0) } }
}
