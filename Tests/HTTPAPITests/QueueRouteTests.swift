import HTTPAPI
import HoistwayModel
import HoistwayStore
import RESP
import RedisClient
import TestSupport
import Testing

@Suite(.redis, .timeLimit(.minutes(3))) struct QueueRouteTests {
    @Test func aTypeIsPausedResumedAndDrained() async throws {
        try await API.with { api async throws in
            let paused = try await api.http(.operate).post("/api/v1/queues/application/pause")
            #expect(paused.status == 200 && paused["paused"] == true)
            try await api.enqueue("a")
            try await api.enqueue("b")
            let queues = try await api.http(.read).get("/api/v1/queues")
            let queue = try #require(queues["items"].arrayValue?.first { $0["type"] == "application" })
            #expect(queue["paused"] == true && queue["pending"] == 2 && queue["running"] == 0)
            #expect(queues["nextCursor"].isNull)
            let resumed = try await api.http(.operate).post("/api/v1/queues/application/resume")
            #expect(resumed.status == 200 && resumed["paused"] == false)
            let drained = try await api.http(.operate).post("/api/v1/queues/*/drain")
            #expect(drained.status == 200 && drained["cancelled"] == 2)
            for action in ["pause", "resume", "drain"] {
                let answer = try await api.http(.operate).post("/api/v1/queues/aplication/\(action)")
                #expect(answer.status == 422 && answer["code"] == "unknown_type", "\(action)")
            }
        }
    }

    @Test func aWorkerIsShownAndStopped() async throws {
        try await API.with { api async throws in
            let fields = [("host", "h"), ("pid", "7"), ("types", "application,backup"), ("slots", "4")]
            _ = try await api.store.register(types: [.application], worker: ("w1", fields))
            let workers = try await api.http(.read).get("/api/v1/workers")
            let worker = try #require(workers["items"].arrayValue?.first)
            #expect(worker["id"] == "w1" && worker["pid"] == 7 && worker["types"] == ["application", "backup"])
            #expect(worker["state"] == "running" && worker["node"] == .null)
            let stopped = try await api.http(.operate).post("/api/v1/workers/w1/stop", ["mode": "detach"])
            #expect(stopped.status == 202 && stopped["mode"] == "detach")
            let order = try await api.store.redis.send(["HGET", .string(api.store.keys.worker("w1")), "stopMode"])
            #expect(order.string == "detach")
            #expect(try await api.http(.operate).post("/api/v1/workers/w1/stop", ["mode": "x"]).status == 422)
            #expect(try await api.http(.operate).post("/api/v1/workers/w1/stop", ["mod": "x"]).status == 422)
            #expect(try await api.http(.operate).post("/api/v1/workers/nobody/stop").status == 404)
        }
    }
}
