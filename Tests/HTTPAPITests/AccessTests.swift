import HTTPAPI
import HTTPTypes
import HoistwayModel
import HoistwayStore
import TestSupport
import Testing

@Suite(.redis, .timeLimit(.minutes(3))) struct AccessTests {
    /// Every route that needs a right, with the right it needs.
    static let routes: [(method: String, path: String, scope: AccessScope)] = [
        ("POST", "/api/v1/jobs", .enqueue), ("GET", "/api/v1/jobs", .read), ("GET", "/api/v1/jobs/x", .read),
        ("DELETE", "/api/v1/jobs/x", .operate), ("POST", "/api/v1/jobs/x/kill", .operate),
        ("POST", "/api/v1/jobs/x/retry", .operate), ("POST", "/api/v1/jobs/x/rollback", .operate),
        ("POST", "/api/v1/jobs/x/promote", .operate), ("GET", "/api/v1/jobs/x/history", .read),
        ("GET", "/api/v1/jobs/x/logs", .read), ("GET", "/api/v1/jobs/x/logs/stream", .read),
        ("GET", "/api/v1/events", .read), ("GET", "/api/v1/queues", .read),
        ("POST", "/api/v1/queues/x/pause", .operate), ("POST", "/api/v1/queues/x/resume", .operate),
        ("POST", "/api/v1/queues/x/drain", .operate), ("GET", "/api/v1/workers", .read),
        ("POST", "/api/v1/workers/x/stop", .operate), ("GET", "/api/v1/schedules", .read),
        ("POST", "/api/v1/schedules", .admin), ("GET", "/api/v1/schedules/x", .read),
        ("PUT", "/api/v1/schedules/x", .admin), ("DELETE", "/api/v1/schedules/x", .admin),
        ("POST", "/api/v1/schedules/x/run", .enqueue), ("POST", "/api/v1/schedules/x/pause", .operate),
        ("POST", "/api/v1/schedules/x/resume", .operate), ("GET", "/api/v1/resources/application/x", .read),
        ("PUT", "/api/v1/resources/application/x", .admin), ("DELETE", "/api/v1/resources/application/x", .admin),
        ("GET", "/metrics", .read),
    ]

    @Test func eachRouteNeedsItsRight() async throws {
        try await API.with { api async throws in
            for route in Self.routes {
                let none = try await api.stranger.send(route.method, route.path)
                #expect(none.status == 401 && none[header: "www-authenticate"]?.hasPrefix("Bearer") == true, "\(route)")
                #expect(none["code"] == "unauthorized")
                for scope in AccessScope.allCases where scope != route.scope && scope != .admin {
                    let answer = try await api.http(scope).send(route.method, route.path)
                    #expect(answer.status == 403 && answer["code"] == "forbidden", "\(route) with \(scope)")
                }
            }
        }
    }

    @Test func theListOfRoutesIsComplete() async throws {
        try await API.with { api async throws in
            let faces: [any Face] = [NativeFace(services: api.services), ServiceFace(services: api.services)]
            let there = faces.flatMap(\.routes).compactMap { route -> String? in
                guard case .scope(let scope) = route.access else { return nil }
                let path = route.path.split(separator: "/").map { part -> String in
                    if part == "{type}" { return route.path.contains("/resources/") ? "application" : "x" }
                    return part.hasPrefix("{") ? "x" : String(part)
                }
                return "\(route.method.rawValue) /\(path.joined(separator: "/")) \(scope)"
            }
            #expect(Set(there) == Set(Self.routes.map { "\($0.method) \($0.path) \($0.scope)" }))
            #expect(there.count == Self.routes.count)
        }
    }

    @Test func healthNeedsNoToken() async throws {
        try await API.with { api async throws in
            #expect(try await api.stranger.get("/healthz").status == 200)
            #expect(try await api.stranger.get("/readyz").status == 200)
        }
    }

    @Test func aTokenMayComeInEitherHeader() async throws {
        try await API.with { api async throws in
            let token = try #require(api.tokens[.read])
            #expect(try await api.stranger.get("/api/v1/jobs", [("x-api-key", token)]).status == 200)
            #expect(try await api.stranger.get("/api/v1/jobs", [("authorization", "bearer \(token)")]).status == 200)
            #expect(try await api.stranger.get("/api/v1/jobs", [("authorization", "Basic \(token)")]).status == 401)
            #expect(try await api.stranger.get("/api/v1/jobs?token=\(token)").status == 401)
        }
    }

    @Test func aWrongSecretWithAKnownIDIsRefused() async throws {
        try await API.with { api async throws in
            let token = try #require(api.tokens[.admin])
            let last = try #require(token.last)
            let wrong = token.dropLast() + (last == "a" ? "b" : "a")
            for text in [String(wrong), String(token.dropLast()), token + "a", "", String(repeating: "a", count: 64)] {
                let answer = try await api.stranger.get("/api/v1/jobs", [("x-api-key", text)])
                #expect(answer.status == 401, "\(text)")
            }
            #expect(try await api.stranger.get("/api/v1/jobs", [("x-api-key", token)]).status == 200)
        }
    }

    @Test func aRevokedTokenIsRefused() async throws {
        try await API.with { api async throws in
            let token = NewToken(scopes: [.read])
            try await api.store.add(token.stored, by: "test")
            let client = HTTPClient(port: api.server.port, token: token.text)
            #expect(try await client.get("/api/v1/jobs").status == 200)
            try await api.store.removeToken(token.stored.id, by: "test")
            try await eventually("the token to be refused") {
                try await client.get("/api/v1/jobs").status == 401
            }
        }
    }

    @Test func whatARevokedTokenFollowsEnds() async throws {
        try await API.with { api async throws in
            try await api.enqueue("a")
            try await api.start()
            let token = NewToken(scopes: [.read])
            try await api.store.add(token.stored, by: "test")
            let client = HTTPClient(port: api.server.port, token: token.text)
            let streams = ["/api/v1/jobs/a/logs/stream", "/api/v1/events"].map { path in
                Task { try await client.events(path).isEnded }
            }
            let other = Task { try await api.http(.read).events("/api/v1/jobs/a/logs/stream").isEnded }
            try await eventually("them to follow") { api.services.followers == 3 }
            try await api.store.removeToken(token.stored.id, by: "test")
            for stream in streams { _ = try? await stream.value }
            // Another token's goes on.
            try await eventually("them to be gone") { api.services.followers == 1 }
            other.cancel()
            _ = try? await other.value
        }
    }

    @Test func theUseOfATokenIsNotedAndOnlyItsDigestIsKept() async throws {
        try await API.with { api async throws in
            let token = try #require(api.tokens[.read])
            _ = try await api.http(.read).get("/api/v1/jobs")
            let id = String(token.prefix(12))
            try await eventually("the use to be noted") { try await api.store.token(id)?.lastUsedAt != nil }
            let kept = try #require(try await api.store.token(id))
            #expect(kept.digest.utf8.count == 64 && kept.digest != token && kept.scopes == ["read"])
            #expect(!api.log.lines.contains { $0.contains(token) || $0.contains(token.dropFirst(12)) })
            #expect(api.log.lines.contains { $0.contains("token=\(id)") && $0.contains("route=/api/v1/jobs") })
        }
    }

    @Test func tooManyRequestsOfATokenAreRefused() async throws {
        try await API.with(configuring: {
            $0.limits.requestsPerSecond = 0.1
            $0.limits.requestBurst = 3
        }) { api async throws in
            for _ in 0..<3 { #expect(try await api.http(.read).get("/api/v1/jobs").status == 200) }
            let answer = try await api.http(.read).get("/api/v1/jobs")
            #expect(answer.status == 429 && answer["code"] == "too_many_requests")
            #expect((answer[header: "retry-after"].flatMap { Int($0) } ?? 0) >= 1)
            #expect(try await api.http(.admin).get("/api/v1/jobs").status == 200)
        }
    }

    @Test func wrongTokensAreCountedByAddress() async throws {
        try await API.with(configuring: {
            $0.limits.failuresPerSecond = 0.01
            $0.limits.failureBurst = 3
        }) { api async throws in
            let wrong = HTTPClient(port: api.server.port, token: String(repeating: "x", count: 64))
            for _ in 0..<3 { #expect(try await wrong.get("/api/v1/jobs").status == 401) }
            #expect(try await wrong.get("/api/v1/jobs").status == 429)
            // A right one from the same address is let in.
            #expect(try await api.http(.read).get("/api/v1/jobs").status == 200)
            #expect(try await api.stranger.get("/healthz").status == 200)
        }
    }

    @Test func withoutAuthenticationEverybodyMayDoAll() async throws {
        try await API.with(configuring: { $0.noAuth = true }) { api async throws in
            let answer = try await api.stranger.post("/api/v1/jobs", ["type": "application", "applicationId": "a"])
            #expect(answer.status == 202)
            let own = [("host", "localhost:1"), ("origin", "http://localhost:1")]
            #expect(try await api.stranger.get("/api/v1/jobs", own).status == 200)
            let foreign = [("host", "localhost:1"), ("origin", "https://evil.example")]
            #expect(try await api.stranger.get("/api/v1/jobs", foreign)["code"] == "foreign_origin")
            let rebound = try await api.stranger.get("/api/v1/jobs", [("host", "evil.example:80")])
            #expect(rebound.status == 403 && rebound["code"] == "foreign_host")
        }
        for address in ["0.0.0.0:1", "10.0.0.1:1", "[::]:1", "127.0.0.1.example:1"] {
            #expect(throws: APIConfigurationError.self) { try APIConfiguration(listen: address, noAuth: true) }
        }
        for address in ["127.0.0.1:1", "[::1]:1", "localhost:1", "127.8.0.1:0"] {
            #expect(try APIConfiguration(listen: address, noAuth: true).isLoopback)
        }
    }

    @Test func eachChangeIsTold() async throws {
        try await API.with { api async throws in
            try await api.enqueue("a")
            _ = try await api.http(.operate).post("/api/v1/jobs/a/kill", nil, [("x-request-id", "who")])
            _ = try await api.http(.operate).post("/api/v1/jobs/a/kill")
            _ = try await api.http(.read).get("/api/v1/jobs/a")
            let audits = try await api.store.recentEvents(100).map(\.event).filter { $0["event"] == "audit" }
            #expect(audits.count == 2)
            let kill = try #require(audits.last)
            #expect(kill["tokenId"]?.stringValue == api.tokens[.operate].map { String($0.prefix(12)) })
            #expect(kill["data"]?["action"] == "POST /api/v1/jobs/{id}/kill")
            #expect(kill["data"]?["path"] == "/api/v1/jobs/a/kill")
            #expect(kill["data"]?["requestId"] == "who" && kill["at"]?.stringValue != nil)
        }
    }
}
