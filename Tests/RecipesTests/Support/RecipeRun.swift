import Glibc
import HoistwayModel

@testable import Recipes

/// An attempt of a job: what it is given, and after `run` what came out of it.
struct RecipeRun: Sendable {
    let sandbox: Sandbox
    var type = "application"
    var payload: JSON
    var fence = 1
    var resourceID = "shop"
    var action = "update"
    var secrets: [String: String] = [:]
    var variables: [String: String] = [:]

    struct Outcome: Sendable {
        var status: Int32
        var events: [JSON]
        var log: String

        var error: JSON? { events.last { $0["error"] != nil }?["error"] }
        var code: String? { error?["code"]?.stringValue }
        var result: JSON? { events.last { $0["result"] != nil }?["result"] }
        var masks: [String] { events.compactMap { $0["mask"]?.stringValue } }
        var cleanups: [[String]] { events.compactMap { $0["cleanup"]?.arrayValue?.compactMap(\.stringValue) } }
        var progress: [Int] { events.compactMap { $0["progress"]?.intValue } }

        /// The last status of every resource.
        var resources: [String: String] {
            var statuses: [String: String] = [:]
            for event in events {
                guard let name = event["resource"]?["name"]?.stringValue else { continue }
                statuses[name] = event["resource"]?["status"]?.stringValue
            }
            return statuses
        }
    }

    private var attempt: String { sandbox.path + "/attempt-\(resourceID)-\(fence)" }

    /// The context of the attempt, its events and log going to files.
    func context() throws -> RecipeContext {
        try Files.remove(attempt)
        try Files.makeDirectory(attempt + "/tmp")
        try Files.makeDirectory(attempt + "/cwd")
        let events = open(attempt + "/events", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        let log = open(attempt + "/log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        return RecipeContext(
            environment: sandbox.environment.merging(["TMPDIR": attempt + "/tmp"]) { $1 }
                .merging(secrets) { $1 }.merging(variables) { $1 },
            jobID: "job-\(fence)",
            resourceID: resourceID,
            fence: fence,
            action: action,
            payload: payload.utf8,
            workspace: sandbox.path + "/workspace-" + resourceID,
            directory: attempt + "/cwd",
            temporary: attempt + "/tmp",
            executable: "/usr/bin/hoistway",
            events: EventWriter(descriptor: events),
            log: Log(output: log, error: log)
        )
    }

    func run() async throws -> Outcome {
        let context = try context()
        let status = await BuiltInRecipes.run(type, in: context)
        close(context.log.output)
        return try outcome(status)
    }

    /// What there is to see of the attempt by now.
    func outcome(_ status: Int32 = 0) throws -> Outcome {
        let lines = (sandbox.read(attempt + "/events") ?? "").split(separator: "\n")
        return Outcome(
            status: status,
            events: try lines.map { try JSON(parsing: String($0)) },
            log: sandbox.read(attempt + "/log") ?? ""
        )
    }
}
