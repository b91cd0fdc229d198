import HoistwayModel
import HoistwayStore
import RESP
import RedisClient
import TestSupport
import Testing

/// Notifications are noted by the script that ends a job, leased, and their outcome is in the history.
@Suite(.redis, .timeLimit(.minutes(1))) struct NotificationTests {
    private static let both: JSON = ["url": "http://a/"]
    private static let done: JSON = ["url": "http://b/", "on": ["done"]]
    private static let error: JSON = ["url": "http://c/", "on": ["error"]]
    private static let none: JSON = ["url": "http://d/", "on": []]

    private func add(_ store: Store, _ id: String) async throws {
        try await store.add(id) {
            $0.notify = [
                NotificationTests.both, NotificationTests.done, NotificationTests.error, NotificationTests.none,
            ]
        }
    }

    @Test func whoWantsToKnowOfWhichEnd() async throws {
        try await withStore { store async throws in
            try await add(store, "a")
            try await store.end(try await store.run())
            #expect(try await store.tick(process: "p", canListen: false).hasDueNotifications)
            #expect(try await store.takeNotifications().map(\.name).sorted() == ["a:0", "a:1"])
            try await add(store, "b")
            _ = try await store.kill("b", KillOrder())
            #expect(try await store.takeNotifications().map(\.name).sorted() == ["b:0", "b:2"])
            #expect(try await store.tick(process: "p", canListen: false).hasDueNotifications == false)
        }
    }

    @Test func aRetriedJobTellsToo() async throws {
        try await withStore { store async throws in
            try await add(store, "a")
            _ = try await store.kill("a", KillOrder())
            let again = try await store.retry("a").id
            try await store.end(try await store.run())
            let names = try await store.takeNotifications().map(\.name)
            #expect(Set(names) == ["a:0", "a:2", "\(again):0", "\(again):1"] && names.count == 4)
        }
    }

    /// Whoever leases one has it alone; after the lease it is due again and that counts as another try.
    @Test func leases() async throws {
        try await withStore { store async throws in
            try await store.add("a") { $0.notify = [NotificationTests.both] }
            _ = try await store.kill("a", KillOrder())
            let first = try #require(try await store.takeNotifications().first)
            #expect(first.attempt == 1 && first.jobID == "a" && first.index == 0)
            #expect(try await store.takeNotifications().isEmpty)
            _ = try await store.redis.send(["ZADD", .string(store.keys.notify), 1, "a:0"])
            let second = try #require(try await store.takeNotifications().first)
            #expect(second.attempt == 2)
            // The first one is too late with whatever it has to say.
            try await store.settle(first, delivered: true, data: [:])
            #expect(try await store.history("a")?.contains { $0["event"] == "notified" } == false)
            try await store.retry(second, after: .zero)
            let third = try #require(try await store.takeNotifications().first)
            #expect(third.attempt == 3)
            try await store.settle(third, delivered: false, data: ["url": "http://a/", "error": "x"])
            let last = try #require(try await store.history("a")?.last)
            #expect(last["event"] == "notifyFailed" && last["status"] == "error" && last["data"]?["error"] == "x")
            #expect(try await store.exists("notify") == false)
            #expect(try await store.exists("notify:tries") == false)
        }
    }

    @Test func aRemovedJobTellsNobody() async throws {
        try await withStore { store async throws in
            try await add(store, "a")
            _ = try await store.kill("a", KillOrder())
            let leased = try await store.takeNotifications()
            try await store.remove("a")
            #expect(try await store.exists("notify") == false)
            for notification in leased { try await store.settle(notification, delivered: true, data: [:]) }
            #expect(try await store.exists("job:a:history") == false)
            #expect(try await store.exists("job:a") == false)
        }
    }
}
