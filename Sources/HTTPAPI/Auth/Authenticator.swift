import HTTPTypes
import HoistwayModel
import HoistwayStore
import Logging
import Synchronization

/// Tells by their tokens who asks.
final class Authenticator: Sendable {
    /// How long what Redis said of a token is believed, so that a revoked one is refused within a second.
    private static let belief = Duration.milliseconds(500)
    /// How often the use of a token is noted.
    private static let noteInterval = Duration.seconds(60)
    private static let mostRemembered = 1000

    /// A token or a browser's session.
    struct Identity: Sendable, Hashable {
        var id: String
        var isSession: Bool
    }

    private struct Known {
        var token: StoredToken?
        var asked: ContinuousClock.Instant
    }

    private let store: Store
    private let isOpen: Bool
    private let limiter: RateLimiter
    private let failures: RateLimiter
    private let known = Mutex<[Identity: Known]>([:])
    private let noted = Mutex<[String: ContinuousClock.Instant]>([:])

    /// - Parameter isOpen: nobody needs a token.
    init(store: Store, isOpen: Bool, limits: APIConfiguration.Limits) {
        self.store = store
        self.isOpen = isOpen
        limiter = RateLimiter(perSecond: limits.requestsPerSecond, burst: limits.requestBurst)
        failures = RateLimiter(perSecond: limits.failuresPerSecond, burst: limits.failureBurst)
    }

    /// - Returns: who asks; nobody for a request without a token.
    /// - Throws: ``Problem``: 401 for a token that is none, 429 for too many requests or too many wrong tokens.
    func caller(_ headers: HTTPFields, address: String) async throws -> Caller {
        if isOpen { return .anybody }
        var isBrowser = false
        var secret = Authenticator.token(in: headers)
        if secret == nil {
            secret = BrowserSession.secret(in: headers)
            isBrowser = secret != nil
        }
        guard let secret else { return .nobody }
        guard let token = try await token(secret, isSession: isBrowser) else {
            // Those with a right token may come from the same address: of a proxy, say.
            if let wait = failures.take(address) {
                throw Authenticator.tooMany("too many requests with wrong tokens came from this address", wait)
            }
            throw Authenticator.unauthorized(isBrowser ? "the session has ended" : "the token is not valid")
        }
        if let wait = limiter.take(token.id) { throw Authenticator.tooMany("the token was used too often", wait) }
        if !isBrowser { note(token.id) }
        let scopes = Set(token.scopes.compactMap { AccessScope(rawValue: $0) })
        var caller = Caller(tokenID: token.id, scopes: scopes, isBrowser: isBrowser)
        caller.identity = NewToken.id(of: secret).map { Identity(id: $0, isSession: isBrowser) }
        return caller
    }

    /// Whether it was not revoked. Who was let in stays so while Redis does not answer.
    func knows(_ identity: Identity) async -> Bool {
        do {
            return try await stored(identity) != nil
        } catch {
            return true
        }
    }

    static func unauthorized(_ detail: String) -> Problem {
        Problem(.unauthorized, code: "unauthorized", detail, headers: [.wwwAuthenticate: "Bearer realm=\"hoistway\""])
    }

    static func forbidden(lacking scope: AccessScope) -> Problem {
        Problem(.forbidden, code: "forbidden", "the token lacks the scope \"\(scope.rawValue)\"")
    }

    /// `Authorization: Bearer …` or `x-api-key`.
    private static func token(in headers: HTTPFields) -> String? {
        if let value = headers[.authorization] {
            let parts = value.split(separator: " ", maxSplits: 1)
            guard parts.count == 2, parts[0].lowercased() == "bearer" else { return "" }
            return String(parts[1])
        }
        return headers["x-api-key"]
    }

    private static func tooMany(_ detail: String, _ wait: Double) -> Problem {
        Problem(
            .tooManyRequests,
            code: "too_many_requests",
            detail,
            isRetryable: true,
            retryAfter: max(1, Int(wait.rounded(.up)))
        )
    }

    private func token(_ text: String, isSession: Bool) async throws -> StoredToken? {
        guard let id = NewToken.id(of: text) else { return nil }
        let token = try await stored(Identity(id: id, isSession: isSession))
        // An unknown id takes as long as a wrong secret.
        let digest = NewToken.digest(text)
        let isRight = NewToken.isSame(digest, token?.digest ?? String(repeating: "0", count: digest.utf8.count))
        return isRight ? token : nil
    }

    private func stored(_ identity: Identity) async throws -> StoredToken? {
        let now = ContinuousClock.now
        if let known = known.withLock({ $0[identity] }), now - known.asked < Authenticator.belief { return known.token }
        let token = try await identity.isSession ? store.session(identity.id) : store.token(identity.id)
        known.withLock { known in
            if known.count >= Authenticator.mostRemembered { known.removeAll() }
            // One that is not there is asked for each time, so that a new one works at once.
            known[identity] = token.map { Known(token: $0, asked: now) }
        }
        return token
    }

    private func note(_ id: String) {
        let now = ContinuousClock.now
        let isDue = noted.withLock { noted in
            if let last = noted[id], now - last < Authenticator.noteInterval { return false }
            if noted.count >= Authenticator.mostRemembered { noted.removeAll() }
            noted[id] = now
            return true
        }
        guard isDue else { return }
        Task { [store] in try? await store.used(token: id) }
    }
}
