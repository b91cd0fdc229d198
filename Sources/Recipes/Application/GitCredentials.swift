import Glibc
import HoistwayModel

/// What git needs to be let in, in files that only the job's user reads, gone with the attempt.
struct GitCredentials: Sendable {
    /// Variables for git's environment: none of them a secret, only paths.
    let environment: [String: String]

    /// Writes the files and masks what was not a secret of the job before.
    /// - Throws: `missing_secret`, or `file_error`.
    init(for source: GitSource, in context: RecipeContext) throws(RecipeFailure) {
        let folder = context.temporary + "/git-credentials"
        try Files.remove(folder)
        try Files.makeDirectory(folder)
        chmod(folder, 0o700)
        var username = source.url.username
        var password = source.url.password
        var identity: [String] = []
        switch source.authentication {
        case .token(let name, let user):
            username = user
            password = try context.secret(name, for: "source.auth.token")
        case .sshKey(let name, let knownHosts):
            let key = try context.secret(name, for: "source.auth.sshKey")
            try Files.write(key.hasSuffix("\n") ? key : key + "\n", to: folder + "/identity", mode: 0o600)
            try Files.write(knownHosts + "\n", to: folder + "/known_hosts", mode: 0o600)
            identity = ["-i", folder + "/identity", "-o", "IdentitiesOnly=yes"]
            identity += ["-o", "UserKnownHostsFile=" + folder + "/known_hosts", "-o", "GlobalKnownHostsFile=/dev/null"]
        case nil: break
        }
        try Files.write((username ?? "") + "\n", to: folder + "/username", mode: 0o600)
        try Files.write((password ?? "") + "\n", to: folder + "/password", mode: 0o600)
        try Files.write(
            GitCredentials.askPass(folder: folder, origin: source.url.origin, isKnown: username != nil),
            to: folder + "/askpass",
            mode: 0o700
        )
        let options =
            identity + [
                "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "-o", "ConnectTimeout=30",
                "-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=4",
            ]
        try Files.write(GitCredentials.ssh(options), to: folder + "/ssh", mode: 0o700)
        environment = [
            "GIT_ASKPASS": folder + "/askpass", "GIT_SSH": folder + "/ssh", "GIT_SSH_VARIANT": "ssh",
        ]
    }

    /// A program that answers git's questions about one origin, and only that: a submodule or a redirect elsewhere
    /// does not get the job's token.
    private static func askPass(folder: String, origin: String, isKnown: Bool) -> String {
        let scheme = origin.range(of: "://").map { String(origin[..<$0.upperBound]) } ?? ""
        let host = origin.dropFirst(scheme.count)
        guard isKnown else { return "#!/bin/sh\nexit 1\n" }
        return """
            #!/bin/sh
            case "$1" in
            "Username for '"\(quoted(origin))"'"*) exec cat \(quoted(folder + "/username")) ;;
            "Password for '"\(quoted(scheme))*@\(quoted(String(host)))"'"*) exec cat \(quoted(folder + "/password")) ;;
            esac
            exit 1

            """
    }

    private static func ssh(_ options: [String]) -> String {
        "#!/bin/sh\nexec ssh \(options.map(quoted).joined(separator: " ")) \"$@\"\n"
    }

    private static func quoted(_ text: String) -> String {
        "'" + text.parts(by: "'").joined(separator: "'\\''") + "'"
    }
}
