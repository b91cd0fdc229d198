import HoistwayModel

/// A release as a folder of its own, put to use by one rename of the link `current`.
struct FileRelease: Release {
    private let options: FileReleaseOptions
    private let context: RecipeContext
    private let folder: ReleaseFolder
    private var id: String { context.releaseID }

    init(_ options: FileReleaseOptions, in context: RecipeContext) {
        self.options = options
        self.context = context
        folder = ReleaseFolder(path: options.path)
    }

    func build(_ dockerfile: DockerfileBuild, _ checkout: ApplicationRecipe.Checkout) async throws(RecipeFailure) {
        throw RecipeFailure(code: "invalid_payload", message: "files are not built from a Dockerfile", retryable: false)
    }

    func start(_ checkout: ApplicationRecipe.Checkout) async throws(RecipeFailure) {
        try Files.makeDirectory(folder.releases)
        let cleanup = [context.executable, "recipe", "application", "cleanup", "files", options.path]
        context.events.cleanup(cleanup + [String(context.fence)] + (options.reload ?? []))
        try folder.locked { () throws(RecipeFailure) in
            try refuseIfOlder()
            if let undone = try folder.recover(upTo: context.fence) {
                context.log.info("undone: release \(undone), whose attempt ended before it was healthy")
            }
        }
        try FileCopy.copyTree(checkout.folder, to: folder.incomplete(id), leavingOut: [".git"])
        try folder.locked { () throws(RecipeFailure) in
            try refuseIfOlder()
            let manifest = ReleaseFolder.Manifest(
                id: id,
                fence: context.fence,
                previous: try folder.currentID(),
                isLive: false,
                commit: checkout.commit,
                resourceID: context.resourceID
            )
            try folder.write(manifest, in: folder.incomplete(id))
            try Files.rename(folder.incomplete(id), folder.release(id))
            try folder.point(to: id)
        }
        context.log.info("\(folder.current) is now release \(id)")
        do {
            try await reload()
        } catch {
            await putBack()
            throw error
        }
    }

    func waitUntilHealthy(_ check: HealthCheck) async throws(RecipeFailure) {
        let variables = ["HOISTWAY_RELEASE": folder.release(id)]
        let probe = HealthProbe(check: check, context: context, variables: variables)
        try await probe.waitUntilHealthy { () throws(RecipeFailure) in true }
    }

    func finish() async throws(RecipeFailure) -> JSONObject {
        let manifest = try folder.locked { () throws(RecipeFailure) -> ReleaseFolder.Manifest in
            guard var manifest = folder.manifest(id), try folder.currentID() == id else { throw overtaken() }
            manifest.isLive = true
            try folder.write(manifest, in: folder.release(id))
            try folder.prune(keeping: options.keep)
            return manifest
        }
        return [
            "release": .string(id), "releasePath": .string(folder.release(id)), "current": .string(folder.current),
            "previousRelease": .string(orNull: manifest.previous), "fence": .int(context.fence),
        ]
    }

    func putBack() async {
        do {
            let previous = try folder.locked { () throws(RecipeFailure) -> String? in
                guard try folder.currentID() == id else { return nil }
                let previous = folder.manifest(id)?.previous
                try folder.point(to: previous)
                try Files.remove(folder.release(id))
                return previous
            }
            guard let previous else { return context.log.info("no earlier release to put back") }
            context.log.info("put back: release \(previous)")
            try await reload()
        } catch {
            context.log.error("putting the previous release back failed: \(error.message)")
        }
    }

    func restart() async throws(RecipeFailure) {
        guard try folder.currentID() != nil else {
            throw RecipeFailure(code: "not_released", message: "\(folder.current) does not exist", retryable: false)
        }
        try refuseIfOlder()
        try await reload()
    }

    func stop() async throws(RecipeFailure) {
        throw RecipeFailure(
            code: "unsupported_action",
            message: "a files release has nothing to stop; stop the service that uses it",
            retryable: false
        )
    }

    private func reload() async throws(RecipeFailure) {
        guard let words = options.reload else { return }
        context.log.info(
            "reload: \(words[0]) (what it starts itself ends with this job; "
                + "hand over to a supervisor such as systemctl or docker)"
        )
        let variables = ["HOISTWAY_RELEASE": Files.resolve(folder.current), "HOISTWAY_CURRENT": folder.current]
        let command = context.command(words, in: folder.path, changing: variables)
        let status = try await command.run(log: context.log)
        guard status == 0 else {
            throw RecipeFailure(code: "reload_failed", message: "the reload command \(words[0]) exited with \(status)")
        }
    }

    private func refuseIfOlder() throws(RecipeFailure) {
        guard let current = try folder.currentID(), let manifest = folder.manifest(current) else { return }
        if manifest.fence > context.fence { throw overtaken() }
        guard manifest.resourceID == context.resourceID else {
            throw RecipeFailure(
                code: "path_taken",
                message: "\(options.path) holds releases of \(manifest.resourceID)",
                retryable: false,
                fieldErrors: [("release.path", "holds releases of another resource")]
            )
        }
    }

    private func overtaken() -> RecipeFailure {
        RecipeFailure(
            code: "fenced",
            message: "a newer attempt has released to \(options.path); this one (fence \(context.fence)) leaves it",
            retryable: false
        )
    }
}
