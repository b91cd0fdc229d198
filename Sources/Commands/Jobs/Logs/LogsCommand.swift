import ArgumentParser
import Hoistway
import HoistwayModel
import HoistwayStore

struct LogsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs",
        abstract: "Show a job's log.",
        discussion: """
            The log is read from its file where the job ran, and from its copy in Redis elsewhere, which the worker that
            has the file is asked for when it is gone.

            Example: hoistway logs -f 01J0000000000000000000000 --tail 20
            """
    )

    @Argument(help: "The job's id.")
    var id: String

    @Flag(name: [.short, .long], help: "Go on until the job has ended.")
    var follow = false

    @Option(help: ArgumentHelp("Begin with the last lines.", valueName: "lines"))
    var tail: Int?

    @OptionGroup var global: GlobalOptions

    func validate() throws {
        if let tail, tail < 0 { throw ValidationError("--tail must not be negative") }
        if follow, global.json { throw ValidationError("--json and --follow exclude each other") }
    }

    func run() async throws {
        try await Session.run(global) { session in
            let job = try await session.job(id)
            if follow {
                try await LogsCommand.requireLog(of: job, session)
                let printer = FollowPrinter(console: session.console, showsStatus: false)
                var follower = LogFollower(id, in: session, printer: printer)
                _ = try await follower.run(tail: tail)
            } else {
                try await show(job, session)
            }
        }
    }

    private func show(_ job: Job, _ session: Session) async throws {
        try await LogsCommand.requireLog(of: job, session)
        let source = LogSource.of(job, in: session)
        var printer = FollowPrinter(console: session.console, showsStatus: false)
        var offset = 0
        if let tail { offset = try await source.offset(ofLast: tail) }
        var all: [UInt8] = []
        while true {
            let chunk = try await source.read(from: offset)
            offset = chunk.end
            if chunk.bytes.isEmpty { break }
            if global.json { all += chunk.bytes } else { printer.log(chunk) }
        }
        printer.finish()
        if job.status.isTerminal, offset < job.logBytes { printer.note(LogGap.text(offset..<job.logBytes)) }
        guard global.json else { return }
        let split = FollowPrinter.lines(all)
        let rest = split.rest.isEmpty ? [] : [String(decoding: split.rest, as: UTF8.self)]
        session.print(["items": .strings(split.lines + rest), "nextOffset": .int(offset)])
    }

    /// Says where the log is when it can be read neither here nor in Redis, and notes it when there is none yet.
    static func requireLog(of job: Job, _ session: Session) async throws {
        guard job.logPath != nil else {
            if job.status != .pending { return }
            session.console.note("hoistway: job \(job.id) has not started, so it has no log yet")
            return
        }
        let source = LogSource.of(job, in: session)
        guard source.isCopy, job.logBytes > 0 else { return }
        guard try await session.store.provideLog(of: job) else {
            throw CommandFailure(.failed, "log_unavailable: \(LogSource.place(of: job))")
        }
    }
}
