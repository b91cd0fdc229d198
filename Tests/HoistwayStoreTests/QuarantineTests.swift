import HoistwayModel
import HoistwayStore
import RESP
import RedisClient
import TestSupport
import Testing

/// Payloads that take their worker with them.
@Suite(.redis, .timeLimit(.minutes(2))) struct QuarantineTests {
    private func lose(_ id: String, _ store: Store, _ outcome: Outcome.Kind = .lost) async throws {
        try await store.add(id, "r") { $0.payload = Array(#"{"x":1}"#.utf8) }
        let job = try await store.run()
        try await store.end(job, Outcome(outcome))
    }

    @Test func threeLossesInARowQuarantineAPayload() async throws {
        try await withStore { store async throws in
            for number in 0..<2 { try await lose("a\(number)", store) }
            try await lose("well", store, .failed)
            for number in 2..<5 {
                #expect(try await store.quarantine().isEmpty)
                try await lose("a\(number)", store)
            }
            let entry = try #require(try await store.quarantine().first)
            #expect(entry.type == .application && entry.resourceID == "r" && entry.losses == 3)
            #expect(entry.lastJobID == "a4")
            let refused = await #expect(throws: Refusal.self) { try await lose("b", store) }
            #expect(refused?.code == .quarantined)
            #expect(refused?.message.contains("a4") == true)
            #expect(try await refusal { _ = try await store.retry("a4") } == .quarantined)
            try await store.push("inbox:application", #"{"id":"c","resourceId":"r","payload":{"x":1}}"#)
            try await store.admitAll()
            #expect(try await store.job("c")?.json("error")?["code"] == "quarantined")
            // Another payload, another resource.
            try await store.add("d", "r") { $0.payload = Array(#"{"x":2}"#.utf8) }
            try await store.add("e", "s") { $0.payload = Array(#"{"x":1}"#.utf8) }

            #expect(
                try await refusal { try await store.releaseQuarantine(type: "application", resourceID: "s") }
                    == .notFound
            )
            try await store.releaseQuarantine(type: "application", resourceID: "r")
            #expect(try await store.quarantine().isEmpty)
            try await store.add("f", "r") { $0.payload = Array(#"{"x":1}"#.utf8) }
        }
    }

    @Test func whatWaitsWithTheSamePayloadIsCancelled() async throws {
        try await withStore { store async throws in
            for number in 0..<250 { try await store.add("j\(number)", "r") }
            try await store.add("other", "r") { $0.payload = Array(#"{"x":2}"#.utf8) }
            for _ in 0..<3 { try await store.end(try await store.run(), Outcome(.lost)) }
            #expect(try await store.tick(process: "p", canListen: false).hasMoreDue)
            while try await store.tick(process: "p", canListen: false).hasMoreDue {}
            #expect(try await store.state("j249") == .error(.cancelled))
            #expect(try await store.job("j249")?.json("error")?["code"] == "quarantined")
            #expect(try await store.take() == ["other"])
        }
    }

    @Test func itIsForgottenInTime() async throws {
        try await withStore { store async throws in
            for number in 0..<3 { try await lose("a\(number)", store) }
            let losses = RedisArgument.string(store.keys.losses)
            let field = try #require(try await store.redis.send(["HKEYS", losses]).array?.first?.string)
            let value = try #require(try await store.redis.send(["HGET", losses, .string(field)]).string)
            let parts = value.split(separator: " ")
            let until = Timestamp(milliseconds: try #require(Int64(parts[1])))
            let day: Int64 = 86_400_000
            #expect(abs(until.milliseconds - Timestamp.now().milliseconds - day) < 60_000)
            _ = try await store.redis.send(["HSET", losses, .string(field), "3 1 a2"])
            #expect(try await store.quarantine().isEmpty)
            try await lose("b", store)
            _ = try await store.redis.send(["HSET", losses, .string(field), "3 1 a2"])
            _ = try await store.tick(process: "p", canListen: false)
            #expect(try await store.exists("losses") == false)
        }
    }
}
