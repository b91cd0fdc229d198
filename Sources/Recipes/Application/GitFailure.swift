/// Reads from git's messages whether another try may help.
enum GitFailure {
    /// Longest first where one holds another; what is not listed may be a clone that broke.
    private static let kinds: [(code: String, retryable: Bool, signs: [String])] = [
        (
            "unknown_ref", false,
            ["couldn't find remote ref", "not our ref", "unadvertised object", "Needed a single revision"]
        ),
        ("protocol_not_allowed", false, ["not allowed", "is not allowed to follow"]),
        (
            "authentication_failed", false,
            [
                "Authentication failed", "could not read Username", "could not read Password", "Permission denied",
                "terminal prompts disabled", "returned error: 401", "returned error: 403", "invalid credentials",
                "unable to read askpass response",
            ]
        ),
        ("host_key", false, ["Host key verification failed", "REMOTE HOST IDENTIFICATION HAS CHANGED"]),
        ("certificate", false, ["certificate verif", "SSL certificate problem", "certificate problem"]),
        (
            "repository_not_found", false,
            [
                "returned error: 404", "repository not found", "Repository not found", "' not found", "does not exist",
                "does not appear to be a git repository",
            ]
        ),
        (
            "network", true,
            [
                "Could not resolve host", "Could not resolve hostname", "Failed to connect", "Connection refused",
                "Connection timed out", "Connection reset", "Connection closed", "Network is unreachable",
                "No route to host", "unable to access", "unable to connect", "early EOF", "RPC failed",
                "the remote end hung up", "remote end hung up unexpectedly", "unexpected disconnect",
                "Operation timed out", "Operation too slow", "Could not read from remote repository",
                "TLS connect error", "gnutls_handshake", "returned error: 429", "returned error: 5",
            ]
        ),
    ]

    /// The failure that git's messages tell of, `nil` when they tell of none known.
    static func classify(_ diagnostics: String, doing action: String) -> RecipeFailure? {
        for kind in kinds {
            guard kind.signs.contains(where: { diagnostics.range(of: $0) != nil }) else { continue }
            return RecipeFailure(
                code: kind.code,
                message: "\(action) failed: \(lastLine(diagnostics))",
                retryable: kind.retryable
            )
        }
        return nil
    }

    static func unclassified(_ diagnostics: String, doing action: String) -> RecipeFailure {
        RecipeFailure(code: "git_failed", message: "\(action) failed: \(lastLine(diagnostics))")
    }

    /// The line that says most: the last one that is `fatal:` or `error:`, else the last.
    private static func lastLine(_ diagnostics: String) -> String {
        let lines = diagnostics.split(whereSeparator: \.isNewline)
        let telling = lines.last { $0.hasPrefix("fatal:") || $0.hasPrefix("error:") }
        return String(telling ?? lines.last ?? "git gave no reason")
    }
}
