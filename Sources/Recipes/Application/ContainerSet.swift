/// The containers of one release name: the live one, which has the name, and during a switch the next and the last one.
struct ContainerSet: Sendable {
    let name: String
    let resourceID: String
    let docker: Docker

    private var nextPrefix: String { name + "-hoistway-next-" }
    private var lastPrefix: String { name + "-hoistway-last-" }

    /// The container that an attempt starts.
    func next(_ fence: Int) -> String { nextPrefix + String(fence) }
    /// The one it takes the place of, kept until that is sure.
    func last(_ fence: Int) -> String { lastPrefix + String(fence) }

    /// The container with the name.
    /// - Throws: `name_taken` when it is not this resource's.
    func live() async throws(RecipeFailure) -> Docker.Container? {
        guard let container = try await docker.container(name) else { return nil }
        guard container.label(DockerLabel.resource) == resourceID else {
            throw RecipeFailure(
                code: "name_taken",
                message: "there is a container \(name) that does not belong to this application",
                retryable: false,
                fieldErrors: [("release.name", "a container of this name belongs to something else")]
            )
        }
        return container
    }

    /// Undoes what attempts up to a fence left of a switch: the last container gets its name back if nothing has it,
    /// and whatever is neither live nor a newer attempt's goes. Does nothing after a finished switch.
    func recover(upTo fence: Int) async throws(RecipeFailure) {
        let names = try await docker.run([
            "container", "ls", "--all", "--format", "{{.Names}}", "--filter",
            "label=\(DockerLabel.resource)=\(resourceID)", "--filter", "label=\(DockerLabel.name)=\(name)",
        ]).split(separator: "\n").map(String.init)
        for name in names where isOwned(name, by: nextPrefix, upTo: fence) {
            try await docker.run(["container", "rm", "--force", "--volumes", name])
        }
        var last = names.filter { isOwned($0, by: lastPrefix, upTo: fence) }.sorted { fenceOf($0) > fenceOf($1) }
        if !names.contains(name), !last.isEmpty {
            let previous = last.removeFirst()
            try await docker.run(["container", "rename", previous, name])
            try await docker.run(["container", "start", name])
            docker.log.info("put back: container \(name) as it was before")
        }
        for name in last { try await remove(name) }
    }

    /// Ends a container with its stop signal, and removes it.
    func remove(_ name: String) async throws(RecipeFailure) {
        try await docker.run(["container", "stop", name])
        try await docker.run(["container", "rm", "--force", "--volumes", name])
    }

    private func isOwned(_ name: String, by prefix: String, upTo fence: Int) -> Bool {
        name.hasPrefix(prefix) && fenceOf(name) <= fence
    }

    private func fenceOf(_ name: String) -> Int { name.split(separator: "-").last.flatMap { Int($0) } ?? Int.max }
}
