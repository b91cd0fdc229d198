import HTTPAPI
import HoistwayModel
import HoistwayStore
import TestSupport
import Testing

/// The tRPC twin of the Dokploy face.
@Suite(.redis, .timeLimit(.minutes(3))) struct RemoteProcedureTests {
    private func get(
        _ api: API,
        _ names: String,
        _ input: JSON?,
        batch: Bool = false,
        _ client: HTTPClient? = nil
    ) async throws -> Answer {
        var parts = batch ? ["batch=1"] : []
        if let input { parts.append("input=\(escaped(input.text))") }
        let query = parts.isEmpty ? "" : "?\(parts.joined(separator: "&"))"
        return try await (client ?? api.http(.read)).get("/api/trpc/\(names)\(query)")
    }

    private func escaped(_ text: String) -> String {
        text.utf8.map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "%0\(digits)" : "%\(digits)"
        }.joined()
    }

    @Test func theAnswerComesAsTheInputCame() async throws {
        try await API.with { api async throws in
            try await api.enqueue("a", "shop")
            let rest = try await api.query("deployment.all", "applicationId=shop").json
            let input: JSON = ["applicationId": "shop"]
            let bare = try await get(api, "deployment.all", input)
            #expect(bare.status == 200 && bare.json == ["result": ["data": rest]])
            let wrapped = try await get(api, "deployment.all", ["json": input])
            #expect(wrapped.status == 200 && wrapped.json == ["result": ["data": ["json": rest]]])
            let typed = try await get(api, "deployment.all", ["json": input, "meta": ["values": [:]]])
            #expect(typed.json == wrapped.json)
            let limited: JSON = ["json": ["applicationId": "shop", "limit": 1, "cursor": nil]]
            #expect(try await get(api, "deployment.all", limited).json == wrapped.json)
            #expect(try await get(api, "settings.health", nil).json == ["result": ["data": ["status": "ok"]]])
            let nothing: JSON = ["json": nil, "meta": ["values": ["undefined"]]]
            #expect(
                try await get(api, "settings.health", nothing).json == ["result": ["data": ["json": ["status": "ok"]]]]
            )
            #expect(try await api.http(.read).get("//api//trpc//settings.health").status == 200)
        }
    }

    @Test func aMutationComesByPost() async throws {
        try await API.with { api async throws in
            try await api.register("application", "shop")
            for input: JSON in [["applicationId": "shop"], ["json": ["applicationId": "shop", "title": "T"]]] {
                let answer = try await api.http(.enqueue).post("/api/trpc/application.deploy", input)
                let data = try #require(answer.json["result"]?["data"])
                let result = input["json"] == nil ? data : data["json"]
                #expect(answer.status == 200 && result?["success"] == true, "\(answer.text)")
                let id = try #require(result?["deploymentId"]?.stringValue)
                #expect(try await api.store.job(id)?.status == .pending)
            }
        }
    }

    @Test func errorsHaveTheShapeOfTRPC() async throws {
        try await API.with { api async throws in
            let bare = try await get(api, "deployment.all", [:])
            let error: JSON = [
                "message": "Input validation failed", "code": -32600,
                "data": [
                    "code": "BAD_REQUEST", "httpStatus": 400, "path": "deployment.all",
                    "zodError": ["formErrors": [], "fieldErrors": ["applicationId": ["Required"]]],
                ],
            ]
            #expect(bare.status == 400 && bare.json == ["error": error])
            let wrapped = try await get(api, "deployment.all", ["json": [:]])
            #expect(wrapped.status == 400 && wrapped.json == ["error": ["json": error]])

            let kill = try await api.http.post("/api/trpc/deployment.killProcess", ["json": ["deploymentId": "x"]])
            #expect(kill.status == 404 && kill["error"]["json"]?["code"] == -32004)
            #expect(kill["error"]["json"]?["data"]?["code"] == "NOT_FOUND")
            let method = try await api.http.get("/api/trpc/application.deploy")
            #expect(method.status == 405 && method["error"]["code"] == -32005)
            #expect(try await api.http.post("/api/trpc/deployment.all", [:]).status == 405)
            #expect(try await get(api, "project.all", nil).status == 404)
            #expect(try await api.http(.read).get("/api/trpc/deployment.all?input=%7B").status == 400)
            #expect(try await get(api, "deployment.all", ["json": 1]).status == 400)
        }
    }

    /// Whoever is refused before the input is read finds the error whichever way the client wraps.
    @Test func rightsAreAskedForByProcedure() async throws {
        try await API.with { api async throws in
            for action in Action.all {
                let path = "/api/trpc/\(action.name)"
                func send(_ client: HTTPClient) async throws -> Answer {
                    guard action.isQuery else { return try await client.post(path, ["json": action.json]) }
                    return try await get(api, action.name, ["json": action.json], client)
                }
                let none = try await send(api.stranger)
                #expect(none.status == 401 && none["error"]["data"]?["code"] == "UNAUTHORIZED", "\(action)")
                #expect(
                    none["error"]["json"]?["code"] == -32001 && none["error"]["data"]?["path"] == .string(action.name)
                )
                for scope in AccessScope.allCases where scope != action.scope && scope != .admin {
                    let answer = try await send(api.http(scope))
                    #expect(
                        answer.status == 403 && answer["error"]["json"]?["code"] == -32003,
                        "\(action) with \(scope)"
                    )
                }
                #expect(![401, 403].contains(try await send(api.http(action.scope)).status))
            }
        }
    }

    @Test func whenToComeAgainIsSaid() async throws {
        try await API.with { api async throws in
            try await api.register("application", "shop")
            try await api.store.configure(Limits(waiting: [.application: 0]))
            let input: JSON = ["applicationId": "shop"]
            let rest = try await api.mutate("application.deploy", input, .enqueue)
            let wait = try #require(rest[header: "retry-after"])
            let single = try await api.http(.enqueue).post("/api/trpc/application.deploy", input)
            #expect(single.status == 429 && single[header: "retry-after"] == wait)
            let path = "/api/trpc/application.deploy,deployment.killProcess?batch=1"
            let batch = try await api.http.post(path, ["0": input, "1": ["deploymentId": "x"]])
            #expect(batch.status == 207 && batch[header: "retry-after"] == wait)
            #expect(try await get(api, "settings.health", nil)[header: "retry-after"] == nil)
        }
    }

    @Test func aBatchAnswersEachByItself() async throws {
        try await API.with { api async throws in
            try await api.enqueue("a", "shop")
            let input: JSON = ["0": ["json": ["applicationId": "shop"]], "1": ["json": [:]], "2": ["json": nil]]
            let names = "deployment.all,deployment.all,settings.health"
            let mixed = try await get(api, names, input, batch: true)
            #expect(mixed.status == 207)
            let answers = try #require(mixed.json.arrayValue)
            #expect(answers.count == 3 && answers[0]["result"]?["data"]?["json"]?[0]?["deploymentId"] == "a")
            #expect(answers[1]["error"]?["json"]?["data"]?["httpStatus"] == 400)
            #expect(answers[2] == ["result": ["data": ["json": ["status": "ok"]]]])

            try await api.register("application", "shop")
            let both: JSON = ["0": ["applicationId": "shop"], "1": ["applicationId": "shop"]]
            let path = "/api/trpc/application.deploy,application.deploy?batch=1"
            let made = try await api.http(.enqueue).post(path, both)
            let ids = try #require(made.json.arrayValue).compactMap {
                $0["result"]?["data"]?["deploymentId"]?.stringValue
            }
            #expect(made.status == 200 && Set(ids).count == 2, "\(made.text)")

            let refused = try await api.stranger.post(path, both)
            #expect(refused.status == 401 && refused.json.arrayValue?.count == 2)
            let allowed = try await api.http(.read).post(path, both)
            #expect(allowed.status == 403 && allowed.json.arrayValue?.count == 2)
            let many = Array(repeating: "settings.health", count: 51).joined(separator: ",")
            #expect(try await get(api, many, nil, batch: true).status == 400)
            #expect(
                try await get(api, "settings.health", nil, batch: true).json == [["result": ["data": ["status": "ok"]]]]
            )
        }
    }
}
