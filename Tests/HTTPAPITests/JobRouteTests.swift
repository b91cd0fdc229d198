import HTTPAPI
import HoistwayModel
import HoistwayStore
import TestSupport
import Testing

@Suite(.redis, .timeLimit(.minutes(3))) struct JobRouteTests {
    @Test func aJobIsAccepted() async throws {
        try await API.with { api async throws in
            let answer = try await api.http(.enqueue).post(
                "/api/v1/jobs",
                ["type": "application", "applicationId": "a", "title": "T", "payload": ["n": 12_345_678_901_234_567]],
                [("x-request-id", "req-1")]
            )
            #expect(answer.status == 202)
            let id = try #require(answer["id"].stringValue)
            #expect(answer[header: "location"] == "/api/v1/jobs/\(id)")
            #expect(answer[header: "x-request-id"] == "req-1")
            #expect(answer["status"] == "pending")
            #expect(answer["requestId"] == "req-1")
            #expect(answer["waiting"]["because"] == "noWorker")
            let job = try #require(try await api.store.job(id))
            #expect(job.fields["payload"] == #"{"n":12345678901234567}"#)
            let shown = try await api.http(.read).get("/api/v1/jobs/\(id)")
            #expect(shown.status == 200 && shown["title"] == "T" && shown["resourceId"] == "a")
        }
    }

    @Test func anIdempotencyKeyMakesOneJob() async throws {
        try await API.with { api async throws in
            let document: JSON = ["type": "application", "applicationId": "a"]
            let key = [("Idempotency-Key", "k")]
            let first = try await api.http.post("/api/v1/jobs", document, key)
            let second = try await api.http.post("/api/v1/jobs", document, key)
            #expect(first.status == 202 && second.status == 200)
            #expect(first["id"] == second["id"])
            let field: JSON = ["type": "application", "applicationId": "a", "idempotencyKey": "k"]
            #expect(try await api.http.post("/api/v1/jobs", field).status == 200)
            let contradiction = try await api.http.post("/api/v1/jobs", field, [("Idempotency-Key", "other")])
            #expect(contradiction.status == 422)
            #expect(contradiction["fieldErrors"]["idempotencyKey"]?.stringValue != nil)
        }
    }

    @Test func wrongFieldsAreNamed() async throws {
        try await API.with { api async throws in
            let answer = try await api.http.post(
                "/api/v1/jobs",
                ["type": "application", "applicationId": "a", "priority": 12, "titel": "x"]
            )
            #expect(answer.status == 422)
            #expect(answer[header: "content-type"] == "application/problem+json")
            #expect(answer["code"] == "invalid_document")
            #expect(answer["fieldErrors"].objectValue?.keys == ["priority", "titel"])
            #expect(answer["requestId"].stringValue == answer[header: "x-request-id"])
            let unknown = try await api.http.post("/api/v1/jobs", ["type": "nobody", "resourceId": "a"])
            #expect(unknown.status == 422 && unknown["code"] == "unknown_type")
            for body in ["", "[]", "{", "null"] {
                let answer = try await api.http.send("POST", "/api/v1/jobs", body: Array(body.utf8))
                #expect(answer.status == (body.isEmpty ? 422 : 400), "\(body): \(answer.text)")
            }
            let deep = String(repeating: "[", count: 200) + String(repeating: "]", count: 200)
            let nested = #"{"type":"application","applicationId":"a","payload":{"x":\#(deep)}}"#
            #expect(try await api.http.send("POST", "/api/v1/jobs", body: Array(nested.utf8)).status == 400)
        }
    }

    @Test func aFullQueueAsksToComeAgain() async throws {
        try await API.with { api async throws in
            try await api.store.configure(Limits(waiting: [.application: 1]))
            try await api.enqueue("a")
            let answer = try await api.http.post("/api/v1/jobs", ["type": "application", "applicationId": "b"])
            #expect(answer.status == 429 && answer["code"] == "queue_full")
            #expect(answer["retryable"] == true)
            #expect(answer[header: "retry-after"].flatMap { Int($0) } == answer["retryAfter"].intValue)
        }
    }

    @Test func anIDInUseIsRefused() async throws {
        try await API.with { api async throws in
            try await api.enqueue("a")
            let answer = try await api.http.post(
                "/api/v1/jobs",
                ["type": "application", "applicationId": "b", "id": "a"]
            )
            #expect(answer.status == 409 && answer["code"] == "id_in_use")
        }
    }

    @Test func jobsAreListedNewestFirstInPages() async throws {
        try await API.with { api async throws in
            for index in 0..<5 {
                let labels: JSON = ["team": .string(index < 3 ? "x" : "y")]
                try await api.enqueue("j\(index)", index == 4 ? "one" : "other-\(index)", ["labels": labels])
            }
            func ids(_ query: String) async throws -> (ids: [String], cursor: String?) {
                let answer = try await api.http(.read).get("/api/v1/jobs?\(query)")
                #expect(answer.status == 200, "\(answer.text)")
                let ids = answer["items"].arrayValue?.compactMap { $0["id"]?.stringValue } ?? []
                return (ids, answer["nextCursor"].stringValue)
            }
            #expect(try await ids("").ids == ["j4", "j3", "j2", "j1", "j0"])
            let first = try await ids("limit=2")
            #expect(first.ids == ["j4", "j3"])
            let second = try await ids("limit=2&cursor=\(try #require(first.cursor))")
            #expect(second.ids == ["j2", "j1"])
            let third = try await ids("limit=2&cursor=\(try #require(second.cursor))")
            #expect(third.ids == ["j0"] && third.cursor == nil)
            #expect(try await ids("label=team%3Dy").ids == ["j4", "j3"])
            #expect(try await ids("resourceId=one&type=application").ids == ["j4"])
            #expect(try await ids("status=running").ids == [])
            #expect(try await ids("type=backup").ids == [])
            for wrong in ["limit=0", "limit=x", "status=gone", "label=team", "cursor=x", "limit=1001"] {
                let answer = try await api.http.get("/api/v1/jobs?\(wrong)")
                #expect(answer.status == 422, "\(wrong): \(answer.text)")
                #expect(answer["fieldErrors"].objectValue?.keys == [String(wrong.prefix { $0 != "=" })])
            }
            #expect(try await api.http.get("/api/v1/jobs?limit=%zz").status == 400)
        }
    }

    @Test func aTagSavesTheAnswer() async throws {
        try await API.with { api async throws in
            try await api.enqueue("a")
            let first = try await api.http.get("/api/v1/jobs/a")
            let tag = try #require(first[header: "etag"])
            let same = try await api.http.get("/api/v1/jobs/a", [("if-none-match", tag)])
            #expect(same.status == 304 && same.body.isEmpty && same[header: "etag"] == tag)
            try await api.start()
            let changed = try await api.http.get("/api/v1/jobs/a", [("if-none-match", "W/\"0\", \(tag)")])
            #expect(changed.status == 200 && changed["status"] == "running" && changed[header: "etag"] != tag)
            #expect(changed[header: "etag"] == "\"3\"")
        }
    }

    /// What a job waits for changes though nothing happens to the job.
    @Test func theTagOfAWaitingJobTellsWhatItWaitsFor() async throws {
        try await API.with { api async throws in
            for id in ["a", "b", "c"] { try await api.enqueue(id, "r") }
            let first = try await api.http.get("/api/v1/jobs/c")
            let tag = try #require(first[header: "etag"])
            #expect(first["waiting"]["position"] == 3)
            #expect(try await api.http.get("/api/v1/jobs/c", [("if-none-match", tag)]).status == 304)
            #expect(try await api.http.delete("/api/v1/jobs/a").status == 204)
            let moved = try await api.http.get("/api/v1/jobs/c", [("if-none-match", tag)])
            #expect(moved.status == 200 && moved["waiting"]["position"] == 2 && moved["revision"] == first["revision"])
        }
    }

    @Test func aLongPollEndsWithTheJob() async throws {
        try await API.with { api async throws in
            try await api.enqueue("a")
            let job = try await api.start()
            async let waiting = api.http(.read).get("/api/v1/jobs/a?wait=60")
            try await eventually("the poll to wait") { api.services.followers == 1 }
            try await api.end(job)
            let answer = try await waiting
            #expect(answer.status == 200 && answer["status"] == "done")
            let short = try await api.http.get("/api/v1/jobs/a?wait=0")
            #expect(short.status == 200)
            #expect(try await api.http.get("/api/v1/jobs/a?wait=301").status == 422)
            #expect(try await api.http.get("/api/v1/jobs/nobody?wait=1").status == 404)
        }
    }

    @Test func aLongPollAnswersWhenItsTimeIsOver() async throws {
        try await API.with { api async throws in
            try await api.enqueue("a")
            let answer = try await api.http(.read).get("/api/v1/jobs/a?wait=0.3")
            #expect(answer.status == 200 && answer["status"] == "pending")
        }
    }

    @Test func aWaitingJobIsCancelledAndARunningOneKilled() async throws {
        try await API.with { api async throws in
            try await api.enqueue("a", "r")
            try await api.start()
            try await api.enqueue("b", "r")
            let cancelled = try await api.http(.operate).post("/api/v1/jobs/b/kill", ["why": "no"])
            #expect(cancelled.status == 200 && cancelled["status"] == "error" && cancelled["reason"] == "cancelled")
            let killed = try await api.http(.operate).post("/api/v1/jobs/a/kill", ["signal": "KILL", "grace": "1s"])
            #expect(killed.status == 202 && killed["kill"]["requestedAt"]?.stringValue != nil)
            #expect(killed["kill"]["by"]?.stringValue?.hasPrefix("token ") == true)
            let again = try await api.http(.operate).post("/api/v1/jobs/b/kill")
            #expect(again.status == 409 && again["code"] == "already_ended")
            let wrong = try await api.http(.operate).post("/api/v1/jobs/a/kill", ["signal": "HUP", "x": 1])
            #expect(wrong.status == 422 && wrong["fieldErrors"].objectValue?.keys == ["signal", "x"])
            #expect(try await api.http(.operate).post("/api/v1/jobs/nobody/kill").status == 404)
        }
    }

    @Test func anEndedJobIsRetried() async throws {
        try await API.with { api async throws in
            try await api.enqueue("a")
            let early = try await api.http(.operate).post("/api/v1/jobs/a/retry")
            #expect(early.status == 409 && early["code"] == "wrong_state")
            try await api.end(try await api.start(), .failed)
            for wrong: JSON in [["by": "me"], []] {
                let answer = try await api.http(.operate).post("/api/v1/jobs/a/retry", wrong)
                #expect(answer.status == (wrong == [] ? 400 : 422), "\(answer.text)")
            }
            let first = try await api.http(.operate).post("/api/v1/jobs/a/retry", nil, [("x-request-id", "mine")])
            #expect(first.status == 202 && first["retryOf"] == "a" && first["requestId"] == "mine")
            #expect(first[header: "location"] == "/api/v1/jobs/\(first["id"].stringValue ?? "")")
            let second = try await api.http(.operate).post("/api/v1/jobs/a/retry")
            #expect(second.status == 200 && second["id"] == first["id"])
        }
    }

    @Test func aRollbackDeploysTheSameAgain() async throws {
        try await API.with { api async throws in
            let payload: JSON = ["source": ["type": "git", "url": "https://x.example/y", "ref": "main"]]
            try await api.enqueue("a", "r", ["payload": payload, "timeout": 60, "labels": ["k": "v"], "title": "one"])
            let early = try await api.http(.operate).post("/api/v1/jobs/a/rollback")
            #expect(early.status == 409 && early["code"] == "wrong_state")
            let commit = "0123456789abcdef0123456789abcdef01234567"
            try await api.end(try await api.start(), .done, [("result", #"{"commit":"\#(commit)"}"#)])
            let answer = try await api.http(.operate).post("/api/v1/jobs/a/rollback")
            #expect(answer.status == 202 && answer["rollbackOf"] == "a" && answer["title"] == "one")
            #expect(answer["labels"]["k"] == "v")
            #expect(answer["payload"]["source"]?["commit"]?.stringValue == commit)
            #expect(answer["payload"]["source"]?["ref"] == "main")
            let job = try #require(try await api.store.job(answer["id"].stringValue ?? ""))
            #expect(job.options.timeout == .seconds(60))
            #expect(try await api.http(.operate).post("/api/v1/jobs/nobody/rollback").status == 404)
        }
    }

    @Test func aDelayedJobIsPromoted() async throws {
        try await API.with { api async throws in
            try await api.enqueue("a", nil, ["delay": 3600])
            let answer = try await api.http(.operate).post("/api/v1/jobs/a/promote")
            #expect(answer.status == 200 && answer["reason"] == "queued")
            #expect(try await api.http(.operate).post("/api/v1/jobs/a/promote").status == 409)
            #expect(try await api.http(.operate).post("/api/v1/jobs/nobody/promote").status == 404)
        }
    }

    @Test func aJobIsRemovedUnlessItRuns() async throws {
        try await API.with { api async throws in
            try await api.enqueue("a")
            let job = try await api.start()
            let running = try await api.http(.operate).delete("/api/v1/jobs/a")
            #expect(running.status == 409 && running["code"] == "wrong_state")
            try await api.end(job)
            #expect(try await api.http(.operate).delete("/api/v1/jobs/a").status == 204)
            #expect(try await api.http.get("/api/v1/jobs/a").status == 404)
            #expect(try await api.http(.operate).delete("/api/v1/jobs/a").status == 404)
        }
    }

    @Test func theHistoryIsTold() async throws {
        try await API.with { api async throws in
            try await api.enqueue("a")
            try await api.end(try await api.start())
            let answer = try await api.http(.read).get("/api/v1/jobs/a/history")
            let events = answer["items"].arrayValue?.compactMap { $0["event"]?.stringValue }
            #expect(events == ["accepted", "claimed", "started", "done"])
            #expect(try await api.http.get("/api/v1/jobs/nobody/history").status == 404)
        }
    }
}
