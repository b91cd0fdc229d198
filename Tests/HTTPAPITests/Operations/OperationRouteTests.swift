import HTTPAPI
import HoistwayModel
import HoistwayStore
import RESP
import RedisClient
import TestSupport
import Testing

@Suite(.redis, .timeLimit(.minutes(3))) struct OperationRouteTests {
    /// The example of the seed, with the values that a job can have.
    @Test func anOperationHasEveryField() async throws {
        try await API.with { api async throws in
            let members: JSONObject = ["organizationId": "A1B2C3D4E5", "memberId": "M1"]
            try await api.enqueue("op", "shop", members)
            let job = try await api.start()
            let resource: JSON = [
                "urn": "urn:a", "type": "aws:eks", "name": "cluster", "operation": "create", "status": "running",
                "duration": 1.5,
            ]
            let other: JSON = ["urn": "urn:b", "status": "unchanged"]
            try await api.tell(job, ["stage": "provision", "message": "half", "resources": [resource, other]])
            let result: JSON = ["items": [["provider": "aws", "vCpus": 4]], "metadata": ["provider": "aws"]]
            let running = try await api.http(.read).get("/operations/op")
            let shown = running.json
            #expect(running.status == 200 && shown["status"] == "running")
            #expect(shown["result"] == .null && shown["error"] == .null && shown["completedAt"] == .null)
            #expect(
                shown["progress"] == [
                    "stage": "provision", "message": "half",
                    "resources": [
                        resource,
                        [
                            "urn": "urn:b", "type": nil, "name": nil, "operation": nil, "status": "unchanged",
                            "duration": nil,
                        ],
                    ],
                    "summary": [
                        "total": 2, "pending": 0, "running": 1, "succeeded": 0, "failed": 0, "unchanged": 1,
                    ],
                ]
            )
            try await api.end(job, .done, [("result", result.text)])
            let stored = try #require(try await api.store.job("op"))
            let ended = try await api.http(.read).get("/api/v1/operations/op").json
            #expect(ended.objectValue?.keys == OperationInvariants.keys)
            #expect(ended["id"] == "op" && ended["organizationId"] == "A1B2C3D4E5" && ended["memberId"] == "M1")
            #expect(ended["operation"] == "application.deploy" && ended["status"] == "succeeded")
            #expect(ended["resourceType"] == "application" && ended["resourceId"] == "shop")
            #expect(ended["result"] == result && ended["error"] == .null)
            #expect(ended["progress"]?["resources"]?.arrayValue?.first?["status"] == "succeeded")
            for field in ["createdAt", "updatedAt", "startedAt", "completedAt"] {
                #expect(ended[field]?.stringValue == stored.fields[field] && ended[field] != .null, "\(field)")
            }
            #expect(OperationInvariants.breaches(of: shown) == [] && OperationInvariants.breaches(of: ended) == [])
        }
    }

    @Test func anErrorIsTheRecipesFilledUp() async throws {
        try await API.with { api async throws in
            let document: JSON = ["type": "application", "applicationId": "a", "id": "a"]
            _ = try await api.http.post("/api/v1/jobs", document, [("x-request-id", "req-7")])
            let error: JSON = [
                "code": "quota", "message": "no more", "errorType": "quota",
                "details": ["retryable": true, "retryAfter": 2.5, "fieldErrors": ["a.b": "x"], "causedBy": "region"],
            ]
            let resources: JSON = [["name": "n", "status": "running"], ["name": "m", "status": "pending"]]
            let job = try await api.start()
            try await api.tell(job, ["error": error, "result": ["n": 1], "resources": resources])
            let before = try await api.http.get("/operations/a")
            #expect(before["error"] == .null && before["result"] == .null)
            try await api.end(job, .failed, [("message", "no more"), ("exitCode", "1")])
            let answer = try await api.http(.read).get("/operations/a")
            #expect(answer["status"] == "failed" && answer["result"] == .null)
            #expect(
                answer["error"] == [
                    "code": "quota", "message": "no more", "errorType": "recipe",
                    "details": [
                        "retryable": true, "retryAfter": 2.5, "fieldErrors": ["a.b": "x"], "requestId": "req-7",
                        "causedBy": "region",
                    ],
                ]
            )
            #expect(answer[header: "retry-after"] == "3")
            #expect(answer["progress"]["summary"]?["failed"] == 2)
            #expect(OperationInvariants.breaches(of: answer.json) == [])
        }
    }

    @Test(arguments: [
        (Outcome.Kind.failed, "failed", "failed", "recipe"), (.timeout, "failed", "timeout", "recipe"),
        (.idle, "failed", "idle", "recipe"), (.spawn, "failed", "spawn", "infrastructure"),
        (.lost, "failed", "lost", "infrastructure"), (.killed, "cancelled", "killed", "cancelled"),
    ])
    func everyEndHasItsError(kind: Outcome.Kind, status: String, code: String, type: String) async throws {
        try await API.with { api async throws in
            try await api.enqueue("a")
            let job = try await api.start()
            if kind == .killed { _ = try await api.store.kill("a", KillOrder(by: "me")) }
            let fence = try #require(job.fence)
            _ = try await api.store.finish("a", fence: fence, Outcome(kind, isRepeatable: false))
            let answer = try await api.http.get("/operations/a")
            #expect(answer["status"].stringValue == status && answer["error"]["code"]?.stringValue == code)
            #expect(answer["error"]["errorType"]?.stringValue == type)
            #expect(answer["error"]["details"]?["retryable"] == .bool(kind == .lost))
            #expect(answer["error"]["details"]?["causedBy"] == (kind == .killed ? "me" : .null))
            #expect(answer[header: "retry-after"] == nil)
            #expect(OperationInvariants.breaches(of: answer.json) == [])
        }
    }

    @Test func whatARecipeToldIsMadeToFit() async throws {
        try await API.with { api async throws in
            try await api.enqueue("a")
            let job = try await api.start()
            let told: JSON = ["a": "x", "b": 1, "c": ["y", "z"], "d": nil, "e": ["f": true]]
            let error: JSON = ["errorType": "infrastructure", "details": ["fieldErrors": told]]
            try await api.tell(job, ["error": error])
            try await api.end(job, .failed)
            let answer = try await api.http(.read).get("/operations/a")
            let fields: JSON = ["a": "x", "b": "1", "c": #"["y","z"]"#, "e": #"{"f":true}"#]
            #expect(answer["error"]["details"]?["fieldErrors"] == fields, "\(answer.text)")
            #expect(answer["error"]["errorType"] == "infrastructure")
            #expect(OperationInvariants.breaches(of: answer.json) == [])
        }
    }

    @Test func aSkippedOneNamesWhatItDependedOn() async throws {
        try await API.with { api async throws in
            try await api.enqueue("first")
            try await api.enqueue("second", nil, ["dependsOn": ["first"]])
            try await api.end(try await api.start(), .failed)
            try await api.enqueue("third", nil, ["dependsOn": ["second"]])
            for (id, cause) in [("second", "first"), ("third", "second")] {
                let answer = try await api.http(.read).get("/operations/\(id)")
                #expect(answer["status"] == "failed" && answer["error"]["code"] == "skipped")
                #expect(answer["error"]["details"]?["causedBy"]?.stringValue == cause)
            }
        }
    }

    @Test func aRejectedDocumentWithoutAResourceHasNone() async throws {
        try await API.with { api async throws in
            let raw = #"{"id":"bad"}"#
            _ = try await api.store.redis.send(["RPUSH", .string(api.store.keys.inbox(.application)), .string(raw)])
            _ = try await api.store.admit([Array(raw.utf8)], type: .application)
            let answer = try await api.http.get("/operations/bad")
            #expect(answer.status == 200 && answer["error"]["code"] == "invalid_document")
            #expect(answer.json["resourceId"] == .null)
            #expect(OperationInvariants.breaches(of: answer.json) == [])
        }
    }

    /// What was pushed into Redis and is invalid is an operation too.
    @Test func aRejectedDocumentNamesItsFields() async throws {
        try await API.with { api async throws in
            let raw = #"{"id":"bad","applicationId":"a","priority":12}"#
            _ = try await api.store.redis.send(["RPUSH", .string(api.store.keys.inbox(.application)), .string(raw)])
            _ = try await api.store.admit([Array(raw.utf8)], type: .application)
            let answer = try await api.http.get("/operations/bad")
            #expect(answer["status"] == "failed" && answer["error"]["code"] == "invalid_document")
            #expect(answer["error"]["errorType"] == "recipe")
            #expect(answer["error"]["details"]?["fieldErrors"]?.objectValue?.keys == ["priority"])
            #expect(answer["error"]["details"]?["requestId"] == .null && answer["startedAt"] == .null)
            #expect(OperationInvariants.breaches(of: answer.json) == [])
        }
    }

    @Test func whatWaitsIsCancelledAndWhatRunsIsKilled() async throws {
        try await API.with { api async throws in
            try await api.enqueue("a", "r")
            let job = try await api.start()
            try await api.enqueue("b", "r")
            let waiting = try await api.http(.operate).post("/operations/b/cancel", ["why": "no"])
            #expect(waiting.status == 200 && waiting["status"] == "cancelled")
            #expect(waiting["error"]["code"] == "cancelled" && waiting["error"]["errorType"] == "cancelled")
            let running = try await api.http(.operate).post("/api/v1/operations/a/cancel")
            #expect(running.status == 202 && running["status"] == "running" && running["error"] == .null)
            try await api.end(job, .killed)
            #expect(try await api.http.get("/operations/a")["status"] == "cancelled")
            let again = try await api.http(.operate).post("/operations/a/cancel")
            #expect(again.status == 409 && again["code"] == "already_ended")
            #expect(try await api.http.post("/operations/nobody/cancel").status == 404)
            #expect(try await api.http.post("/operations/a/cancel", ["grace": "soon"]).status == 422)
        }
    }

    /// What it failed of before somebody gave it up is not why it ended.
    @Test func oneGivenUpBetweenItsAttemptsIsCancelled() async throws {
        try await API.with { api async throws in
            try await api.enqueue("a", nil, ["maxAttempts": 2])
            let job = try await api.start()
            let fence = try #require(job.fence)
            let fields = [("error", #"{"code":"failed","message":"exit code 1"}"#), ("message", "exit code 1")]
            _ = try await api.store.finish("a", fence: fence, Outcome(.failed, wait: .seconds(60), fields: fields))
            let between = try await api.http.get("/operations/a")
            #expect(between["status"] == "pending" && between["error"] == .null)
            let ended = try await api.http.post("/operations/a/cancel")
            #expect(ended["error"]["code"] == "cancelled" && ended["error"]["errorType"] == "cancelled")
            #expect(ended["error"]["message"] != "exit code 1")
        }
    }

    @Test func aReturnIsARollback() async throws {
        try await API.with { api async throws in
            try await api.enqueue("a")
            try await api.end(try await api.start())
            let rollback = try await api.http.post("/api/v1/jobs/a/rollback")
            let id = try #require(rollback["id"].stringValue)
            let answer = try await api.http.get("/operations/\(id)")
            #expect(answer["operation"] == "application.rollback" && answer["status"] == "pending")
            #expect(try await api.http.get("/operations/a")["result"] == [:])
        }
    }

    @Test func operationsAreListed() async throws {
        try await API.with { api async throws in
            for id in ["a", "b", "c", "d", "e"] { try await api.enqueue(id) }
            try await api.end(try await api.start(), .done)
            try await api.end(try await api.start(), .failed)
            _ = try await api.http.post("/operations/c/cancel")
            try await api.start()
            func ids(_ query: String) async throws -> [String?] {
                let answer = try await api.http(.read).get("/operations?\(query)")
                #expect(answer.status == 200, "\(answer.text)")
                let items = answer["items"].arrayValue ?? []
                #expect(items.flatMap { OperationInvariants.breaches(of: $0) } == [])
                return items.map { $0["id"]?.stringValue }
            }
            #expect(try await ids("") == ["e", "d", "c", "b", "a"])
            let expected = ["pending": "e", "running": "d", "cancelled": "c", "failed": "b", "succeeded": "a"]
            for (status, id) in expected { #expect(try await ids("status=\(status)") == [id], "\(status)") }
            #expect(try await ids("resourceId=resource-of-b&resourceType=application") == ["b"])
            #expect(try await ids("resourceType=backup") == [])
            let page = try await api.http.get("/operations?limit=2")
            let cursor = try #require(page["nextCursor"].stringValue)
            #expect(try await ids("limit=2&cursor=\(cursor)") == ["c", "b"])
            for wrong in ["status=done", "limit=0", "cursor=x"] {
                #expect(try await api.http.get("/operations?\(wrong)").status == 422, "\(wrong)")
            }
        }
    }

    @Test func aTagSavesTheAnswer() async throws {
        try await API.with { api async throws in
            try await api.enqueue("a")
            let tag = try #require(try await api.http.get("/operations/a")[header: "etag"])
            let same = try await api.http.get("/operations/a", [("if-none-match", tag)])
            #expect(same.status == 304 && same.body.isEmpty)
            try await api.start()
            #expect(try await api.http.get("/operations/a", [("if-none-match", tag)]).status == 200)
        }
    }

    @Test func everybodyNeedsTheRight() async throws {
        try await API.with { api async throws in
            try await api.enqueue("a")
            for path in ["/operations", "/operations/a", "/api/v1/operations", "/api/v1/operations/a"] {
                #expect(try await api.stranger.get(path).status == 401, "\(path)")
                #expect(try await api.http(.enqueue).get(path).status == 403, "\(path)")
            }
            #expect(try await api.stranger.post("/operations/a/cancel").status == 401)
            #expect(try await api.http(.read).post("/operations/a/cancel").status == 403)
            for id in ["nobody", "a:history", "a%2Fb", "%00"] {
                #expect(try await api.http.get("/operations/\(id)").status == 404, "\(id)")
            }
            let wrong = try await api.http.delete("/operations/a")
            #expect(wrong.status == 405 && wrong[header: "allow"] == "GET, HEAD")
        }
    }
}
