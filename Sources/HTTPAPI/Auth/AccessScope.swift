/// What a token allows.
package enum AccessScope: String, Sendable, Hashable, CaseIterable {
    /// Every GET.
    case read
    /// What makes a job, a deployment or a scheduled run.
    case enqueue
    /// Kill, retry, rollback, promote, remove, pause, resume, drain, stop.
    case operate
    /// All of these, schedules, resources, tokens.
    case admin
}

/// Who asks.
package struct Caller: Sendable, Hashable {
    /// The id of the token; empty where none is needed.
    package var tokenID: String
    package var scopes: Set<AccessScope>
    /// A cookie says who it is: the browser may have sent it for a page that is not ours.
    package var isBrowser: Bool
    /// What ends when the token is revoked or the session is over.
    var identity: Authenticator.Identity?

    package init(tokenID: String, scopes: Set<AccessScope>, isBrowser: Bool = false) {
        self.tokenID = tokenID
        self.scopes = scopes
        self.isBrowser = isBrowser
    }

    /// Somebody without a token.
    static let nobody = Caller(tokenID: "", scopes: [])
    /// Anybody, where no token is needed.
    static let anybody = Caller(tokenID: "", scopes: [.admin])

    package func may(_ scope: AccessScope) -> Bool { scopes.contains(scope) || scopes.contains(.admin) }

    /// For receipts: who wanted it.
    package var name: String { tokenID.isEmpty ? "api" : "token \(tokenID)" }
}
