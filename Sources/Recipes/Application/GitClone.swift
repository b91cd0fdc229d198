import Glibc

/// The clone that a resource keeps in its workspace: fetched into, not cloned anew, unless it broke.
struct GitClone: Sendable {
    let context: RecipeContext
    let source: GitSource
    /// The working tree.
    let folder: String

    private let environment: [String: String]
    private static let head = "refs/hoistway/head"

    init(_ source: GitSource, in context: RecipeContext) throws(RecipeFailure) {
        self.context = context
        self.source = source
        folder = context.workspace + "/source"
        var environment = context.environment.filter { !$0.key.hasPrefix("GIT_") || $0.key == "GIT_SSL_CAINFO" }
        environment.merge(try GitCredentials(for: source, in: context).environment) { $1 }
        environment.merge(
            [
                "GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null",
                "GIT_ALLOW_PROTOCOL": GitClone.protocols(source.url.scheme), "LC_ALL": "C",
                "GIT_CEILING_DIRECTORIES": context.workspace,
            ]
        ) { $1 }
        environment["SSH_ASKPASS"] = nil
        self.environment = environment
    }

    /// http and file only where the job's own address is one of them, so that no submodule leads there.
    private static func protocols(_ scheme: String) -> String {
        (["https", "ssh", "git"] + (["http", "file"].contains(scheme) ? [scheme] : [])).joined(separator: ":")
    }

    /// Brings the working tree to the wanted commit.
    /// - Returns: The full id of the commit.
    /// - Throws: `network` (retryable), `authentication_failed`, `unknown_ref` and others of `GitFailure`.
    func update() async throws(RecipeFailure) -> String {
        try Files.makeDirectory(context.workspace)
        let existed = Files.exists(folder)
        do {
            return try await checkOut()
        } catch {
            guard existed, error.code == "git_failed" else { throw error }
            context.log.info("the kept clone is broken and is made anew: \(error.message)")
            try Files.remove(folder)
            return try await checkOut()
        }
    }

    private func checkOut() async throws(RecipeFailure) -> String {
        try await prepare()
        try await fetch(source.ref, doing: "fetching \(source.ref)")
        let commit = try await resolve()
        try await git(["checkout", "--quiet", "--force", "--detach", commit], doing: "checking out \(commit)")
        try await git(["clean", "-ffdxq"], doing: "cleaning the working tree")
        if source.submodules { try await updateSubmodules(in: folder, depth: 0) }
        return commit
    }

    /// Clears what a killed git left, and everything in the configuration: nothing there is meant to last.
    private func prepare() async throws(RecipeFailure) {
        let data = folder + "/.git"
        if Files.isDirectory(data) {
            try removeLocks(in: data)
            try Files.remove(data + "/config")
            try Files.remove(data + "/hooks")
        } else {
            try Files.remove(folder)
            try Files.makeDirectory(folder)
        }
        try await git(["init", "--quiet", "--template=", "."], doing: "preparing the clone")
        try await git(["config", "remote.origin.url", source.url.text], doing: "preparing the clone")
    }

    private func removeLocks(in path: String) throws(RecipeFailure) {
        for name in Files.list(path) where name != "objects" {
            let entry = path + "/" + name
            if name.hasSuffix(".lock") {
                context.log.info("removing \(name), left by an attempt that was killed")
                try Files.remove(entry)
            } else if Files.status(entry)?.isDirectory == true {
                try removeLocks(in: entry)
            }
        }
    }

    private func fetch(_ ref: String, doing action: String) async throws(RecipeFailure) {
        let refspec = "+\(ref):\(GitClone.head)"
        let options = ["--quiet", "--force", "--no-tags", "--no-recurse-submodules", "--update-head-ok"]
        try await git(["fetch"] + options + ["--", source.url.text, refspec], doing: action)
    }

    private func resolve() async throws(RecipeFailure) -> String {
        guard let wanted = source.commit else {
            return try await git(
                ["rev-parse", "--verify", "\(GitClone.head)^{commit}"],
                doing: "resolving \(source.ref)"
            )
        }
        let known = try await command(["rev-parse", "--verify", "--quiet", "\(wanted)^{commit}"]).capture(log: nil)
        if known.succeeded { return known.output.trimmed }
        let unknown = RecipeFailure(
            code: "unknown_ref",
            message: "the repository has no commit \(wanted) on \(source.ref)",
            retryable: false
        )
        guard wanted.utf8.count >= 40 else { throw unknown }
        try await fetch(wanted, doing: "fetching \(wanted)")
        return try await git(["rev-parse", "--verify", "\(wanted)^{commit}"], doing: "resolving \(wanted)")
    }

    /// Updates the submodules of one working tree, and theirs, after their addresses were checked.
    private func updateSubmodules(in tree: String, depth: Int) async throws(RecipeFailure) {
        guard Files.exists(tree + "/.gitmodules"), depth < 8 else { return }
        try await git(["submodule", "--quiet", "init"], in: tree, doing: "preparing submodules")
        let listing = try await command(["config", "--null", "--get-regexp", #"^submodule\..*\.url$"#], in: tree)
            .capture(log: nil)
        for entry in listing.output.split(separator: "\0") {
            let halves = entry.split(separator: "\n", maxSplits: 1)
            guard halves.count == 2 else { continue }
            try await checkSubmodule(key: String(halves[0]), address: String(halves[1]), in: tree)
        }
        try await git(
            ["submodule", "--quiet", "update", "--force", "--checkout"],
            in: tree,
            doing: "fetching submodules"
        )
        let paths = try await command(
            ["config", "--null", "--file", ".gitmodules", "--get-regexp", #"^submodule\..*\.path$"#],
            in: tree
        ).capture(log: nil)
        for entry in paths.output.split(separator: "\0") {
            let halves = entry.split(separator: "\n", maxSplits: 1)
            guard halves.count == 2, SourcePath.isWithin(String(halves[1])) else { continue }
            try await updateSubmodules(in: tree + "/" + halves[1], depth: depth + 1)
        }
    }

    private func checkSubmodule(key: String, address: String, in tree: String) async throws(RecipeFailure) {
        guard case .success(let url) = GitURL.parse(address) else {
            throw RecipeFailure(
                code: "protocol_not_allowed",
                message: "\(key) is an address that is not allowed",
                retryable: false
            )
        }
        if let password = url.password { context.events.mask(password) }
        try await git(["config", key, url.text], in: tree, doing: "preparing submodules")
    }

    private func command(_ arguments: [String], in tree: String? = nil) -> Command {
        let settings = [
            "core.hooksPath=/dev/null", "core.fsmonitor=false", "advice.detachedHead=false", "gc.auto=0",
            "http.lowSpeedLimit=100", "http.lowSpeedTime=60",
            "http.followRedirects=\(source.url.scheme == "http" ? "false" : "initial")",
            "credential.helper=", "init.defaultBranch=main", "safe.directory=*",
        ]
        return Command(
            arguments: ["git"] + settings.flatMap { ["-c", $0] } + arguments,
            environment: environment,
            directory: tree ?? folder
        )
    }

    @discardableResult
    private func git(
        _ arguments: [String],
        in tree: String? = nil,
        doing action: String
    ) async throws(RecipeFailure) -> String {
        let outcome = try await command(arguments, in: tree).capture(log: context.log)
        guard outcome.succeeded else {
            throw GitFailure.classify(outcome.diagnostics, doing: action)
                ?? GitFailure.unclassified(outcome.diagnostics, doing: action)
        }
        return outcome.output.trimmed
    }
}

extension String {
    /// The text without white space at its ends.
    var trimmed: String {
        guard let first = firstIndex(where: { !$0.isWhitespace }), let last = lastIndex(where: { !$0.isWhitespace })
        else { return "" }
        return String(self[first...last])
    }
}
