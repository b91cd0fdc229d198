import HTTPAPI
import HoistwayModel
import HoistwayStore
import TestSupport
import Testing

@Suite(.redis, .timeLimit(.minutes(3))) struct ResourceRouteTests {
    private static let path = "/api/v1/resources/application/shop%2Ffront"
    private static let shop: JSON = [
        "payload": ["source": ["type": "dir", "path": "/srv"]],
        "defaults": ["title": "Shop", "timeout": 60, "labels": ["team": "x"], "delay": 5],
    ]

    @Test func aResourceHasVersions() async throws {
        try await API.with { api async throws in
            let made = try await api.http.put(Self.path, Self.shop, [("if-none-match", "*")])
            #expect(
                made.status == 200 && made["version"] == 1 && made["id"] == "shop/front"
                    && made[header: "etag"] == "\"1\""
            )
            let taken = try await api.http.put(Self.path, Self.shop, [("if-none-match", "*")])
            #expect(taken.status == 412 && taken["code"] == "version_changed")
            #expect(try await api.http.put(Self.path, Self.shop)["version"] == 1)
            let changed = try await api.http.put(Self.path, ["payload": [:]], [("if-match", "\"1\"")])
            #expect(changed["version"] == 2 && changed["payload"] == [:] && changed["defaults"] == [:])
            #expect(try await api.http.put(Self.path, Self.shop, [("if-match", "\"1\"")]).status == 412)
            #expect(try await api.http.put("\(Self.path)-2", Self.shop, [("if-match", "*")]).status == 412)
            for tags in ["*", "\"1\", \"2\""] {
                let same = try await api.http.put(Self.path, ["payload": [:]], [("if-match", tags)])
                #expect(same.status == 200 && same["version"] == 2, "\(tags)")
            }
            let shown = try await api.http(.read).get(Self.path)
            #expect(shown["version"] == 2 && shown["createdAt"].stringValue != nil)
            #expect(try await api.http(.read).get(Self.path, [("if-none-match", "\"2\"")]).status == 304)
            // What was read can be written back.
            #expect(try await api.http.put(Self.path, shown.json)["version"] == 2)
            #expect(try await api.http.delete(Self.path, [("if-match", "\"1\"")]).status == 412)
            #expect(try await api.http.delete(Self.path).status == 204)
            #expect(try await api.http.delete(Self.path).status == 404)
            #expect(try await api.http(.read).get(Self.path).status == 404)
        }
    }

    @Test func aJobOfAResourceHasItsPayloadAndDefaults() async throws {
        try await API.with { api async throws in
            _ = try await api.http.put(Self.path, Self.shop)
            let plain = try await api.http.post("/api/v1/jobs", ["type": "application", "applicationId": "shop/front"])
            #expect(plain.status == 202 && plain["title"] == "Shop" && plain["version"] == 1)
            #expect(plain["payload"]["source"]?["path"] == "/srv" && plain["labels"]["team"] == "x")
            #expect(plain["reason"] == "delayed")
            let own = try await api.http.post(
                "/api/v1/jobs",
                ["type": "application", "resourceId": "shop/front", "title": "Mine", "delay": 0, "payload": ["a": 1]]
            )
            #expect(own["title"] == "Mine" && own["payload"] == ["a": 1] && own["labels"]["team"] == "x")
            let other = try await api.http.post("/api/v1/jobs", ["type": "compose", "composeId": "shop/front"])
            #expect(other["title"] == "" && other["version"].isNull)
            let wrong = try await api.http.post(
                "/api/v1/jobs",
                ["type": "application", "applicationId": "shop/front", "priority": 77]
            )
            #expect(wrong.status == 422 && wrong["fieldErrors"].objectValue?.keys == ["priority"])
            // What the registry knows is no reason to take what contradicts itself.
            for (name, value) in [("resourceId", "other"), ("applicationId", 5)] as [(String, JSON)] {
                var document: JSONObject = ["type": "application", "applicationId": "shop/front"]
                document["resourceId"] = "shop/front"
                document[name] = value
                let answer = try await api.http.post("/api/v1/jobs", .object(document))
                #expect(answer.status == 422, "\(answer.text)")
            }
        }
    }

    @Test func aResourceKeepsItsJobsForItself() async throws {
        try await API.with { api async throws in
            let kept = try await api.http.put(Self.path, ["retention": ["count": 1, "age": "365d"]])
            #expect(kept["retention"]["count"] == 1 && kept["retention"]["age"] == 31_536_000)
            for (id, resource) in [("a1", "shop/front"), ("a2", "shop/front"), ("b1", "other"), ("b2", "other")] {
                try await api.enqueue(id, resource)
                try await api.end(try await api.start())
            }
            let strict = RetentionRules(standard: Retention(age: .seconds(3600), count: 2, logBytes: 1 << 30))
            #expect(try await api.store.prune(strict).removed == 1)
            let left = try await api.http(.read).get("/api/v1/jobs")["items"].arrayValue?.compactMap { $0["id"] }
            #expect(left == ["b2", "b1", "a2"])
            let wrong = try await api.http.put(Self.path, ["retention": ["count": -1, "years": 1]])
            #expect(Set(wrong["fieldErrors"].objectValue?.keys ?? []) == ["retention.count", "retention.years"])
        }
    }

    @Test func wrongFieldsAreNamed() async throws {
        try await API.with { api async throws in
            let wrong: JSON = ["payload": [], "defaults": ["id": "x", "priority": 99], "x": 1]
            let answer = try await api.http.put(Self.path, wrong)
            #expect(answer.status == 422)
            #expect(Set(answer["fieldErrors"].objectValue?.keys ?? []) == ["payload", "x", "defaults.id"])
            let value = try await api.http.put(Self.path, ["defaults": ["priority": 99]])
            #expect(value["fieldErrors"].objectValue?.keys == ["defaults.priority"])
            let type = try await api.http.put("/api/v1/resources/nobody/x", Self.shop)
            #expect(type.status == 422 && type["code"] == "unknown_type")
        }
    }
}
