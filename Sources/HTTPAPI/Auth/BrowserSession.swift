import HTTPTypes
import HoistwayModel
import HoistwayStore

/// A browser that logged in: its cookie holds a secret as tokens are one.
package enum BrowserSession {
    /// How long the link that logs in can be used.
    package static let linkTime = TimeSpan.minutes(15)
    /// How long a session lasts.
    static let time = TimeSpan.hours(12)
    static let cookie = "hoistway_session"
    /// A page of another site cannot send it: it is asked for where a cookie says who changes something.
    static let header = "x-hoistway-request"

    /// Makes a link that logs in, once.
    /// - Parameters:
    ///   - base: of the API, such as `http://127.0.0.1:8484`.
    ///   - by: who makes it, for the events.
    package static func link(
        _ scopes: [AccessScope],
        base: String,
        in store: Store,
        by: String
    ) async throws -> (url: String, id: String) {
        let code = NewToken(scopes: scopes)
        try await store.add(login: code.stored, for: linkTime, by: by)
        return ("\(base)/login?code=\(code.text)", code.stored.id)
    }

    /// The secret of a request's cookie.
    static func secret(in headers: HTTPFields) -> String? {
        for pair in (headers[.cookie] ?? "").split(separator: ";") {
            let sides = pair.split(separator: "=", maxSplits: 1)
            if sides.count == 2, sides[0].drop(while: { $0 == " " }) == cookie { return String(sides[1]) }
        }
        return nil
    }

    /// `Set-Cookie` of a new session; of none it makes the browser forget its own.
    static func setCookie(_ secret: String?, isTLS: Bool) -> String {
        let age = secret == nil ? 0 : time.milliseconds / 1000
        let attributes = "Path=/; Max-Age=\(age); HttpOnly; SameSite=Strict\(isTLS ? "; Secure" : "")"
        return "\(cookie)=\(secret ?? ""); \(attributes)"
    }
}
