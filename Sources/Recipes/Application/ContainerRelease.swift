import HoistwayModel
import Synchronization

/// A release as a container: the new one proves healthy before the old one stops, unless both want the same port.
final class ContainerRelease: Release {
    private let options: ContainerOptions
    private let context: RecipeContext
    private let docker: Docker
    private let containers: ContainerSet
    private let images: ContainerImages
    private let started = Mutex(ContinuousClock().now)
    /// The container that has to be healthy.
    private let probed: Mutex<String>

    init(_ options: ContainerOptions, docker: Docker, in context: RecipeContext) {
        self.options = options
        self.context = context
        self.docker = docker
        containers = ContainerSet(name: options.name, resourceID: context.resourceID, docker: docker)
        images = ContainerImages(name: options.name, context: context, docker: docker)
        probed = Mutex(containers.next(context.fence))
    }

    private var next: String { containers.next(context.fence) }
    private var last: String { containers.last(context.fence) }

    func build(_ dockerfile: DockerfileBuild, _ checkout: ApplicationRecipe.Checkout) async throws(RecipeFailure) {
        try await refuseIfOlder()
        try await images.build(dockerfile, checkout)
    }

    func start(_ checkout: ApplicationRecipe.Checkout) async throws(RecipeFailure) {
        var cleanup = [context.executable, "recipe", "application", "cleanup", "container", options.name]
        cleanup += [context.resourceID, String(context.fence)]
        if let host = context.environment["DOCKER_HOST"] { cleanup.append(host) }
        context.events.cleanup(cleanup)
        try await containers.recover(upTo: context.fence)
        let live = try await refuseIfOlder()
        do {
            try await create(checkout)
            if let live, live.isRunning, clashes(with: live) {
                context.log.info("\(options.name) wants the ports of the one that runs, which is stopped first")
                try await docker.run(["container", "rename", options.name, last])
                try await docker.run(["container", "stop", last])
            }
            try await docker.run(["container", "start", next])
            started.withLock { $0 = ContinuousClock().now }
            context.log.info("started container \(next)")
        } catch {
            await putBack()
            throw error
        }
    }

    func waitUntilHealthy(_ check: HealthCheck) async throws(RecipeFailure) {
        let name = probed.withLock { $0 }
        let container = try await docker.container(name)
        let probe = HealthProbe(
            check: check,
            context: context,
            containerAddress: container?.networkAddress,
            variables: ["HOISTWAY_CONTAINER": name]
        )
        try await probe.waitUntilHealthy { () throws(RecipeFailure) in
            guard let container = try await self.docker.container(name) else { return false }
            return container.isRunning || container.restarts
        }
    }

    func finish() async throws(RecipeFailure) -> JSONObject {
        // One that ends right after its start is no release, whether or not anybody probes it.
        let settled = started.withLock { $0 } + .seconds(1)
        try? await Task.sleep(until: settled, clock: .continuous)
        guard let container = try await docker.container(next), container.isRunning else {
            throw HealthProbe.unhealthy("container \(next) ended by itself")
        }
        let image = try await images.id()
        if try await refuseIfOlder() != nil { try await docker.run(["container", "rename", options.name, last]) }
        try await docker.run(["container", "rename", next, options.name])
        context.log.info("container \(options.name) is now release \(context.releaseID)")
        await tidy()
        return [
            "release": .string(context.releaseID), "container": .string(options.name),
            "containerId": .string(container.id), "image": .string(images.tag),
            "imageId": .string(image), "fence": .int(context.fence),
        ]
    }

    func putBack() async {
        do {
            if try await docker.container(next) != nil {
                context.log.info("the last lines of \(next):")
                _ = try await docker.command(["container", "logs", "--tail", "50", next]).run(log: context.log)
            }
            try await containers.recover(upTo: context.fence)
            try await images.removeOwn()
        } catch {
            context.log.error("putting the previous container back failed: \(error.message)")
        }
    }

    func restart() async throws(RecipeFailure) {
        try await containers.recover(upTo: context.fence)
        guard try await refuseIfOlder() != nil else {
            throw RecipeFailure(
                code: "not_released",
                message: "there is no container \(options.name)",
                retryable: false
            )
        }
        try await docker.run(["container", "restart", options.name])
        probed.withLock { $0 = options.name }
    }

    func stop() async throws(RecipeFailure) {
        try await containers.recover(upTo: context.fence)
        if try await refuseIfOlder() != nil { try await docker.run(["container", "stop", options.name]) }
    }

    /// Ends the one before and removes old images; the new release stands whatever comes of it.
    private func tidy() async {
        do {
            try await containers.recover(upTo: context.fence)
            try await images.prune(keeping: options.keep)
        } catch {
            context.log.error("tidying up failed: \(error.message)")
        }
    }

    @discardableResult
    private func refuseIfOlder() async throws(RecipeFailure) -> Docker.Container? {
        guard let live = try await containers.live() else { return nil }
        let fence = live.label(DockerLabel.fence).flatMap { Int($0) } ?? 0
        guard fence <= context.fence else {
            throw RecipeFailure(
                code: "fenced",
                message: "a newer attempt has released \(options.name); this one (fence \(context.fence)) leaves it",
                retryable: false
            )
        }
        return live
    }

    private func clashes(with live: Docker.Container) -> Bool {
        if options.network == "host", live.usesHostNetwork { return true }
        return options.publishedPorts.contains { port in live.ports.contains { port.clashes(with: $0) } }
    }

    private func create(_ checkout: ApplicationRecipe.Checkout) async throws(RecipeFailure) {
        var arguments = ["container", "create", "--name=" + next] + images.labels(commit: checkout.commit)
        arguments += options.ports.map { "--publish=" + $0 } + options.volumes.map { "--volume=" + $0 }
        if let network = options.network { arguments.append("--network=" + network) }
        if let restart = options.restart { arguments.append("--restart=" + restart) }
        var lines = ""
        var variables: [String: String] = [:]
        for (index, variable) in options.environment.enumerated() {
            let value: String
            switch variable.value {
            case .text(let text): value = text
            case .secret(let name): value = try context.secret(name, for: "release.env.\(variable.name)")
            }
            if value.contains(where: \.isNewline) {
                // A file of variables has no line breaks; docker reads such a one from its own environment.
                let carrier = docker.environment[variable.name] == nil || docker.environment[variable.name] == value
                guard carrier else {
                    throw RecipeFailure(
                        code: "invalid_payload",
                        message: "release.env.\(variable.name) has line breaks and the name of a variable of the job",
                        retryable: false,
                        fieldErrors: [("release.env.\(variable.name)", "line breaks need a name of its own (\(index))")]
                    )
                }
                variables[variable.name] = value
                arguments.append("--env=" + variable.name)
            } else {
                lines += "\(variable.name)=\(value)\n"
            }
        }
        let file = context.temporary + "/container.env"
        try Files.write(lines, to: file, mode: 0o600)
        arguments += ["--env-file=" + file, try await images.id()]
        try await docker.run(arguments, changing: variables)
        try Files.remove(file)
    }
}
