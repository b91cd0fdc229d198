import HoistwayModel

/// What an `application` job asks for.
struct ApplicationPayload: Sendable {
    enum Source: Sendable {
        case git(GitSource)
        case directory(String)
    }

    enum Build: Sendable {
        case none
        case command([String])
        case dockerfile(DockerfileBuild)
    }

    enum Release: Sendable {
        case files(FileReleaseOptions)
        case container(ContainerOptions)
    }

    var source: Source
    var build: Build
    var release: Release
    var healthCheck: HealthCheck?

    var needsDocker: Bool {
        if case .container = release { true } else { false }
    }

    /// - Throws: `invalid_payload` with every field error.
    init(parsing bytes: [UInt8]) throws(RecipeFailure) {
        let reader = PayloadReader()
        let root = try reader.root(bytes, keys: ["source", "build", "release", "healthCheck"])
        source = ApplicationPayload.source(root)
        build = ApplicationPayload.build(root)
        release = ApplicationPayload.release(root)
        healthCheck = HealthCheck(root)
        switch (build, release) {
        case (.dockerfile, .container): break
        case (_, .container) where root.has("release"):
            root.fail("release.type", "a container needs an image: set build.type to dockerfile")
        case (.dockerfile, .files) where root.has("release"):
            root.fail("build.type", "a dockerfile build makes an image: set release.type to container")
        default: break
        }
        try reader.finish()
    }

    /// - Throws: `command_eval_disabled` for the first command, file URL or folder that the worker refuses.
    func refuseCommands() throws(RecipeFailure) {
        switch source {
        case .directory: throw .commandRefused("source.type dir")
        case .git(let git) where git.url.scheme == "file": throw .commandRefused("a file URL in source.url")
        case .git: break
        }
        if case .command = build { throw .commandRefused("build.command") }
        if case .files(let files) = release, files.reload != nil { throw .commandRefused("release.reload") }
        if case .command = healthCheck?.probe { throw .commandRefused("healthCheck.command") }
    }

    private static func source(_ root: PayloadFields) -> Source {
        guard let fields = root.fields("source") else { return .directory("") }
        switch fields.oneOf("type", ["git", "dir"]) {
        case "git": return .git(GitSource(fields))
        case "dir":
            fields.expect(["type", "path"])
            let path = fields.string("path")
            if !path.isEmpty, !path.hasPrefix("/") { fields.fail("path", "must be an absolute path") }
            return .directory(path)
        default: return .directory("")
        }
    }

    private static func build(_ root: PayloadFields) -> Build {
        guard let fields = root.optionalFields("build") else { return .none }
        switch fields.oneOf("type", ["command", "dockerfile", "none"], default: "none") {
        case "command":
            fields.expect(["type", "command"])
            return .command(fields.command("command"))
        case "dockerfile": return .dockerfile(DockerfileBuild(fields))
        default:
            fields.expect(["type"])
            return .none
        }
    }

    private static func release(_ root: PayloadFields) -> Release {
        guard let fields = root.fields("release") else { return .files(FileReleaseOptions()) }
        switch fields.oneOf("type", ["files", "container"]) {
        case "container": return .container(ContainerOptions(fields))
        case "files": return .files(FileReleaseOptions(fields))
        default: return .files(FileReleaseOptions())
        }
    }
}

/// Paths within the source.
enum SourcePath {
    /// Whether a path stays within the folder it starts from, by its words alone.
    static func isWithin(_ path: String) -> Bool {
        !path.begins(with: "/") && !path.parts(by: "/").contains("..")
    }

    /// The real path of something within a folder.
    /// - Throws: `path_not_found` when it does not exist, or lies elsewhere through a link.
    static func resolve(_ path: String, in folder: String, field: String) throws(RecipeFailure) -> String {
        let root = Files.resolve(folder) ?? folder
        guard let resolved = Files.resolve(root + "/" + path), resolved == root || resolved.hasPrefix(root + "/") else {
            throw RecipeFailure(
                code: "path_not_found",
                message: "\(field): the source has no \(path)",
                retryable: false,
                fieldErrors: [(field, "not found in the source")]
            )
        }
        return resolved
    }
}

/// How a `dockerfile` build is made.
struct DockerfileBuild: Sendable {
    /// Relative to the source; `nil` is the context's `Dockerfile`.
    var file: String?
    var context: String
    var target: String?
    var arguments: [(name: String, value: VariableValue)]

    init(_ fields: PayloadFields) {
        fields.expect(["type", "file", "context", "target", "args"])
        file = fields.optionalString("file")
        context = fields.optionalString("context") ?? "."
        target = fields.optionalString("target")
        arguments = fields.variables("args")
        if let file, !SourcePath.isWithin(file) { fields.fail("file", "must be a path within the source") }
        if !SourcePath.isWithin(context) { fields.fail("context", "must be a path within the source") }
    }
}

/// How a `files` release is laid out.
struct FileReleaseOptions: Sendable {
    var path = ""
    /// How many releases stay, the current one counted.
    var keep = 5
    var reload: [String]?

    init() {}

    init(_ fields: PayloadFields) {
        fields.expect(["type", "path", "keep", "reload"])
        path = fields.string("path")
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        if !path.isEmpty, !path.begins(with: "/") || path == "/" || path.parts(by: "/").contains("..") {
            fields.fail("path", "must be an absolute path")
        }
        keep = fields.integer("keep", default: 5, in: 1...1000)
        reload = fields.optionalCommand("reload")
    }
}
