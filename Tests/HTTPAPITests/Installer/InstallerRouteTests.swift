import HTTPAPI
import HoistwayModel
import HoistwayStore
import TestSupport
import Testing

@Suite(.redis, .timeLimit(.minutes(3))) struct InstallerRouteTests {
    private static let deploy = "/api/v1/installer/deploy"

    /// Begins a session through the face.
    private func start(_ api: API, _ body: JSON? = nil) async throws -> String {
        let answer = try await api.http(.enqueue).post(InstallerRouteTests.deploy, body)
        #expect(answer.status == 202, "\(answer.text)")
        let id = try #require(answer["id"].stringValue)
        #expect(answer.json == ["id": .string(id)])
        #expect(answer[header: "location"] == "\(InstallerRouteTests.deploy)/\(id)")
        return id
    }

    private func status(_ api: API) async throws -> JSON {
        let answer = try await api.http(.read).get("\(InstallerRouteTests.deploy)/status")
        #expect(answer.status == 200, "\(answer.text)")
        return answer.json
    }

    /// The example of the seed, field by field.
    @Test func aSessionHasEveryField() async throws {
        try await API.with { api async throws in
            #expect(try await status(api) == ["status": "idle", "session": nil])
            let id = try await start(api, ["installerId": "east", "payload": ["components": []]])
            #expect(
                try await status(api) == [
                    "status": "pending",
                    "session": [
                        "id": .string(id), "status": "pending", "progress": 0, "currentPhase": nil,
                        "currentComponent": nil, "startedAt": nil, "completedAt": nil, "logs": [],
                        "registrations": [],
                    ],
                ]
            )
            let job = try await api.start()
            #expect(job.resourceID == "east" && job.payload == Array(#"{"components":[]}"#.utf8))
            try await api.appendLog(
                job,
                "2026-04-16T10:00:00.000Z INFO PostgreSQL installation complete\n2026-04-16T10:00:01.500Z WARN  a  b\n",
                at: 0
            )
            let told: JSON = [
                [
                    "name": "postgresql", "endpoint": "192.168.1.10:5432", "status": "registered",
                    "registeredAt": "2026-01-15T08:00:00.000Z",
                ],
                ["name": "redis", "status": "failed", "error": "connection timeout"],
            ]
            try await api.tell(
                job,
                [
                    "progress": 55, "stage": "installing-postgresql", "component": "postgresql",
                    "registrations": told,
                ]
            )
            let started = try #require(try await api.store.job(id)?.fields["startedAt"])
            #expect(
                try await status(api) == [
                    "status": "running",
                    "session": [
                        "id": .string(id), "status": "running", "progress": 55,
                        "currentPhase": "installing-postgresql", "currentComponent": "postgresql",
                        "startedAt": .string(started), "completedAt": nil,
                        "logs": [
                            [
                                "time": "2026-04-16T10:00:00.000Z", "level": "INFO",
                                "message": "PostgreSQL installation complete",
                            ],
                            ["time": "2026-04-16T10:00:01.500Z", "level": "WARN", "message": " a  b"],
                        ],
                        "registrations": [
                            [
                                "name": "postgresql", "endpoint": "192.168.1.10:5432", "status": "registered",
                                "registeredAt": "2026-01-15T08:00:00.000Z", "error": nil,
                            ],
                            [
                                "name": "redis", "endpoint": nil, "status": "failed", "registeredAt": nil,
                                "error": "connection timeout",
                            ],
                        ],
                    ],
                ]
            )
            #expect(try await api.http(.read).get("\(InstallerRouteTests.deploy)/\(id)").json == status(api))
            try await api.end(job)
            let ended = try await status(api)
            #expect(ended["status"] == "success" && ended["session"]?["status"] == "success")
            #expect(ended["session"]?["progress"] == 100 && ended["session"]?["completedAt"]?.stringValue != nil)
        }
    }

    @Test func theStatusIsThatOfTheRunningElseOfTheNewest() async throws {
        try await API.with { api async throws in
            func session() async throws -> String? { try await status(api)["session"]?["id"]?.stringValue }
            for id in ["one", "two"] {
                let document: JSON = ["type": "installer", "installerId": .string(id), "id": .string(id)]
                #expect(try await api.http.post("/api/v1/jobs", document).status == 202)
            }
            #expect(try await session() == "two")
            let first = try await api.start()
            #expect(first.id == "one")
            #expect(try await session() == "one")
            try await api.end(first, .failed)
            #expect(try await session() == "two")
            #expect(try await api.http.get("\(InstallerRouteTests.deploy)/one")["status"] == "failed")
        }
    }

    @Test func oneSessionAtATime() async throws {
        try await API.with { api async throws in
            let id = try await start(api)
            #expect(try await api.store.job(id)?.resourceID == "default")
            for body in [nil, ["installerId": "other"]] as [JSON?] {
                let second = try await api.http.post(InstallerRouteTests.deploy, body)
                #expect(second.status == 409 && second["code"] == "session_active", "\(second.text)")
                #expect(second["detail"].stringValue?.contains(id) == true)
            }
            try await api.end(try await api.start())
            _ = try await start(api, ["installerId": "other"])
        }
    }

    @Test func oneOfManyAtOnce() async throws {
        try await API.with { api async throws in
            var accepted: [String] = []
            for same in [true, false] {
                let answers = try await withThrowingTaskGroup(of: Answer.self) { group in
                    for index in 0..<8 {
                        let body: JSON = ["installerId": .string(same ? "one" : "i\(index)")]
                        group.addTask { try await api.http.post(InstallerRouteTests.deploy, body) }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(answers.count { $0.status == 202 } == 1, "\(answers.map(\.text))")
                #expect(answers.count { $0.status == 409 } == 7)
                accepted += answers.compactMap { $0["id"].stringValue }
                // What was refused is no job, not even one that was ended.
                #expect(try await sessions(api) == accepted.reversed())
                #expect(try await status(api)["session"]?["id"]?.stringValue == accepted.last)
                try await api.end(try await api.start())
            }
        }
    }

    /// The installer jobs there are, newest first.
    private func sessions(_ api: API) async throws -> [String] {
        var filter = JobFilter()
        filter.type = .installer
        return try await api.store.list(filter).jobs.map(\.id)
    }

    @Test func oneOfManyRetriesAndStartsAtOnce() async throws {
        try await API.with { api async throws in
            var ended: [String] = []
            for name in ["a", "b", "c", "d"] {
                ended.append(try await start(api, ["installerId": .string(name)]))
                try await api.end(try await api.start(), .failed)
            }
            let before = try await sessions(api)
            let answers = try await withThrowingTaskGroup(of: Answer.self) { group in
                for (index, id) in ended.enumerated() {
                    let body: JSON = ["installerId": .string("new-\(index)")]
                    group.addTask { try await api.http.post("\(InstallerRouteTests.deploy)/\(id)/retry") }
                    group.addTask { try await api.http.post(InstallerRouteTests.deploy, body) }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(answers.count { $0.status == 202 } == 1, "\(answers.map(\.text))")
            #expect(answers.count { $0.status == 409 && $0["code"] == "session_active" } == 7)
            #expect(try await sessions(api) == answers.compactMap { $0["id"].stringValue } + before)
        }
    }

    @Test func whateverWayAnActiveOneCameIn() async throws {
        try await API.with { api async throws in
            let document: JSON = ["type": "installer", "installerId": "pushed", "id": "pushed"]
            #expect(try await api.http.post("/api/v1/jobs", document).status == 202)
            for _ in 0..<2 {
                let refused = try await api.http.post(InstallerRouteTests.deploy)
                #expect(refused.status == 409 && refused["detail"].stringValue?.contains("pushed") == true)
                if try await api.store.job("pushed")?.status == .pending { try await api.start() }
            }
            #expect(try await sessions(api) == ["pushed"])
        }
    }

    @Test func aRepeatedRequestHasOneSession() async throws {
        try await API.with { api async throws in
            let key = [("idempotency-key", "k")]
            let first = try await api.http.post(InstallerRouteTests.deploy, nil, key)
            let second = try await api.http.post(InstallerRouteTests.deploy, nil, key)
            #expect(first.status == 202 && second.status == 200 && first.json == second.json)
            try await api.end(try await api.start())
            let third = try await api.http.post(InstallerRouteTests.deploy, nil, key)
            #expect(third.status == 200 && third.json == first.json)
            // While another one is active, too.
            _ = try await start(api, ["installerId": "other"])
            let fourth = try await api.http.post(InstallerRouteTests.deploy, nil, key)
            #expect(fourth.status == 200 && fourth.json == first.json)
            let fresh = try await api.http.post(InstallerRouteTests.deploy, nil, [("idempotency-key", "l")])
            #expect(fresh.status == 409 && fresh["code"] == "session_active")
        }
    }

    @Test func whatIsInstalledMayBeRegistered() async throws {
        try await API.with { api async throws in
            let resource: JSON = ["payload": ["components": [["name": "db"]]], "defaults": ["timeout": 60]]
            #expect(try await api.http.put("/api/v1/resources/installer/default", resource).status == 200)
            let id = try await start(api)
            #expect(try await api.store.job(id)?.fields["payload"] == #"{"components":[{"name":"db"}]}"#)
        }
    }

    @Test func wrongRequestsSayWhatIsWrong() async throws {
        try await API.with { api async throws in
            let wrong: [(JSON, String)] = [
                (["installerID": "a"], "installerID"), (["installerId": 1], "installerId"),
                (["payload": []], "payload"), (["priority": 1], "priority"),
            ]
            for (body, field) in wrong {
                let answer = try await api.http.post(InstallerRouteTests.deploy, body)
                #expect(answer.status == 422 && answer["fieldErrors"][field] != nil, "\(answer.text)")
            }
            #expect(try await api.http.send("POST", InstallerRouteTests.deploy, body: Array("[]".utf8)).status == 400)
            try await api.enqueue("app")
            for (method, path) in [
                ("GET", "app"), ("POST", "app/cancel"), ("POST", "app/retry"), ("GET", "app/logs"), ("GET", "nobody"),
                ("POST", "nobody/cancel"), ("POST", "nobody/retry"), ("GET", "nobody/logs"),
            ] {
                let answer = try await api.http.send(method, "\(InstallerRouteTests.deploy)/\(path)")
                #expect(answer.status == 404 && answer["code"] == "not_found", "\(path): \(answer.text)")
            }
            let other = try await api.http.delete(InstallerRouteTests.deploy)
            #expect(other.status == 405 && other[header: "allow"] == "POST")
        }
    }

    @Test func aSessionIsCancelled() async throws {
        try await API.with { api async throws in
            let waiting = try await start(api)
            let answer = try await api.http(.operate).post("\(InstallerRouteTests.deploy)/\(waiting)/cancel")
            #expect(answer.status == 200 && answer["status"] == "cancelled")
            #expect(answer["session"]["status"] == "cancelled" && answer["session"]["completedAt"] != .null)
            let again = try await api.http(.operate).post("\(InstallerRouteTests.deploy)/\(waiting)/cancel")
            #expect(again.status == 409)
            let running = try await start(api)
            let job = try await api.start()
            let killed = try await api.http(.operate).post(
                "\(InstallerRouteTests.deploy)/\(running)/cancel",
                ["why": "wrong host"]
            )
            #expect(killed.status == 202 && killed["status"] == "running")
            try await api.end(job, .killed)
            #expect(try await status(api)["status"] == "cancelled")
        }
    }

    @Test func aSessionIsTriedAgain() async throws {
        try await API.with { api async throws in
            let id = try await start(api, ["payload": ["n": 1]])
            let early = try await api.http(.operate).post("\(InstallerRouteTests.deploy)/\(id)/retry")
            #expect(early.status == 409)
            try await api.end(try await api.start(), .failed)
            let retry = try await api.http(.operate).post("\(InstallerRouteTests.deploy)/\(id)/retry")
            let second = try #require(retry["id"].stringValue)
            #expect(retry.status == 202 && second != id)
            let job = try #require(try await api.store.job(second))
            #expect(job.retryOf == id && job.fields["payload"] == #"{"n":1}"#)
            let same = try await api.http(.operate).post("\(InstallerRouteTests.deploy)/\(id)/retry")
            #expect(same.status == 200 && same["id"].stringValue == second)
            try await api.end(try await api.start(), .failed)
            _ = try await start(api)
            let other = try await api.http(.operate).post("\(InstallerRouteTests.deploy)/\(second)/retry")
            #expect(other.status == 409 && other["code"] == "session_active")
        }
    }

    @Test func everybodyNeedsTheRight() async throws {
        try await API.with { api async throws in
            let id = try await start(api)
            let deploy = InstallerRouteTests.deploy
            for path in ["\(deploy)/status", "\(deploy)/\(id)", "\(deploy)/\(id)/logs"] {
                #expect(try await api.stranger.get(path).status == 401, "\(path)")
                #expect(try await api.http(.enqueue).get(path).status == 403, "\(path)")
            }
            for (path, scopes) in [
                (deploy, [.read, .operate]), ("\(deploy)/\(id)/cancel", [.read, .enqueue]),
                ("\(deploy)/\(id)/retry", [.read, .enqueue]),
            ] as [(String, [AccessScope])] {
                #expect(try await api.stranger.post(path).status == 401, "\(path)")
                for scope in scopes { #expect(try await api.http(scope).post(path).status == 403, "\(path) \(scope)") }
            }
        }
    }
}
