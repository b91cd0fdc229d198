/// The images built for one container name.
struct ContainerImages: Sendable {
    let name: String
    let context: RecipeContext
    let docker: Docker

    private var repository: String { "hoistway/" + ContainerImages.repositoryName(name) }
    /// Tag of this attempt's image.
    var tag: String { repository + ":" + context.releaseID }

    /// Options that label a container or image.
    func labels(commit: String?) -> [String] {
        var labels = [
            (DockerLabel.job, context.jobID), (DockerLabel.resource, context.resourceID), (DockerLabel.name, name),
            (DockerLabel.fence, String(context.fence)), (DockerLabel.release, context.releaseID),
        ]
        if let commit { labels.append((DockerLabel.commit, commit)) }
        return labels.map { "--label=\($0.0)=\($0.1)" }
    }

    /// - Throws: `build_failed`, `path_not_found`, `missing_secret`.
    func build(_ build: DockerfileBuild, _ checkout: ApplicationRecipe.Checkout) async throws(RecipeFailure) {
        let folder = try SourcePath.resolve(build.context, in: checkout.folder, field: "build.context")
        let file = build.file ?? build.context + "/Dockerfile"
        let dockerfile = try SourcePath.resolve(file, in: checkout.folder, field: "build.file")
        var arguments = ["build", "--file=" + dockerfile, "--tag=" + tag] + labels(commit: checkout.commit)
        if let target = build.target { arguments.append("--target=" + target) }
        var secrets: [String: String] = [:]
        for argument in build.arguments {
            switch argument.value {
            case .text(let text): arguments.append("--build-arg=\(argument.name)=\(text)")
            case .secret(let name):
                // Without a value docker takes it from its environment, which no other user can read.
                secrets[argument.name] = try context.secret(name, for: "build.args.\(argument.name)")
                arguments.append("--build-arg=" + argument.name)
            }
        }
        let command = docker.command(arguments + ["--", folder], in: checkout.folder, changing: secrets)
        let status = try await command.run(log: context.log)
        guard status == 0 else {
            throw RecipeFailure(code: "build_failed", message: "docker build exited with \(status)")
        }
    }

    /// The id of this attempt's image.
    func id() async throws(RecipeFailure) -> String {
        try await docker.run(["image", "inspect", "--format", "{{.Id}}", tag])
    }

    /// Removes this attempt's image, if it was built and nothing uses it.
    func removeOwn() async throws(RecipeFailure) {
        guard try await tags().contains(tag) else { return }
        try await docker.run(["image", "rm", tag])
    }

    /// Removes the oldest images beyond a number.
    func prune(keeping count: Int) async throws(RecipeFailure) {
        let newestFirst = try await tags().sorted { ContainerImages.fence($0) > ContainerImages.fence($1) }
        for tag in newestFirst.dropFirst(count) { try await docker.run(["image", "rm", tag]) }
    }

    private func tags() async throws(RecipeFailure) -> [String] {
        try await docker.run([
            "image", "ls", "--format", "{{.Repository}}:{{.Tag}}", "--filter", "reference=\(repository)", "--filter",
            "label=\(DockerLabel.resource)=\(context.resourceID)",
        ]).split(separator: "\n").map(String.init)
    }

    private static func fence(_ tag: String) -> Int {
        tag.split(separator: ":").last?.split(separator: "-").first.flatMap { Int($0) } ?? 0
    }

    /// A container's name in the letters that a repository's may have.
    private static func repositoryName(_ name: String) -> String {
        let words = name.lowercased().split { !($0.isASCII && ($0.isLetter || $0.isNumber)) }
        return words.joined(separator: "-")
    }
}
