import HoistwayModel

/// The recipe `schedule`: runs one command or script, and passes on how it ends.
struct ScheduleRecipe: Sendable {
    let context: RecipeContext

    func run() async throws(RecipeFailure) {
        for password in (try? JSON(parsing: context.payload)).map(URLPasswords.within) ?? [] {
            context.events.mask(password)
        }
        let payload = try SchedulePayload(parsing: context.payload)
        guard context.allowsCommands else {
            throw .commandRefused(payload.script == nil ? "command" : "script")
        }
        let stages = Stages([Stages.Stage(name: "run", progress: 0)], type: "schedule", in: context)
        try await stages.perform("run", "running") { () throws(RecipeFailure) in
            let words =
                try payload.script.map { text throws(RecipeFailure) in try context.words(running: text) }
                ?? payload.command
            let directory = try self.directory(payload.directory)
            let status = try await context.command(words, in: directory, changing: payload.environment.mapValues { $0 })
                .run(log: context.log)
            guard status == 0 else {
                throw RecipeFailure(
                    code: "command_failed",
                    message: "\(payload.script == nil ? words[0] : "the script") exited with \(status)",
                    status: status
                )
            }
        }
        context.events.send(["result": ["exitCode": 0]])
    }

    private func directory(_ path: String?) throws(RecipeFailure) -> String {
        guard let path else { return context.directory }
        let absolute = path.hasPrefix("/") ? path : context.directory + "/" + path
        guard Files.isDirectory(absolute) else {
            throw RecipeFailure(
                code: "path_not_found",
                message: "cwd: there is no folder \(path)",
                retryable: false,
                fieldErrors: [("cwd", "no such folder")]
            )
        }
        return absolute
    }
}

/// What a `schedule` job asks for: a command or a script, not both.
struct SchedulePayload: Sendable {
    var command: [String]
    var script: String?
    var directory: String?
    var environment: [String: String]

    /// - Throws: `invalid_payload` with every field error.
    init(parsing bytes: [UInt8]) throws(RecipeFailure) {
        let reader = PayloadReader()
        let root = try reader.root(bytes, keys: ["command", "script", "cwd", "env"])
        command = root.optionalCommand("command") ?? []
        script = root.has("script") ? root.text("script") : nil
        directory = root.optionalString("cwd")
        environment = [:]
        for variable in root.variables("env", allowSecrets: false) {
            if variable.name.hasPrefix("HOISTWAY_") {
                root.reader.fail("env.\(variable.name)", "names with HOISTWAY_ are set by the worker")
            }
            if case .text(let text) = variable.value { environment[variable.name] = text }
        }
        if root.has("command") == root.has("script") {
            root.fail("command", "exactly one of command and script is required")
        }
        try reader.finish()
    }
}
