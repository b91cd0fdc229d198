import HoistwayModel

/// The recipe `application`: takes a source, builds it, releases it and keeps the release only if it is healthy.
struct ApplicationRecipe: Sendable {
    let context: RecipeContext

    private static let stages = [
        Stages.Stage(name: "source", progress: 0), Stages.Stage(name: "build", progress: 30),
        Stages.Stage(name: "release", progress: 65), Stages.Stage(name: "health", progress: 80),
    ]

    /// What the source stage found.
    struct Checkout: Sendable {
        /// The folder to build and release.
        var folder: String
        /// The full id, for a git source.
        var commit: String?
    }

    func run() async throws(RecipeFailure) {
        maskPasswords()
        let payload = try ApplicationPayload(parsing: context.payload)
        if !context.allowsCommands { try payload.refuseCommands() }
        let docker = Docker(context: context)
        if payload.needsDocker { try await docker.requireDaemon() }

        let release: any Release =
            switch payload.release {
            case .files(let options): FileRelease(options, in: context)
            case .container(let options): ContainerRelease(options, docker: docker, in: context)
            }
        let stages = Stages(ApplicationRecipe.stages, type: "application", in: context)
        defer { stages.settleRest() }
        let result =
            switch context.action {
            case "stop": try await stop(release, stages)
            case "restart": try await restart(release, payload.healthCheck, stages)
            default: try await deploy(payload, as: release, stages)
            }
        stages.settleRest()
        context.events.progress(99, stage: "health", message: "\(context.action) done")
        context.events.send(["result": .object(result)])
    }

    private func stop(_ release: any Release, _ stages: Stages) async throws(RecipeFailure) -> JSONObject {
        try await stages.perform("release", "stopping") { () throws(RecipeFailure) in try await release.stop() }
        return ["stopped": true]
    }

    private func restart(
        _ release: any Release,
        _ check: HealthCheck?,
        _ stages: Stages
    ) async throws(RecipeFailure) -> JSONObject {
        try await stages.perform("release", "restarting") { () throws(RecipeFailure) in try await release.restart() }
        if let check {
            try await stages.perform("health", "waiting for it to be healthy") { () throws(RecipeFailure) in
                try await release.waitUntilHealthy(check)
            }
        }
        return ["restarted": true]
    }

    private func deploy(
        _ payload: ApplicationPayload,
        as release: any Release,
        _ stages: Stages
    ) async throws(RecipeFailure) -> JSONObject {
        let checkout = try await stages.perform("source", "fetching the source") { () throws(RecipeFailure) in
            try await checkOut(payload.source)
        }
        var result = describe(payload.source, checkout)
        if case .none = payload.build {
        } else {
            try await stages.perform("build", "building") { () throws(RecipeFailure) in
                try await build(payload.build, checkout, release)
            }
        }
        try await stages.perform("release", "releasing") { () throws(RecipeFailure) in
            try await release.start(checkout)
        }
        do {
            if let check = payload.healthCheck {
                try await stages.perform("health", "waiting for the release to be healthy") {
                    () throws(RecipeFailure) in
                    try await release.waitUntilHealthy(check)
                }
            }
            for member in try await release.finish() { result[member.key] = member.value }
            return result
        } catch {
            await release.putBack()
            throw error
        }
    }

    private func maskPasswords() {
        guard let payload = try? JSON(parsing: context.payload) else { return }
        for password in URLPasswords.within(payload) { context.events.mask(password) }
    }

    private func checkOut(_ source: ApplicationPayload.Source) async throws(RecipeFailure) -> Checkout {
        switch source {
        case .git(let git):
            context.log.info("fetching \(git.ref) of \(git.url.text)")
            let clone = try GitClone(git, in: context)
            let commit = try await clone.update()
            context.log.info("at commit \(commit)")
            let folder = try SourcePath.resolve(git.subdirectory ?? ".", in: clone.folder, field: "source.subdir")
            return Checkout(folder: folder, commit: commit)
        case .directory(let path):
            guard Files.isDirectory(path), let resolved = Files.resolve(path) else {
                throw RecipeFailure(
                    code: "path_not_found",
                    message: "source.path: there is no folder \(path)",
                    retryable: false,
                    fieldErrors: [("source.path", "no such folder")]
                )
            }
            // A build works on a copy: the folder is somebody's own.
            let copy = context.directory + "/source"
            try Files.remove(copy)
            try FileCopy.copyTree(resolved, to: copy, leavingOut: [])
            return Checkout(folder: copy, commit: nil)
        }
    }

    private func build(
        _ build: ApplicationPayload.Build,
        _ checkout: Checkout,
        _ release: any Release
    ) async throws(RecipeFailure) {
        switch build {
        case .none: return
        case .dockerfile(let dockerfile): try await release.build(dockerfile, checkout)
        case .command(let words):
            let variables = ["HOISTWAY_COMMIT": checkout.commit]
            let status = try await context.command(words, in: checkout.folder, changing: variables).run(
                log: context.log
            )
            guard status == 0 else {
                throw RecipeFailure(
                    code: "build_failed",
                    message: "the build command \(words[0]) exited with \(status)",
                    retryable: status == 75 ? true : nil
                )
            }
        }
    }

    private func describe(_ source: ApplicationPayload.Source, _ checkout: Checkout) -> JSONObject {
        var result = JSONObject()
        if let commit = checkout.commit { result["commit"] = .string(commit) }
        let version = context.environment["HOISTWAY_VERSION"] ?? checkout.commit.map { String($0.prefix(12)) }
        result["version"] = .string(version ?? context.releaseID)
        switch source {
        case .git(let git):
            var described: JSONObject = [
                "type": "git", "url": .string(git.url.text), "ref": .string(git.ref),
                "submodules": .bool(git.submodules),
            ]
            if let subdirectory = git.subdirectory { described["subdir"] = .string(subdirectory) }
            result["source"] = .object(described)
        case .directory(let path): result["source"] = ["type": "dir", "path": .string(path)]
        }
        return result
    }
}

extension RecipeContext {
    /// Names what this attempt releases; sorts by fence among names of one length.
    var releaseID: String { "\(fence)-\(jobID.prefix(64))" }
}

/// A place where a built source is put to use, and taken back.
protocol Release: Sendable {
    /// Builds what is released from a Dockerfile.
    func build(_ dockerfile: DockerfileBuild, _ checkout: ApplicationRecipe.Checkout) async throws(RecipeFailure)
    /// Starts the new release; when it throws, the previous one is in place again.
    func start(_ checkout: ApplicationRecipe.Checkout) async throws(RecipeFailure)
    func waitUntilHealthy(_ check: HealthCheck) async throws(RecipeFailure)
    /// Makes the new release the one that stays.
    /// - Returns: What the job's result says of it.
    func finish() async throws(RecipeFailure) -> JSONObject
    /// Ends the new release and puts the previous one back.
    func putBack() async
    /// Starts the current release anew.
    func restart() async throws(RecipeFailure)
    /// Ends the current release.
    func stop() async throws(RecipeFailure)
}
