@testable import Recipes

/// lighttpd with `git http-backend`: `/git/…` is open to all, `/git/private/…` asks for user `deploy` and a token.
struct GitServer: Sendable {
    static let token = "tok-9f2c77aa41e0"

    let sandbox: Sandbox
    let port: Int

    var base: String { "http://127.0.0.1:\(port)/git" }
    var repositories: String { sandbox.path + "/repositories" }
    /// Command lines of every process, as seen while git waited for an answer.
    var commandLines: String { sandbox.read("command-lines") ?? "" }

    static func with<Value>(_ sandbox: Sandbox, _ body: (GitServer) async throws -> Value) async throws -> Value {
        let server = GitServer(sandbox: sandbox, port: Server.freePort())
        try server.configure()
        let process = try Server(
            ["lighttpd", "-D", "-f", sandbox.path + "/lighttpd.conf"],
            environment: sandbox.environment,
            log: sandbox.path + "/lighttpd.log"
        )
        defer { process.stop() }
        try await until { await TCPProbe.connect("127.0.0.1", port: server.port, timeout: .seconds(1)) == nil }
        return try await body(server)
    }

    private func configure() throws {
        try Files.makeDirectory(repositories + "/private")
        try sandbox.write("deploy:\(GitServer.token)\n", to: "users")
        try sandbox.write(
            """
            #!/bin/sh
            cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\000' ' ' >> \(sandbox.path)/command-lines
            exec /usr/lib/git-core/git-http-backend

            """,
            to: "backend",
            mode: 0o755
        )
        try sandbox.write(
            """
            server.document-root = "\(sandbox.path)"
            server.bind = "127.0.0.1"
            server.port = \(port)
            server.modules = ( "mod_setenv", "mod_auth", "mod_authn_file", "mod_alias", "mod_cgi" )
            alias.url = ( "/git" => "\(sandbox.path)/backend" )
            $HTTP["url"] =~ "^/git" {
                cgi.assign = ( "" => "" )
                setenv.add-environment = ( "GIT_PROJECT_ROOT" => "\(repositories)", "GIT_HTTP_EXPORT_ALL" => "1" )
            }
            $HTTP["url"] =~ "^/git/private" {
                auth.backend = "plain"
                auth.backend.plain.userfile = "\(sandbox.path)/users"
                auth.require = ( "" => ( "method" => "basic", "realm" => "git", "require" => "valid-user" ) )
            }

            """,
            to: "lighttpd.conf"
        )
    }

    /// Makes an empty repository and a working copy of it.
    func repository(_ name: String) async throws -> GitWork {
        let bare = repositories + "/" + name
        try await sandbox.program("git", "init", "--quiet", "--bare", "--initial-branch=main", bare)
        let work = sandbox.path + "/work-" + name.replacing("/", with: "-")
        try await sandbox.program("git", "clone", "--quiet", bare, work)
        return GitWork(sandbox: sandbox, folder: work, bare: bare)
    }
}

/// A working copy that a test commits in.
struct GitWork: Sendable {
    let sandbox: Sandbox
    let folder: String
    let bare: String

    /// Writes files, commits and pushes them.
    /// - Returns: The commit's id.
    @discardableResult
    func commit(_ files: [String: String]) async throws -> String {
        for (name, text) in files { try sandbox.write(text, to: folder + "/" + name) }
        try await git("add", "--all")
        try await git("commit", "--quiet", "--message=change")
        try await git("push", "--quiet", "origin", "HEAD:main")
        return try await git("rev-parse", "HEAD")
    }

    @discardableResult
    func git(_ words: String...) async throws -> String {
        let identity = [
            "-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "protocol.file.allow=always",
        ]
        let command = Command(
            arguments: ["git"] + identity + words,
            environment: sandbox.environment,
            directory: folder
        )
        let outcome = try await command.capture(log: nil)
        guard outcome.succeeded else { throw ProgramFailure(words: words, diagnostics: outcome.diagnostics) }
        return outcome.output.trimmed
    }
}
