import HoistwayModel

/// A git repository at a ref, and how to be let in.
struct GitSource: Sendable {
    enum Authentication: Sendable {
        /// Names of the job's secret, and the user name that goes with it.
        case token(name: String, username: String)
        /// Name of the job's secret with a private key, and lines for `known_hosts`.
        case sshKey(name: String, knownHosts: String)
    }

    var url: GitURL
    var ref: String
    var commit: String?
    var subdirectory: String?
    var submodules: Bool
    var authentication: Authentication?

    init(_ fields: PayloadFields) {
        fields.expect(["type", "url", "ref", "commit", "subdir", "submodules", "auth"])
        let text = fields.string("url")
        switch GitURL.parse(text) {
        case .success(let url): self.url = url
        case .failure(let problem):
            if !text.isEmpty { fields.fail("url", problem.message) }
            url = GitURL(scheme: "", text: "", origin: "", username: nil, password: nil)
        }
        ref = fields.string("ref")
        if !ref.isEmpty, !GitSource.isRef(ref) { fields.fail("ref", "is no name of a branch, tag or commit") }
        commit = fields.optionalString("commit")
        if let commit, !(7...64).contains(commit.utf8.count) || !commit.utf8.allSatisfy(Ascii.isHexDigit) {
            fields.fail("commit", "must be 7 to 64 hexadecimal digits")
        }
        subdirectory = fields.optionalString("subdir")
        if let subdirectory, !SourcePath.isWithin(subdirectory) {
            fields.fail("subdir", "must be a path within the repository")
        }
        submodules = fields.bool("submodules", default: false)
        authentication = GitSource.authentication(fields)
    }

    private static func authentication(_ fields: PayloadFields) -> Authentication? {
        guard let auth = fields.optionalFields("auth") else { return nil }
        if auth.has("sshKey") {
            auth.expect(["sshKey", "knownHosts"])
            return .sshKey(name: auth.string("sshKey"), knownHosts: auth.text("knownHosts"))
        }
        auth.expect(["token", "username", "sshKey", "knownHosts"])
        return .token(name: auth.string("token"), username: auth.optionalString("username") ?? "x-access-token")
    }

    /// Whether git takes the text for a ref's name, and never for an option or a refspec.
    static func isRef(_ text: String) -> Bool {
        let forbidden = Set(" ~^:?*[\\+".utf8)
        return !text.begins(with: "-") && !text.begins(with: "/") && !text.hasSuffix("/") && !text.hasSuffix(".lock")
            && !text.hasSuffix(".") && text.range(of: "..") == nil && text.range(of: "@{") == nil
            && text.range(of: "//") == nil && !text.utf8.contains(where: forbidden.contains)
    }
}

/// The address of a repository without what must not stand on a command line.
struct GitURL: Sendable {
    struct Problem: Error {
        var message: String
    }

    var scheme: String
    /// The address, without user name and password where they are handed over otherwise.
    var text: String
    /// Scheme, host and port, as git names them when it asks.
    var origin: String
    var username: String?
    var password: String?

    /// Reads an address of the kinds that are allowed: https, http to loopback, ssh (also `user@host:path`), git, file.
    static func parse(_ text: String) -> Result<GitURL, Problem> {
        guard !text.begins(with: "-") else { return .failure(Problem(message: "must not begin with '-'")) }
        if text.begins(with: "/") { return .success(local("file://" + text)) }
        guard let parts = URLParts(text) else { return remoteShorthand(text) }
        if parts.scheme != "file", parts.host.isEmpty || parts.host.begins(with: "-") {
            return .failure(Problem(message: "must name a host"))
        }
        switch parts.scheme {
        case "file": return .success(local(text))
        case "http" where !parts.isLoopback:
            return .failure(Problem(message: "plain http is allowed to loopback addresses only; use https"))
        case "https", "http", "ssh", "git": return .success(remote(parts))
        default: return .failure(Problem(message: "must be an https, ssh, git or file URL"))
        }
    }

    private static func local(_ text: String) -> GitURL {
        GitURL(scheme: "file", text: text, origin: "file://", username: nil, password: nil)
    }

    private static func remote(_ parts: URLParts) -> GitURL {
        let halves = (parts.userInfo ?? "").parts(by: ":", most: 1)
        let user = halves[0].isEmpty ? nil : URLParts.decode(halves[0])
        let password = halves.count > 1 ? URLParts.decode(halves[1]) : nil
        var address = parts.origin + parts.rest
        // A user name is part of where ssh connects to; for https it may be a token.
        if parts.scheme == "ssh", let user, GitSource.isRef(user) {
            address = "ssh://\(user)@\(parts.origin.dropFirst("ssh://".count))\(parts.rest)"
        }
        return GitURL(scheme: parts.scheme, text: address, origin: parts.origin, username: user, password: password)
    }

    private static func remoteShorthand(_ text: String) -> Result<GitURL, Problem> {
        let problem = Problem(message: "must be an https, ssh, git or file URL, or user@host:path")
        let halves = text.parts(by: ":", most: 1)
        guard halves.count == 2, !halves[0].utf8.contains(UInt8(ascii: "/")), text.range(of: "::") == nil else {
            return .failure(problem)
        }
        let host = halves[0].parts(by: "@").last ?? ""
        guard !host.isEmpty, !host.begins(with: "-"), !halves[1].isEmpty else {
            return .failure(problem)
        }
        return .success(GitURL(scheme: "ssh", text: text, origin: "ssh://\(host)", username: nil, password: nil))
    }
}
