import HTTPAPI
import HoistwayModel
import TestSupport
import Testing

@Suite(.redis, .timeLimit(.minutes(3))) struct ScheduleRouteTests {
    private static let nightly: JSON = [
        "id": "nightly", "cron": "30 2 * * *", "timezone": "Europe/Berlin",
        "job": ["type": "backup", "backupId": "db", "payload": ["command": ["true"]]],
    ]

    @Test func aScheduleIsWrittenReadChangedAndRemoved() async throws {
        try await API.with { api async throws in
            let made = try await api.http.post("/api/v1/schedules", Self.nightly)
            #expect(made.status == 201 && made[header: "location"] == "/api/v1/schedules/nightly")
            #expect(made["nextRuns"].arrayValue?.count == 5 && made["lastJobId"].isNull && made["overlap"] == "skip")
            let again = try await api.http.post("/api/v1/schedules", Self.nightly)
            #expect(again.status == 200 && again["createdAt"] == made["createdAt"])
            let listed = try await api.http(.read).get("/api/v1/schedules")
            #expect(listed["items"].arrayValue?.map { $0["id"] } == ["nightly"])
            let shown = try await api.http(.read).get("/api/v1/schedules/nightly")
            #expect(shown.status == 200 && shown["cron"] == "30 2 * * *")
            var changed = try #require(shown.json.objectValue)
            changed["cron"] = "@daily"
            let put = try await api.http.put("/api/v1/schedules/nightly", .object(changed))
            #expect(put.status == 200 && put["cron"] == "@daily")
            var other = try #require(Self.nightly.objectValue)
            other["cron"] = "@hourly"
            let taken = try await api.http.post("/api/v1/schedules", .object(other))
            #expect(taken.status == 409 && taken["code"] == "id_in_use")
            #expect(try await api.http.delete("/api/v1/schedules/nightly").status == 204)
            #expect(try await api.http.delete("/api/v1/schedules/nightly").status == 404)
            #expect(try await api.http(.read).get("/api/v1/schedules/nightly").status == 404)
        }
    }

    @Test func aScheduleIsRunPausedAndResumed() async throws {
        try await API.with { api async throws in
            _ = try await api.http.post("/api/v1/schedules", Self.nightly)
            let job = try await api.http(.enqueue).post("/api/v1/schedules/nightly/run")
            #expect(job.status == 202 && job["type"] == "backup" && job["resourceId"] == "db")
            let id = try #require(job["id"].stringValue)
            #expect(job[header: "location"] == "/api/v1/jobs/\(id)")
            #expect(try await api.http.get("/api/v1/schedules/nightly")["lastJobId"].stringValue == id)
            let paused = try await api.http(.operate).post("/api/v1/schedules/nightly/pause")
            #expect(paused.status == 200 && paused["paused"] == true && paused["nextRuns"] == [])
            let resumed = try await api.http(.operate).post("/api/v1/schedules/nightly/resume")
            #expect(resumed["paused"] == false && resumed["nextRuns"].arrayValue?.count == 5)
            for action in ["run", "pause", "resume"] {
                #expect(try await api.http.post("/api/v1/schedules/nobody/\(action)").status == 404, "\(action)")
            }
        }
    }

    @Test func aRunWithALongRequestIDIsAJobLikeAnyOther() async throws {
        try await API.with { api async throws in
            _ = try await api.http.post("/api/v1/schedules", Self.nightly)
            var ids: [String] = []
            for last in ["a", "a", "b"] {
                let request = String(repeating: "r", count: 127) + last
                let run = try await api.http.post("/api/v1/schedules/nightly/run", nil, [("x-request-id", request)])
                #expect(run.status == 202 && run["requestId"].stringValue == request, "\(run.text)")
                let id = try #require(run["id"].stringValue)
                #expect(id.hasPrefix("nightly-") && id.utf8.count <= 128)
                #expect(try await api.http.get("/api/v1/jobs/\(id)")["id"].stringValue == id)
                ids.append(id)
            }
            #expect(ids[0] == ids[1] && ids[1] != ids[2])
            let short = try await api.http.post("/api/v1/schedules/nightly/run", nil, [("x-request-id", "r1")])
            #expect(short["id"] == "nightly-r1")
        }
    }

    @Test func wrongFieldsAreNamed() async throws {
        try await API.with { api async throws in
            let wrong: JSON = ["id": "x", "cron": "61 * * * *", "overlap": "maybe", "job": ["type": "backup"]]
            let answer = try await api.http.post("/api/v1/schedules", wrong)
            #expect(answer.status == 422)
            #expect(Set(answer["fieldErrors"].objectValue?.keys ?? []) == ["cron", "overlap", "job.backupId"])
            let path = try await api.http.put("/api/v1/schedules/other", Self.nightly)
            #expect(path.status == 422 && path["fieldErrors"]["id"]?.stringValue != nil)
            let zone = try await api.http.put(
                "/api/v1/schedules/x",
                ["cron": "@daily", "timezone": "Mars/Base", "job": ["type": "backup", "backupId": "b"]]
            )
            #expect(zone.status == 422 && zone["fieldErrors"]["timezone"]?.stringValue != nil)
        }
    }
}
