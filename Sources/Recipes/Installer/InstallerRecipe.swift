import HoistwayModel

/// The recipe `installer`: installs components one after another, and registers each once it answers.
struct InstallerRecipe: Sendable {
    let context: RecipeContext

    func run() async throws(RecipeFailure) {
        for password in (try? JSON(parsing: context.payload)).map(URLPasswords.within) ?? [] {
            context.events.mask(password)
        }
        let components = try InstallerPayload(parsing: context.payload).components
        guard context.allowsCommands else { throw .commandRefused("components[0].run") }
        var state = try InstallerState(in: context)
        let stages = Stages(InstallerRecipe.stages(components), type: "installer", kind: "component", in: context)
        for component in components {
            tell(component, "pending")
        }
        var installed: [String] = []
        for (index, component) in components.enumerated() {
            if let time = state.registeredAt(component.name) {
                context.log.info("\(component.name) was installed before")
                stages.skip(component.name)
                tell(component, "registered", at: time)
                continue
            }
            let message = "\(component.phase) (\(index + 1) of \(components.count))"
            do throws(RecipeFailure) {
                try await stages.perform(component.name, message) { () throws(RecipeFailure) in
                    context.log.info("\(component.name): \(message)")
                    try await install(component, file: "component-\(index + 1)")
                }
                tell(component, "registered", at: try state.register(component.name))
                installed.append(component.name)
            } catch {
                tell(component, "failed", error: error.message)
                stages.settleRest()
                var failure = error
                failure.causedBy = component.name
                throw failure
            }
        }
        try state.end()
        context.events.send([
            "result": ["components": .strings(components.map(\.name)), "installed": .strings(installed)]
        ])
    }

    /// The progress with which each begins is the share of what stands before it.
    private static func stages(_ components: [InstallerPayload.Component]) -> [Stages.Stage] {
        let total = components.reduce(0) { $0 + $1.weight }
        var before = 0
        return components.map { component in
            defer { before += component.weight }
            return Stages.Stage(
                name: component.name,
                progress: before * 100 / total,
                title: component.phase,
                component: component.name
            )
        }
    }

    private func install(_ component: InstallerPayload.Component, file: String) async throws(RecipeFailure) {
        let words = try component.work.words(in: context, file: file)
        let status = try await context.command(words, changing: ["HOISTWAY_COMPONENT": component.name])
            .run(log: context.log)
        guard status == 0 else {
            throw RecipeFailure(
                code: "component_failed",
                message: "\(component.name): \(component.work.title) exited with \(status)",
                status: status
            )
        }
        try await component.check?.wait(for: component.name, in: context)
    }

    private func tell(
        _ component: InstallerPayload.Component,
        _ status: String,
        at time: String? = nil,
        error: String? = nil
    ) {
        var registration: JSONObject = [
            "name": .string(component.name), "endpoint": .string(orNull: component.endpoint),
            "status": .string(status),
        ]
        registration["registeredAt"] = time.map { .string($0) }
        registration["error"] = error.map { .string($0) }
        context.events.send(["registration": .object(registration)])
    }
}
