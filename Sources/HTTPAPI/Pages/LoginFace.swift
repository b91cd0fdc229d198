import HTTPTypes
import HoistwayModel
import HoistwayStore
import Hummingbird
import NIOCore

/// Lets a browser in by the link of `hoistway token login`, and out.
package struct LoginFace: Face {
    let services: Services
    /// Whether the API speaks HTTPS, so that the cookie is for that alone.
    let isTLS: Bool
    /// Where one comes who has logged in or out.
    private static let home = "/docs"

    package init(services: Services, isTLS: Bool) {
        self.services = services
        self.isTLS = isTLS
    }

    package var routes: [Route] {
        [
            Route(.get, "/login", .open) { request in LoginFace.page(code: request.query["code"] ?? "") },
            Route(.post, "/login", .open, logIn),
            Route(.post, "/logout", .open, logOut),
        ]
    }

    /// People read a page, programs a problem detail.
    package func response(to problem: Problem, of request: APIRequest) -> Response {
        guard request.headers[.accept]?.contains("text/html") ?? false else {
            return problem.response(requestID: request.id)
        }
        let body: HTML = """
            <h1>That did not work</h1><p>\(problem.detail).</p>
            <p>A new link comes from <code>hoistway token login</code>.</p>
            """
        return Page.response("Hoistway: login", body, status: problem.status, headers: problem.headers)
    }

    /// A button, since programs look at links before people do, and the link works once.
    private static func page(code: String) -> Response {
        if NewToken.id(of: code) == nil {
            return Page.response(
                "Hoistway: login",
                "<h1>Hoistway</h1><p>The command <code>hoistway token login</code> makes a link that logs in.</p>"
            )
        }
        return Page.response(
            "Hoistway: login",
            """
            <h1>Hoistway</h1>
            <form method="post" action="/login"><input type="hidden" name="code" value="\(code)">
            <button autofocus>Log in</button></form>
            """
        )
    }

    private func logIn(_ request: APIRequest) async throws -> Response {
        try OwnPages.checkOrigin(request.headers, authority: request.authority)
        let form = try await LoginFace.form(request)
        let session = NewToken(scopes: [])
        guard let code = form["code"], let id = NewToken.id(of: code) else { throw LoginFace.invalid }
        let login = StoredToken(id: id, digest: NewToken.digest(code), scopes: [])
        let isRight = try await OutagePatience.insist {
            try await services.store.open(session.stored, with: login, for: BrowserSession.time)
        }
        guard isRight else { throw LoginFace.invalid }
        return seeOther(cookie: session.text)
    }

    private func logOut(_ request: APIRequest) async throws -> Response {
        try OwnPages.checkOrigin(request.headers, authority: request.authority)
        if let secret = BrowserSession.secret(in: request.headers), let id = NewToken.id(of: secret),
            let session = try await services.store.session(id), NewToken.isSame(session.digest, NewToken.digest(secret))
        {
            try await OutagePatience.insist { try await services.store.close(session: id) }
        }
        return seeOther(cookie: nil)
    }

    private func seeOther(cookie: String?) -> Response {
        let headers: HTTPFields = [
            .location: LoginFace.home, .setCookie: BrowserSession.setCookie(cookie, isTLS: isTLS),
        ]
        return Response(status: .seeOther, headers: headers)
    }

    private static let invalid = Authenticator.unauthorized("the link was used already, or is too old")

    /// - Throws: ``Problem`` (415, 400) for what no form of ours sends.
    private static func form(_ request: APIRequest) async throws -> Query {
        let bytes = try await request.bytes(requiresJSON: false)
        let type = request.headers[.contentType]?.prefix { $0 != ";" }.lowercased()
        guard bytes.isEmpty || type == "application/x-www-form-urlencoded" else {
            throw Problem(.unsupportedMediaType, code: "unsupported_media_type", "the body must be a form")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Problem(.badRequest, code: "invalid_form", "the body is not UTF-8")
        }
        return try Query(text[...])
    }
}
