import Glibc
import HoistwayModel

/// What an attempt hands to its recipe.
struct RecipeContext: Sendable {
    /// The whole environment: the job's variables, its secrets by name, and what the attempt sets.
    var environment: [String: String]
    var jobID: String
    var resourceID: String
    /// Grows with every attempt of any job: who has the smaller one must not replace what the larger one wrote.
    var fence: Int
    var action: String
    var payload: [UInt8]
    /// Kept for the resource between jobs.
    var workspace: String
    /// A fresh folder of this attempt, the working directory.
    var directory: String
    /// A folder for secrets in files and scripts, gone with the attempt.
    var temporary: String
    /// This program, for cleanup commands.
    var executable: String
    var events: EventWriter
    var log: Log

    /// Whether the payload may bring commands and scripts.
    var allowsCommands: Bool {
        !["1", "true", "yes"].contains(environment["HOISTWAY_NO_COMMAND_EVAL"] ?? "")
    }

    func report(_ failure: RecipeFailure) {
        log.error("error: \(failure.message)")
        for error in failure.fieldErrors { log.error("  \(error.path): \(error.message)") }
        events.send(failure.event)
    }

    /// The value of a secret of the job.
    /// - Throws: `missing_secret` when the job has none of this name.
    func secret(_ name: String, for field: String) throws(RecipeFailure) -> String {
        guard let value = environment[name], !value.isEmpty else {
            throw RecipeFailure(
                code: "missing_secret",
                message: "\(field) names the secret \(name), which the job does not have; add it to its secrets",
                retryable: false,
                fieldErrors: [(field, "the job has no secret named \(name)")]
            )
        }
        return value
    }
}

extension RecipeContext {
    /// Reads the context of this process.
    /// - Throws: `environment` when a variable that every attempt has is missing.
    init(process environment: [String: String]) throws(RecipeFailure) {
        func variable(_ name: String) throws(RecipeFailure) -> String {
            guard let value = environment[name], !value.isEmpty else {
                throw RecipeFailure(code: "environment", message: "\(name) is not set; recipes are run by a worker")
            }
            return value
        }
        let directory = Files.currentDirectory()
        self.environment = environment
        jobID = try variable("HOISTWAY_JOB_ID")
        resourceID = try variable("HOISTWAY_RESOURCE_ID")
        fence = Int(try variable("HOISTWAY_FENCE")) ?? 0
        action = environment["HOISTWAY_ACTION"] ?? "update"
        payload = try Files.read(variable("HOISTWAY_PAYLOAD"))
        workspace = try variable("HOISTWAY_WORKSPACE")
        self.directory = directory
        temporary = environment["TMPDIR"] ?? directory
        executable = Files.executablePath()
        events = EventWriter(setting: environment["HOISTWAY_EVENTS"])
        log = Log(output: 1, error: 2)
        // Commands must not write events of their own.
        _ = fcntl(3, F_SETFD, FD_CLOEXEC)
    }
}
