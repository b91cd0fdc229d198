import HTTPAPI
import HoistwayModel
import HoistwayStore
import RESP
import RedisClient
import TestSupport
import Testing

/// Deployments as the Dokploy face shows them.
@Suite(.redis, .timeLimit(.minutes(3))) struct DeploymentTests {
    /// Those of the product's own documentation and of its table.
    static let fields = [
        "deploymentId", "title", "description", "status", "logPath", "pid", "applicationId", "composeId", "serverId",
        "isPreviewDeployment", "previewDeploymentId", "createdAt", "startedAt", "finishedAt", "errorMessage",
        "scheduleId", "backupId", "rollbackId", "volumeBackupId", "buildServerId", "rollback",
    ]

    @Test func aDeploymentFieldByFieldFromItsQueueToItsEnd() async throws {
        try await API.with { api async throws in
            try await api.register("application", "shop")
            let input: JSON = ["applicationId": "shop", "title": "Release 7", "description": "by CI"]
            let id = try await api.deploy("application.deploy", input)
            var seen = try await api.deployment(id)
            #expect(seen.objectValue?.keys.sorted() == Self.fields.sorted())
            let nulls = [
                "pid", "composeId", "serverId", "previewDeploymentId", "startedAt", "finishedAt", "errorMessage",
                "scheduleId", "backupId", "rollbackId", "volumeBackupId", "buildServerId", "rollback",
            ]
            for field in nulls { #expect(seen[field] == .null, "\(field)") }
            #expect(seen["title"] == "Release 7" && seen["description"] == "by CI" && seen["status"] == "pending")
            #expect(seen["applicationId"] == "shop" && seen["isPreviewDeployment"] == false && seen["logPath"] == "")
            #expect(Timestamp(parsing: seen["createdAt"]?.stringValue ?? "") != nil)

            let job = try await api.start()
            seen = try await api.deployment(id)
            #expect(seen["status"] == "running" && seen["pid"] == "4711")
            #expect(seen["logPath"]?.stringValue == "/data/\(id)/1/log")
            #expect(Timestamp(parsing: seen["startedAt"]?.stringValue ?? "") != nil && seen["finishedAt"] == .null)

            try await api.end(job)
            seen = try await api.deployment(id)
            #expect(seen["status"] == "done" && seen["pid"] == .null && seen["errorMessage"] == .null)
            let end = try #require(seen["finishedAt"]?.stringValue)
            let rollback: JSON = [
                "rollbackId": .string(id), "deploymentId": .string(id), "version": 1, "createdAt": .string(end),
                "rolledBackBy": .null,
            ]
            #expect(seen["rollback"] == rollback && seen["rollbackId"]?.stringValue == id)
        }
    }

    @Test func whatWentWrongIsSaid() async throws {
        try await API.with { api async throws in
            try await api.enqueue("told", "a")
            let error: JSON = ["code": "x", "message": "no space left"]
            try await api.end(try await api.start(), .failed, [("error", error.text), ("message", "exit 1")])
            try await api.enqueue("plain", "b")
            try await api.end(try await api.start(), .failed, [("message", "exit 1")])
            try await api.enqueue("bare", "c")
            try await api.end(try await api.start(), .failed)
            for (id, message) in [("told", "no space left"), ("plain", "exit 1")] {
                let seen = try await api.deployment(id)
                #expect(seen["status"] == "error" && seen["errorMessage"]?.stringValue == message)
                #expect(seen["rollback"] == .null && seen["rollbackId"] == .null)
            }
            #expect(try await api.deployment("bare")["errorMessage"]?.stringValue?.isEmpty == false)
        }
    }

    @Test func eachTypeHasItsOwnIDAndItsList() async throws {
        try await API.with { api async throws in
            for type in JobType.builtIn where type != .installer {
                let members: JSONObject = ["type": .string(type.name), "resourceId": "r", "id": .string("of-\(type)")]
                #expect(try await api.http.post("/api/v1/jobs", .object(members)).status == 202)
                let seen = try await api.deployment("of-\(type)")
                let ids = JobType.builtIn.filter { $0 != .installer }.map(\.idKey)
                for key in ids { #expect(seen[key] == (key == type.idKey ? "r" : .null), "\(type) \(key)") }
                #expect(seen["isPreviewDeployment"] == .bool(type == .previewDeployment))
                let listed = try await api.deployments("deployment.allByType", "id=r&type=\(type)")
                #expect(listed.map { $0["deploymentId"] } == [.string("of-\(type)")], "\(type)")
            }
            #expect(try await api.deployments("deployment.all", "applicationId=r").count == 1)
            #expect(try await api.deployments("deployment.allByCompose", "composeId=r").count == 1)
            try await api.enqueue("remote", "app", ["serverId": "r"])
            let onServer = try await api.deployments("deployment.allByServer", "serverId=r")
            #expect(onServer.map { $0["deploymentId"] } == ["remote", "of-server"])
            #expect(onServer.first?["serverId"] == "r" && onServer.first?["applicationId"] == "app")
        }
    }

    @Test func listsAreNewestFirstInPagesThatEndWithTheirCursor() async throws {
        try await API.with { api async throws in
            for number in 1...7 { try await api.enqueue("d\(number)", "shop") }
            try await api.enqueue("other", "else")
            let all = try await api.deployments("deployment.all", "applicationId=shop").map { $0["deploymentId"] }
            #expect(all == (1...7).reversed().map { .string("d\($0)") })
            var paged: [JSON?] = []
            var cursor = ""
            repeat {
                let query = "applicationId=shop&limit=3\(cursor)"
                let page = try await api.deployments("deployment.all", query).map { $0["deploymentId"] }
                paged += page
                cursor = "&cursor=\(page.last??.stringValue ?? "")"
                if page.count < 3 { break }
            } while true
            #expect(paged == all)
            #expect(
                try await api.deployments("deployment.allCentralized", "limit=2").map { $0["deploymentId"] } == [
                    "other", "d7",
                ]
            )
        }
    }

    /// Wherever its object names the schedule or the server.
    @Test func whatAScheduleMadeAndWhatRunsOnAServerIsListedByType() async throws {
        try await API.with { api async throws in
            let schedule: JSON = [
                "id": "nightly", "cron": "@daily", "job": ["type": "backup", "backupId": "db"],
            ]
            #expect(try await api.http.post("/api/v1/schedules", schedule).status == 201)
            let made = try await api.deploy("schedule.runManually", ["scheduleId": "nightly"])
            let documents: [JSON] = [
                ["type": "schedule", "scheduleId": "nightly", "id": "own"],
                ["type": "application", "applicationId": "shop", "serverId": "eu-1", "id": "app"],
                ["type": "server", "serverId": "eu-1", "id": "server"],
                ["type": "application", "applicationId": "shop", "id": "other"],
            ]
            for document in documents { #expect(try await api.http.post("/api/v1/jobs", document).status == 202) }
            func listed(_ query: String) async throws -> [String?] {
                try await api.deployments("deployment.allByType", query).map { $0["deploymentId"]?.stringValue }
            }
            #expect(try await listed("type=schedule&id=nightly") == ["own", made])
            #expect(try await listed("type=schedule&id=nightly&limit=1") == ["own"])
            #expect(try await listed("type=schedule&id=nightly&cursor=own") == [made])
            #expect(try await listed("type=server&id=eu-1") == ["server", "app"])
            #expect(try await listed("type=backup&id=db") == [made])
            #expect(try await listed("type=schedule&id=db") == [])
            for field in ["scheduleId": "nightly", "backupId": "db"] {
                #expect(try await api.deployment(made)[field.key]?.stringValue == field.value)
            }
            #expect(try await api.mutate("deployment.removeDeployment", ["deploymentId": .string(made)]).status == 200)
            #expect(try await listed("type=schedule&id=nightly") == ["own"])
        }
    }

    @Test func aListGoesOnBehindARemovedDeployment() async throws {
        try await API.with { api async throws in
            var ids: [String] = []
            for number in 0..<9 {
                let document: JSON = ["type": "application", "applicationId": "shop"]
                if number % 3 == 0 {
                    try await api.enqueue("named-\(number)", "shop")
                    ids.append("named-\(number)")
                } else {
                    ids.append(try #require(try await api.http.post("/api/v1/jobs", document)["id"].stringValue))
                }
            }
            ids.reverse()
            func rest(behind id: String) async throws -> [String?] {
                try await api.deployments("deployment.all", "applicationId=shop&cursor=\(id)").map {
                    $0["deploymentId"]?.stringValue
                }
            }
            for gone in [2, 4] {
                let removal = try await api.mutate("deployment.removeDeployment", ["deploymentId": .string(ids[gone])])
                #expect(removal.status == 200)
            }
            // A name and an id that tells its time, both gone.
            #expect(ids[2].hasPrefix("named") && !ids[4].hasPrefix("named"))
            #expect(try await rest(behind: ids[2]) == [ids[3]] + ids[5...])
            #expect(try await rest(behind: ids[4]) == Array(ids[5...]))
            _ = try await api.store.redis.send(["XTRIM", .string(api.store.keys.events), "MAXLEN", 0])
            #expect(try await rest(behind: ids[4]) == Array(ids[5...]))
            let unknown = try await api.query("deployment.all", "applicationId=shop&cursor=\(ids[2])")
            #expect(unknown.status == 400 && unknown["issues"][0]?["path"] == ["cursor"])
            #expect(try await rest(behind: Identifier.ulid()) == [ids[0], ids[1], ids[3]] + ids[5...])
        }
    }

    @Test func aRolledBackDeploymentNamesWhatReturned() async throws {
        try await API.with { api async throws in
            for id in ["v1", "v2"] {
                try await api.enqueue(id, "shop")
                try await api.end(try await api.start())
            }
            let answer = try await api.mutate("rollback.rollback", ["rollbackId": "v1"])
            let back = try #require(answer["deploymentId"].stringValue)
            #expect(answer.status == 200 && answer["success"] == true)
            #expect(try await api.store.job(back)?.fields["rollbackOf"] == "v1")
            func returned() async throws -> [JSON?] {
                try await api.deployments("deployment.all", "applicationId=shop").map {
                    $0["rollback"]?["rolledBackBy"]
                }
            }
            #expect(try await returned() == [nil, .null, .null])
            try await api.end(try await api.start())
            #expect(try await returned() == [.null, .string(back), .null])
            // What returned is on the page before.
            let older = try await api.deployments("deployment.all", "applicationId=shop&cursor=\(back)")
            #expect(older.map { $0["rollback"]?["rolledBackBy"] } == [.string(back), .null])

            try await api.enqueue("broken", "shop")
            try await api.end(try await api.start(), .failed)
            let refused = try await api.mutate("rollback.rollback", ["rollbackId": "broken"])
            #expect(refused.status == 409 && refused["code"] == "CONFLICT")
        }
    }

    @Test func theQueueShowsWhatWaitsAndWhatRuns() async throws {
        try await API.with { api async throws in
            try await api.register("compose", "stack", ["payload": [:], "defaults": ["serverId": "eu-1"]])
            try await api.enqueue("done", "a")
            try await api.end(try await api.start())
            try await api.enqueue("runs", "a", ["title": "T", "description": "D"])
            let running = try await api.start()
            let waits = try await api.deploy("compose.redeploy", ["composeId": "stack"])
            let queue = try await api.deployments("deployment.queueList")
            #expect(queue.map { $0["id"]?.stringValue } == [waits, "runs"])
            #expect(queue.map { $0["state"] } == ["waiting", "active"])
            let keys = ["id", "name", "data", "timestamp", "processedOn", "finishedOn", "failedReason", "state"]
            for entry in queue { #expect(entry.objectValue?.keys == keys && entry["name"] == "deployments") }
            let data: JSON = [
                "applicationId": "a", "titleLog": "T", "descriptionLog": "D", "type": "deploy",
                "applicationType": "application", "server": false,
            ]
            #expect(queue[1]["data"] == data)
            #expect(queue[0]["data"]?["server"] == true && queue[0]["data"]?["serverId"] == "eu-1")
            let stored = try #require(try await api.store.job("runs"))
            #expect(queue[1]["timestamp"]?.intValue == stored.createdAt.map { Int($0.milliseconds) })
            #expect(queue[1]["processedOn"]?.intValue == stored.startedAt.map { Int($0.milliseconds) })
            #expect(queue[0]["processedOn"] == .null && queue[1]["finishedOn"] == .null)
            try await api.end(running)
        }
    }
}
