import ArgumentParser

/// The fields of a job document as options.
struct EnqueueFields: ParsableArguments {
    @Option(help: "The job's id (default: a new one).")
    var id: String?

    @Option(help: "Shown to people.")
    var title: String?

    @Option(help: "Shown to people.")
    var description: String?

    @Option(help: "Run it on this server over ssh, by a worker that knows it.")
    var serverId: String?

    @Option(help: "Only on workers with this label.")
    var node: String?

    @Option(help: ArgumentHelp("0 (first) to 9 (default: 5).", valueName: "number"))
    var priority: String?

    @Option(help: ArgumentHelp("Not before this time has passed.", valueName: "duration"))
    var delay: String?

    @Option(help: ArgumentHelp("Not before this moment, such as 2026-01-15T08:00:00Z.", valueName: "time"))
    var runAt: String?

    @Option(help: ArgumentHelp("How often it is tried (default: 1).", valueName: "number"))
    var maxAttempts: String?

    @Option(help: ArgumentHelp("fixed:30s, exponential:5s:300s, or JSON.", valueName: "backoff"))
    var backoff: String?

    @Option(help: ArgumentHelp("Longest time of an attempt, 0 for none (default: 1h).", valueName: "duration"))
    var timeout: String?

    @Option(help: ArgumentHelp("Longest time without output.", valueName: "duration"))
    var idleTimeout: String?

    @Option(help: ArgumentHelp("Longest wait in the queue.", valueName: "duration"))
    var startDeadline: String?

    @Option(help: ArgumentHelp("Time between TERM and KILL.", valueName: "duration"))
    var killGrace: String?

    @Option(help: ArgumentHelp("Jobs that share it take turns (default: TYPE:RESOURCE).", valueName: "key"))
    var concurrencyKey: String?

    @Option(help: ArgumentHelp("How many of the key run at once (default: 1).", valueName: "number"))
    var concurrencyLimit: String?

    @Option(help: ArgumentHelp("queue, supersede, supersedeRunning or reject.", valueName: "what"))
    var onConflict: String?

    @Option(help: ArgumentHelp("Used again within 24 h, it answers the first job.", valueName: "key"))
    var idempotencyKey: String?

    @Option(help: ArgumentHelp("A job that must be done first; may be repeated.", valueName: "id"))
    var dependsOn: [String] = []

    @Option(help: ArgumentHelp("A variable for the recipe; may be repeated.", valueName: "name=value"))
    var env: [String] = []

    @Option(
        name: [.long, .customLong("secrets")],
        help: ArgumentHelp("A secret, as file:, env: or command:; may be repeated.", valueName: "name=reference")
    )
    var secret: [String] = []

    @Option(help: ArgumentHelp("A URL to tell of the end, or JSON; may be repeated.", valueName: "url"))
    var notify: [String] = []

    @Option(help: "Carried through.")
    var organizationId: String?

    @Option(help: "Carried through.")
    var memberId: String?

    @Option(
        name: [.long, .customLong("labels")],
        help: ArgumentHelp("Carried through, searchable; may be repeated.", valueName: "key=value")
    )
    var label: [String] = []

    @Option(help: ArgumentHelp("A list in Redis that gets the answer.", valueName: "list"))
    var replyTo: String?
}
