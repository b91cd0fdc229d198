import ArgumentParser
import Hoistway
import HoistwayModel
import HoistwayStore
import RedisClient

struct EnqueueCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "enqueue",
        abstract: "Accept a job and print its id.",
        discussion: """
            --set puts a value into the payload: a number, true, false, null or JSON as such, anything else as text.

            Examples:
              hoistway enqueue application shop --set source.git=https://example.org/shop.git --follow
              hoistway enqueue schedule nightly --payload @nightly.json --delay 5m --label team=core
            """
    )

    @Argument(help: "The job's type, such as application or schedule.")
    var type: String

    @Argument(help: "The id of what is deployed.")
    var resource: String

    @OptionGroup var input: PayloadOptions

    @OptionGroup(title: "Fields of the job")
    var fields: EnqueueFields

    @Flag(help: "Wait for the end: exit 0 if it is done, 1 if it ended in error.")
    var wait = false

    @Flag(help: "Show its log and progress until the end; exits like --wait.")
    var follow = false

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        let builder = try DocumentBuilder(
            type: type,
            resource: resource,
            fields: fields,
            payload: try input.bytes(Console.current),
            settings: input.set
        )
        let document = try builder.document()
        try await Session.run(global) { session in
            let id = try await enqueue(document, session)
            if !global.json { session.console.line(id) }
            guard wait || follow else {
                if global.json { session.print(try await JobView.json(try await session.job(id), in: session)) }
                return
            }
            let job = try await end(of: id, session)
            if global.json { session.print(job.json(waiting: nil)) }
            if job.status == .error { throw CommandFailure(.failed, JobView.failure(job)) }
        }
    }

    /// Sends the document, and sends it again after a lost connection: with its id and that of the request it becomes one job.
    private func enqueue(_ document: JobDocument, _ session: Session) async throws -> String {
        var document = document
        let id = document.id ?? Identifier.ulid()
        document.id = id
        let requestID = Identifier.ulid()
        var patience = Patience(console: session.console)
        while true {
            do {
                return try await session.store.enqueue(document, requestID: requestID).id
            } catch let error as RedisError where error.code == .notReplicated {
                throw CommandFailure(.unavailable, "job \(id) is accepted, but \(error.message)")
            } catch let refusal as Refusal {
                throw DocumentBuilder.failure(refusal, type: document.type)
            } catch {
                do {
                    try await patience.absorb(error)
                } catch let failure as RedisError where failure.isConnectionLoss {
                    let advice = "ask later with \"hoistway status \(id)\""
                    throw CommandFailure(
                        .unavailable,
                        "it is not known whether job \(id) was accepted: \(failure); \(advice)"
                    )
                }
            }
        }
    }

    private func end(of id: String, _ session: Session) async throws -> Job {
        if follow {
            let interruption = Interruption(id: id, console: session.console)
            defer { interruption.end() }
            let printer = FollowPrinter(console: session.console, logsToError: global.json, showsStatus: true)
            var follower = LogFollower(id, in: session, printer: printer)
            return try await follower.run()
        }
        guard let job = try await JobWait.ended([id], in: session)?.first else { throw CommandFailure.noJob(id) }
        return job
    }
}
