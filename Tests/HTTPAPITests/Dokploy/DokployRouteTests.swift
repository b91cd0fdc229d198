import HTTPAPI
import HoistwayModel
import HoistwayStore
import TestSupport
import Testing

/// What holds for every action of the Dokploy face.
@Suite(.redis, .timeLimit(.minutes(3))) struct DokployRouteTests {
    private func send(
        _ action: Action,
        _ client: HTTPClient,
        prefix: String = "/api/",
        _ headers: [(String, String)] = []
    ) async throws -> Answer {
        guard action.isQuery else { return try await client.post("\(prefix)\(action.name)", action.json, headers) }
        return try await client.get("\(prefix)\(action.name)?\(action.query)", headers)
    }

    @Test func theListOfActionsIsComplete() async throws {
        try await API.with { api in
            let paths = DokployFace(services: api.services).routes.map(\.path)
            let there = Set(paths.filter { $0.contains(".") }.map { String($0.dropFirst("/api/".count)) })
            #expect(there == Set(Action.all.map(\.name)))
            #expect(paths.filter { !$0.contains(".") }.count == 3)
        }
    }

    @Test func eachNeedsATokenWithItsScope() async throws {
        try await API.with { api in
            for action in Action.all {
                let none = try await send(action, api.stranger)
                #expect(none.status == 401, "\(action)")
                #expect(none.json.objectValue?.keys == ["message", "code", "issues"])
                #expect(none["code"] == "UNAUTHORIZED" && none["issues"] == [])
                for scope in AccessScope.allCases where scope != action.scope && scope != .admin {
                    let answer = try await send(action, api.http(scope))
                    #expect(answer.status == 403 && answer["code"] == "FORBIDDEN", "\(action) with \(scope)")
                }
                let token = try #require(api.tokens[action.scope])
                let allowed = try await send(action, api.stranger, [("x-api-key", token)])
                #expect(![401, 403].contains(allowed.status), "\(action): \(allowed.text)")
            }
        }
    }

    @Test func eachNamesTheFieldThatIsMissingOrWrong() async throws {
        try await API.with { api in
            for action in Action.all {
                for field in action.input.keys {
                    var broken = action
                    broken.input[field] = nil
                    let missing = try await send(broken, api.http)
                    #expect(missing.status == 400 && missing["code"] == "BAD_REQUEST", "\(action): \(missing.text)")
                    #expect(missing["issues"] == [["message": "Required", "path": [.string(field)]]])
                    broken.input[field] = ""
                    #expect(try await send(broken, api.http).status == 400, "\(action)")
                    guard !action.isQuery else { continue }
                    let number = try await api.mutate(action.name, .object([field: 1]), .admin)
                    #expect(number.status == 400 && number.text.contains("Expected string, received a number"))
                }
            }
            let words = try await api.query("deployment.allByType", "id=x&type=rocket")
            #expect(words.status == 400 && words.text.contains("must be one of application, compose"))
            for limit in ["0", "1001", "x", ""] {
                #expect(
                    try await api.query("deployment.all", "applicationId=x&limit=\(limit)").status == 400,
                    "\(limit)"
                )
            }
            #expect(try await api.query("deployment.readLogs", "deploymentId=x&tail=10001").status == 400)
            let cursor = try await api.query("deployment.all", "applicationId=x&cursor=nobody")
            #expect(cursor.status == 400 && cursor["issues"][0]?["path"] == ["cursor"])
        }
    }

    @Test func whatIsNotThereIs404() async throws {
        try await API.with { api in
            for action in Action.operating + Action.enqueuing {
                let answer = try await send(action, api.http)
                #expect(answer.status == 404 && answer["code"] == "NOT_FOUND", "\(action): \(answer.text)")
            }
            #expect(try await api.query("deployment.readLogs", "deploymentId=x").status == 404)
            #expect(try await api.query("deployment.readLogs", "deploymentId=x:history").status == 404)
            for action in Action.queries where action.name.hasPrefix("deployment.all") {
                #expect(try await send(action, api.http).json == [], "\(action)")
            }
            let unknown = try await api.query("project.all")
            #expect(unknown.status == 404 && unknown["code"] == "NOT_FOUND" && unknown["issues"] == [])
        }
    }

    @Test func theOtherMethodIsRefused() async throws {
        try await API.with { api in
            for action in Action.all {
                let method = action.isQuery ? "POST" : "GET"
                let answer = try await api.http.send(method, "/api/\(action.name)")
                #expect(answer.status == 405 && answer["code"] == "METHOD_NOT_SUPPORTED", "\(action)")
                #expect(answer[header: "allow"]?.hasPrefix(action.isQuery ? "GET" : "POST") == true)
            }
        }
    }

    @Test func slashesTooManyAndAMissingContentTypeAreLetPass() async throws {
        try await API.with { api async throws in
            try await api.register("application", "shop")
            let body = Array(#"{"applicationId":"shop","unknown":true}"#.utf8)
            for path in ["//api//application.deploy", "/api//application.deploy", "/api/application.deploy/"] {
                let answer = try await api.http(.enqueue).send("POST", path, body: body)
                #expect(answer.status == 200, "\(path): \(answer.text)")
            }
            #expect(
                try await api.http(.read).get("//api//deployment.all?applicationId=shop").json.arrayValue?.count == 3
            )
            #expect(try await api.stranger.get("//api//deployment.all?applicationId=shop")["code"] == "UNAUTHORIZED")
            #expect(try await api.http(.read).get("//api//v1//jobs").status == 404)
            let form = [("content-type", "application/x-www-form-urlencoded")]
            let refused = try await api.http.send("POST", "/api/application.deploy", form, body: body)
            #expect(refused.status == 415 && refused["code"] == "UNSUPPORTED_MEDIA_TYPE")
            for text in ["[]", "{", "1"] {
                let answer = try await api.http.send("POST", "/api/application.deploy", body: Array(text.utf8))
                #expect(answer.status == 400 && answer["code"] == "BAD_REQUEST", "\(text)")
            }
        }
    }

    @Test func theDocumentDescribesEveryActionAndNothingElse() async throws {
        try await API.with { api in
            #expect(try await api.query("settings.health").json == ["status": "ok"])
            let document = try await api.query("settings.getOpenApiDocument").json
            #expect(document["openapi"] == "3.1.0" && document["servers"] == [["url": "/api"]])
            let paths = try #require(document["paths"]?.objectValue)
            #expect(Set(paths.keys) == Set(Action.all.map { "/\($0.name)" }))
            let schemas = try #require(document["components"]?["schemas"]?.objectValue)
            for action in Action.all {
                let operation = try #require(paths["/\(action.name)"]?[action.isQuery ? "get" : "post"])
                let named: [String]
                if action.isQuery {
                    named = (operation["parameters"]?.arrayValue ?? []).filter { $0["required"] == true }
                        .compactMap { $0["name"]?.stringValue }
                } else {
                    let body = operation["requestBody"]?["content"]?["application/json"]?["schema"]
                    named = body?["required"]?.arrayValue?.compactMap(\.stringValue) ?? []
                }
                #expect(Set(named) == Set(action.input.keys), "\(action)")
                for response in try #require(operation["responses"]?.objectValue) {
                    let schema = response.value["content"]?["application/json"]?["schema"]?["$ref"]?.stringValue ?? ""
                    #expect(schemas[String(schema.dropFirst("#/components/schemas/".count))] != nil, "\(action)")
                }
            }
            let deployment = try #require(schemas["Deployment"]?["required"]?.arrayValue)
            #expect(Set(deployment.compactMap(\.stringValue)) == Set(DeploymentTests.fields))
        }
    }
}

extension JSON {
    /// An element of an array; null where there is none.
    subscript(index: Int) -> JSON? {
        guard let elements = arrayValue, elements.indices.contains(index) else { return nil }
        return elements[index]
    }
}
