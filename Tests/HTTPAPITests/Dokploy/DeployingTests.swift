import HTTPAPI
import HoistwayModel
import HoistwayStore
import RESP
import RedisClient
import TestSupport
import Testing

/// What clients of the Dokploy face start and end.
@Suite(.redis, .timeLimit(.minutes(3))) struct DeployingTests {
    @Test func everyDeployMakesAJobOfTheRegistrysResource() async throws {
        let titles = [
            "application.deploy": "Manual deployment", "application.redeploy": "Rebuild deployment",
            "compose.deploy": "Manual deployment", "compose.redeploy": "Rebuild deployment",
            "previewDeployment.redeploy": "Rebuild preview deployment", "schedule.runManually": "Manual run",
            "volumeBackups.runManually": "Manual volume backup",
        ]
        try await API.with { api async throws in
            for action in Action.enqueuing {
                let key = try #require(action.input.keys.first)
                try await api.register(
                    String(key.dropLast(2)),
                    "x",
                    ["payload": ["n": 1], "defaults": ["priority": 7]]
                )
                let id = try await api.deploy(action.name, action.json)
                let job = try #require(try await api.store.job(id))
                #expect(job.type.idKey == key && job.resourceID == "x" && job.status == .pending, "\(action)")
                #expect(job.payload == Array(#"{"n":1}"#.utf8) && job.priority == 7)
                #expect(job.fields["version"] != nil)
                #expect(job.title == titles[action.name, default: "Manual backup"], "\(action)")
                #expect(try await api.deployment(id)["status"] == "pending")
            }
        }
    }

    @Test func theRegistrysTitleGivesWayToTheClients() async throws {
        try await API.with { api async throws in
            try await api.register("application", "shop", ["payload": [:], "defaults": ["title": "Nightly"]])
            let plain = try await api.deploy("application.deploy", ["applicationId": "shop", "title": nil])
            #expect(try await api.store.job(plain)?.title == "Nightly")
            let named = try await api.deploy("application.deploy", ["applicationId": "shop", "title": "Mine"])
            #expect(try await api.store.job(named)?.title == "Mine")
            let long: JSON = ["applicationId": "shop", "title": .string(String(repeating: "x", count: 5000))]
            let refused = try await api.mutate("application.deploy", long, .enqueue)
            #expect(refused.status == 400 && refused["issues"][0]?["path"] == ["title"])
        }
    }

    @Test func aFullQueueIs429() async throws {
        try await API.with { api async throws in
            try await api.register("application", "shop")
            try await api.store.configure(Limits(waiting: [.application: 1]))
            _ = try await api.deploy("application.deploy", ["applicationId": "shop"])
            let answer = try await api.mutate("application.deploy", ["applicationId": "shop"], .enqueue)
            #expect(answer.status == 429 && answer["code"] == "TOO_MANY_REQUESTS")
            #expect(answer[header: "retry-after"] != nil)
        }
    }

    @Test func aScheduleOfHoistwaysOwnIsRun() async throws {
        try await API.with { api async throws in
            let schedule: JSON = [
                "id": "nightly", "cron": "0 3 * * *", "job": ["type": "backup", "backupId": "db", "title": "Night"],
            ]
            #expect(try await api.http.post("/api/v1/schedules", schedule).status == 201)
            let id = try await api.deploy("schedule.runManually", ["scheduleId": "nightly"])
            let seen = try await api.deployment(id)
            #expect(seen["scheduleId"] == "nightly" && seen["backupId"] == "db" && seen["title"] == "Night")
        }
    }

    @Test func cancellingEndsWhatWaitsAndWhatRuns() async throws {
        try await API.with { api async throws in
            for id in ["a", "b", "c"] { try await api.enqueue(id, "shop") }
            try await api.enqueue("other", "else")
            let running = try await api.start()
            #expect(running.id == "a")
            let answer = try await api.mutate("application.cancelDeployment", ["applicationId": "shop"])
            #expect(answer.status == 200 && answer.json == ["success": true, "count": 3])
            #expect(try await api.store.job("a")?.killReceipt?["requestedAt"]?.stringValue != nil)
            for id in ["b", "c"] { #expect(try await api.store.job(id)?.reason == .cancelled) }
            #expect(try await api.store.job("other")?.status == .pending)
            try await api.end(running, .killed)
            #expect(try await api.deployment("a")["status"] == "error")
            // Nothing is left to end, which is no error.
            #expect(try await api.mutate("application.cancelDeployment", ["applicationId": "shop"])["count"] == 0)
        }
    }

    @Test func cleaningEndsOnlyWhatWaits() async throws {
        try await API.with { api async throws in
            try await api.register("compose", "stack")
            var ids: [String] = []
            for _ in 0..<250 { ids.append(try await api.deploy("compose.deploy", ["composeId": "stack"])) }
            let running = try await api.start()
            let answer = try await api.mutate("compose.cleanQueues", ["composeId": "stack"])
            #expect(answer.json == ["success": true, "count": 249])
            let left = try #require(try await api.store.job(running.id))
            #expect(left.status == .running && left.killReceipt == nil)
            for id in ids where id != running.id {
                let job = try #require(try await api.store.job(id))
                #expect(job.status == .error && job.reason == .cancelled && job.attempt == 0)
            }
            try await api.end(running)
        }
    }

    @Test func aResourceWithoutJobsHasNothingToEnd() async throws {
        try await API.with { api async throws in
            for type in ["application", "compose"] {
                try await api.register(type, "x")
                for action in ["cancelDeployment", "cleanQueues"] {
                    let answer = try await api.mutate("\(type).\(action)", .object(["\(type)Id": "x"]))
                    #expect(answer.status == 200 && answer.json == ["success": true, "count": 0], "\(type).\(action)")
                }
            }
        }
    }

    @Test func aJobThatAWorkerHasIsNotCancelledAsWaiting() async throws {
        try await API.with { api async throws in
            try await api.enqueue("a")
            let running = try await api.start()
            await #expect(throws: Refusal(.wrongState, "a does not wait any more")) {
                try await api.store.cancel("a", KillOrder(by: "test"))
            }
            #expect(try await api.store.job("a")?.killReceipt == nil)
            try await api.end(running)
        }
    }

    @Test func killingIsSIGKILLAtOnceAndOnlyOfWhatRuns() async throws {
        try await API.with { api async throws in
            try await api.enqueue("a")
            let early = try await api.mutate("deployment.killProcess", ["deploymentId": "a"])
            #expect(
                early.status == 400
                    && early.json == [
                        "message": "Deployment is not running", "code": "BAD_REQUEST", "issues": [],
                    ]
            )
            let job = try await api.start()
            let answer = try await api.mutate("deployment.killProcess", ["deploymentId": "a"])
            #expect(answer.status == 200 && answer.json == ["success": true])
            // Recorded, not yet carried out.
            #expect(try await api.deployment("a")["status"] == "running")
            let key = "\(api.store.keys.worker("w1")):kills"
            let text = try #require(try await api.client.send(["HGET", .string(key), "a"]).string)
            let order = try JSON(parsing: text)
            #expect(order["signal"] == "KILL" && order["grace"] == 0, "\(text)")
            #expect(order["by"]?.stringValue?.hasPrefix("token ") == true && order["why"] == "deployment.killProcess")
            try await api.end(job, .killed)
            #expect(try await api.deployment("a")["status"] == "error")
            #expect(try await api.mutate("deployment.killProcess", ["deploymentId": "a"]).status == 400)
        }
    }

    @Test func removingTakesRecordAndLogButNotOfWhatRuns() async throws {
        try await API.with { api async throws in
            try await api.enqueue("a", "shop")
            let job = try await api.start()
            let early = try await api.mutate("deployment.removeDeployment", ["deploymentId": "a"])
            #expect(early.status == 400 && early["message"] == "Deployment is running")
            try await api.end(job)
            let seen = try await api.deployment("a")
            let answer = try await api.mutate("deployment.removeDeployment", ["deploymentId": "a"])
            #expect(answer.status == 200 && answer.json == seen)
            #expect(try await api.deployments("deployment.all", "applicationId=shop").isEmpty)
            #expect(try await api.mutate("deployment.removeDeployment", ["deploymentId": "a"]).status == 404)
        }
    }

    @Test func theLastLinesOfALogAreAString() async throws {
        try await API.with { api async throws in
            try await api.enqueue("a")
            #expect(try await api.query("deployment.readLogs", "deploymentId=a").json == "")
            let job = try await api.start()
            let lines = (1...150).map { "line \($0) \"é\"\n" }
            try await api.appendLog(job, lines.joined(), at: 0)
            #expect(
                try await api.query("deployment.readLogs", "deploymentId=a").json == .string(lines.suffix(100).joined())
            )
            #expect(
                try await api.query("deployment.readLogs", "deploymentId=a&tail=2").json
                    == .string(lines.suffix(2).joined())
            )
            try await api.end(job, .done, [("logBytes", "\(lines.joined().utf8.count)")])
            #expect(try await api.query("deployment.readLogs", "deploymentId=a&tail=1").json == .string(lines[149]))
        }
    }
}
