import HTTPAPI
import HTTPTypes
import HoistwayModel
import HoistwayStore
import RESP
import RedisClient
import TestSupport
import Testing

@Suite(.redis, .timeLimit(.minutes(3))) struct LoginTests {
    private static let form = ("content-type", "application/x-www-form-urlencoded")

    /// The code of a new link.
    private func code(_ api: API, _ scopes: [AccessScope] = [.admin]) async throws -> String {
        let link = try await BrowserSession.link(
            scopes,
            base: "http://127.0.0.1:\(api.server.port)",
            in: api.store,
            by: "me"
        )
        #expect(link.url.hasPrefix("http://127.0.0.1:\(api.server.port)/login?code=\(link.id)"))
        return String(link.url.suffix(64))
    }

    private func logIn(_ api: API, _ code: String, _ headers: [(String, String)] = []) async throws -> Answer {
        try await api.stranger.send("POST", "/login", [Self.form] + headers, body: Array("code=\(code)".utf8))
    }

    /// The cookie of a session, as a browser sends it.
    private func cookie(_ api: API, _ scopes: [AccessScope] = [.admin]) async throws -> (String, String) {
        let answer = try await logIn(api, try await code(api, scopes))
        #expect(answer.status == 303 && answer[header: "location"] == "/docs")
        let set = try #require(answer[header: "set-cookie"])
        return ("cookie", "other=1; \(set.prefix { $0 != ";" })")
    }

    @Test func aLinkLogsInOnce() async throws {
        try await API.with { api async throws in
            let code = try await code(api)
            for _ in 0..<2 {
                let page = try await api.stranger.get("/login?code=\(code)")
                #expect(page.status == 200 && page.text.contains("value=\"\(code)\"") && page.text.contains("<form"))
            }
            let answer = try await logIn(api, code)
            let set = try #require(answer[header: "set-cookie"])
            #expect(answer.status == 303 && set.hasPrefix("hoistway_session="))
            for attribute in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=43200"] {
                #expect(set.contains("; \(attribute)"), "\(attribute)")
            }
            #expect(!set.contains("Secure"))
            let again = try await logIn(api, code)
            #expect(again.status == 401 && again[header: "set-cookie"] == nil)
            #expect(!api.log.lines.contains { $0.contains(code.dropFirst(12)) })
        }
    }

    @Test func aCookieIsForItsScopesAlone() async throws {
        try await API.with { api async throws in
            let cookie = try await cookie(api, [.read])
            #expect(try await api.stranger.get("/api/v1/jobs", [cookie]).status == 200)
            let changed = [cookie, ("x-hoistway-request", "1")]
            #expect(try await api.stranger.post("/api/v1/jobs/x/kill", nil, changed)["code"] == "forbidden")
            for wrong in [
                "hoistway_session=", "hoistway_session=\(String(repeating: "a", count: 64))",
                cookie.1.replacing("hoistway_session=", with: "x_hoistway_session="),
            ] {
                #expect(try await api.stranger.get("/api/v1/jobs", [("cookie", wrong)]).status == 401, "\(wrong)")
            }
        }
    }

    @Test func aTokenIsNoCookieAndACookieIsNoToken() async throws {
        try await API.with { api async throws in
            let secret = String(try await cookie(api).1.suffix(64))
            #expect(try await api.stranger.get("/api/v1/jobs", [("x-api-key", secret)]).status == 401)
            let token = try #require(api.tokens[.admin])
            let answer = try await api.stranger.get("/api/v1/jobs", [("cookie", "hoistway_session=\(token)")])
            #expect(answer.status == 401)
        }
    }

    @Test func aChangeByCookieNeedsTheHeaderAndNoForeignPage() async throws {
        try await API.with { api async throws in
            let cookie = try await cookie(api)
            let job: JSON = ["type": "application", "applicationId": "a"]
            let bare = try await api.stranger.post("/api/v1/jobs", job, [cookie])
            #expect(bare.status == 403 && bare["code"] == "foreign_request")
            let own = [cookie, ("x-hoistway-request", "1")]
            #expect(try await api.stranger.post("/api/v1/jobs", job, own).status == 202)
            let host = ("host", "127.0.0.1:8484")
            let page = own + [host, ("origin", "http://127.0.0.1:8484")]
            #expect(try await api.stranger.post("/api/v1/jobs", job, page).status == 202)
            // Another port of the same host has the same cookies.
            for origin in ["http://127.0.0.1:3000", "https://evil.example", "null"] {
                let foreign = try await api.stranger.post("/api/v1/jobs", job, own + [host, ("origin", origin)])
                #expect(foreign.status == 403 && foreign["code"] == "foreign_origin", "\(origin)")
                let read = try await api.stranger.get("/api/v1/jobs", [cookie, host, ("origin", origin)])
                #expect(read.status == 403, "\(origin)")
                let login = try await logIn(api, try await code(api), [host, ("origin", origin)])
                #expect(login.status == 403, "\(origin)")
                let logout = try await api.stranger.send("POST", "/logout", [cookie, host, ("origin", origin)])
                #expect(logout.status == 403, "\(origin)")
            }
            // A token is sent by nobody but its owner.
            #expect(try await api.http.post("/api/v1/jobs", job).status == 202)
        }
    }

    @Test func aLogoutEndsTheSessionAtOnce() async throws {
        try await API.with { api async throws in
            let cookie = try await cookie(api)
            let answer = try await api.stranger.send("POST", "/logout", [cookie])
            #expect(answer.status == 303 && answer[header: "set-cookie"]?.contains("Max-Age=0") == true)
            try await eventually("the session to end", timeout: .seconds(1)) {
                try await api.stranger.get("/api/v1/jobs", [cookie]).status == 401
            }
            #expect(try await api.stranger.send("POST", "/logout", [cookie]).status == 303)
            let wrong = ("cookie", String(cookie.1.dropLast()) + "!")
            #expect(try await api.stranger.send("POST", "/logout", [wrong]).status == 303)
        }
    }

    @Test func aSessionAndALinkAreRevokedByTheirIDs() async throws {
        try await API.with { api async throws in
            let cookie = try await cookie(api)
            try await api.store.removeToken(String(cookie.1.suffix(64).prefix(12)), by: "me")
            try await eventually("the session to end", timeout: .seconds(1)) {
                try await api.stranger.get("/api/v1/jobs", [cookie]).status == 401
            }
            let code = try await code(api)
            try await api.store.removeToken(String(code.prefix(12)), by: "me")
            #expect(try await logIn(api, code).status == 401)
        }
    }

    @Test func linksAndSessionsEndByThemselves() async throws {
        try await API.with { api async throws in
            let code = try await code(api)
            let left = try await api.store.redis.send(["PTTL", .string(api.store.keys.login(String(code.prefix(12))))])
            #expect((1...900_000).contains(left.int ?? 0))
            _ = try await api.store.redis.send(["PEXPIRE", .string(api.store.keys.login(String(code.prefix(12)))), "0"])
            #expect(try await logIn(api, code).status == 401)
            let id = String(try await cookie(api).1.suffix(64).prefix(12))
            let rest = try await api.store.redis.send(["PTTL", .string(api.store.keys.session(id))]).int ?? 0
            #expect((43_000_000...43_200_000).contains(rest))
        }
    }

    @Test func wrongFormsAreRefused() async throws {
        try await API.with { api async throws in
            #expect(try await logIn(api, "x").status == 401)
            #expect(try await api.stranger.send("POST", "/login").status == 401)
            #expect(try await api.stranger.post("/login", ["code": "x"]).status == 415)
            let page = try await logIn(api, "x", [("accept", "text/html")])
            #expect(page.status == 401 && page[header: "content-type"] == "text/html; charset=utf-8")
            let evil = try await api.stranger.get("/login?code=%22%3E%3Cscript%3E")
            #expect(evil.status == 200 && !evil.text.contains("<script"))
        }
    }

    @Test func sentAgainALoginAnswersTheSame() async throws {
        try await API.with { api async throws in
            let login = NewToken(scopes: [.read])
            try await api.store.add(login: login.stored, for: .minutes(1), by: "me")
            let (one, other) = (NewToken(scopes: []), NewToken(scopes: []))
            for _ in 0..<2 { #expect(try await api.store.open(one.stored, with: login.stored, for: .minutes(1))) }
            #expect(try await !api.store.open(other.stored, with: login.stored, for: .minutes(1)))
            #expect(try await api.store.session(one.stored.id)?.scopes == ["read"])
        }
    }
}
