import ArgumentParser
import HoistwayModel
import HoistwayStore

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Check the live data and what Hoistway needs around it.",
        discussion: """
            Explains each breach of what has to hold, in a sentence. It may run at any time, beside workers that work: what \
            it reports, it saw twice. --repair repairs what can be repaired, each job in one step that looks once more; a \
            job's own hash is what its places are repaired after. Exit code 1 when a breach remains.

            Example: hoistway doctor --repair
            """
    )

    @Flag(help: "Repair what can be repaired.")
    var repair = false

    @Option(help: ArgumentHelp("The data folder to look at, instead of the usual one.", valueName: "dir"))
    var data: String?

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        let report = try await Session.run(global) { session in
            var report = DoctorReport()
            report.checks = try await RedisChecks.run(session.store)
            report.checks += HostChecks.run(
                data: try DataLocation.path(data, session.configuration, console: session.console),
                isNamed: data != nil || session.configuration.data != nil
            )
            report.breaches = try await DoctorCommand.examine(session.store, repairing: repair)
            if global.json {
                session.print(report.json)
            } else {
                report.lines.forEach(session.console.line)
            }
            return report
        }
        if !report.isSound { throw ExitCode(CommandFailure.Code.failed.rawValue) }
    }

    /// The time between two looks: what is under way is over by then.
    private static let pause = Duration.milliseconds(1100)
    /// A repair may uncover what lay behind it.
    private static let mostRounds = 5

    /// What is wrong at two looks, and what of it was repaired.
    static func examine(_ store: Store, repairing: Bool) async throws -> [Breach] {
        var repaired: [Breach] = []
        for _ in 0..<mostRounds {
            let first = try await store.breaches()
            if first.isEmpty { return repaired }
            try await Task.sleep(for: pause)
            let confirmed = try await store.lookAgain(first)
            guard repairing, confirmed.contains(where: \.isRepairable) else { return repaired + confirmed }
            repaired += try await store.lookAgain(confirmed, repairing: true).filter(\.isRepaired)
        }
        return repaired + (try await store.lookAgain(try await store.breaches()))
    }
}
