import HoistwayModel
import HoistwayStore
import RESP
import RedisClient
import TestSupport
import Testing

/// However much there is, a script looks at about a hundred items, and nobody has to wait for others.
@Suite(.redis, .timeLimit(.minutes(5))) struct BoundTests {
    @Test func tenThousandJobsDueAtOnceArePromotedInSteps() async throws {
        try await withStore { store async throws in
            let documents = (0..<10_000).map { #"{"id":"j\#($0)","resourceId":"r\#($0)","delay":0.5}"# }
            for start in stride(from: 0, to: documents.count, by: 1000) {
                let page = documents[start..<start + 1000].map { RedisArgument.string($0) }
                _ = try await store.redis.send(["RPUSH", .string(store.keys.inbox(.application))] + page)
            }
            while try await store.admitAll() > 0 {}
            var left = try await store.jobs(in: "delayed")
            var steps = 0
            while left > 0 {
                let more = try await store.tick(process: "p", canListen: false).hasMoreDue
                let now = try await store.jobs(in: "delayed")
                #expect(left - now <= 100)
                #expect(more || left - now < 100)
                left = now
                steps += 1
                try #require(steps < 100_000)
            }
            let queue = RedisArgument.string(store.keys.queue(.application, scope: .any, priority: 5))
            #expect(try await store.redis.send(["LLEN", queue]).int == 10_000)
            #expect(steps >= 100)
        }
    }

    @Test func aThousandJobsOfOneResourceHoldUpNobody() async throws {
        try await withStore { store async throws in
            for number in 0..<1000 { try await store.add("j\(number)", "busy") }
            for number in 0..<20 { try await store.add("k\(number)") }
            #expect(try await store.list("queue:application").count == 21)
            let first = try await store.takeOne()
            #expect(first.id == "j0")
            #expect(Set(try await store.take(100)) == Set((0..<20).map { "k\($0)" }))
            try await store.end(first)
            #expect(try await store.take(100) == ["j1"])
        }
    }

    @Test func aChainOfDependentsIsSkippedInSteps() async throws {
        try await withStore { store async throws in
            try await store.add("j0")
            for number in 1..<1000 { try await store.add("j\(number)") { $0.dependsOn = ["j\(number - 1)"] } }
            for number in 0..<300 { try await store.add("k\(number)") { $0.dependsOn = ["j0"] } }
            _ = try await store.kill("j0", KillOrder())
            var ended = try await store.jobs(in: "index:error")
            #expect(ended <= 101)
            var steps = 0
            while try await store.tick(process: "p", canListen: false).hasMoreDue {
                let now = try await store.jobs(in: "index:error")
                #expect(now - ended <= 100)
                ended = now
                steps += 1
                try #require(steps < 200)
            }
            #expect(try await store.jobs(in: "index:error") == 1300)
            #expect(try await store.job("j999")?.message == "a job it depends on ended in error: j998")
        }
    }

    @Test func fiftyProducersWithOneIdempotencyKeyMakeOneJob() async throws {
        try await withStore { store async throws in
            let answers = try await withThrowingTaskGroup { group in
                for number in 0..<50 {
                    group.addTask {
                        let client = try await RedisServer.required().client()
                        let store = store.through(client)
                        var answers: [Admission] = []
                        for _ in 0..<3 {
                            answers.append(
                                try await store.enqueue(.of("j\(number)") { $0.idempotencyKey = "the same" })
                            )
                        }
                        await client.close()
                        return answers
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(Set(answers.map(\.id)).count == 1)
            #expect(answers.count { if case .accepted = $0 { true } else { false } } == 1)
            #expect(try await store.list(.all).jobs.count == 1)
        }
    }

    @Test func manyTurnsThatGetFreeAtOnceAreGivenInSteps() async throws {
        try await withStore { store async throws in
            try await store.add("alone", "r")
            let alone = try await store.run()
            for number in 0..<250 { try await store.add("j\(number)", "r") { $0.concurrencyLimit = 1000 } }
            try await store.end(alone)
            #expect(try await store.list("queue:application").count == 100)
            while try await store.tick(process: "p", canListen: false).hasMoreDue {}
            #expect(try await store.list("queue:application").count == 250)
            #expect(try await store.exists("giving") == false)
        }
    }
}
