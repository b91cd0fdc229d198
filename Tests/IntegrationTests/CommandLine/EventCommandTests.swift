import Glibc
import HoistwayModel
import RESP
import TestSupport
import Testing

/// The stream of events, followed through an outage, and histories.
@Suite(.redis, .timeLimit(.minutes(3)))
struct EventCommandTests {
    /// No event is lost and none comes twice while Redis is killed and started again under the follower.
    @Test func followingSurvivesARestartOfRedis() async throws {
        let server = try await RedisServer.start(RedisServer.Options(appendOnly: true))
        try await RedisServer.$current.withValue(server) {
            try await Site.with { site in
                let arguments = [
                    "events", "-f", "--json", "--limit", "0", "--redis", site.url, "--prefix", site.prefix,
                ]
                _ = try await site.hoistway("enqueue", "backup", "x", "--id", "before")
                let follower = try await Program.start(arguments, log: "\(site.directory.path)/events.log")
                func told() -> [String] {
                    follower.printed.split(separator: "\n").filter { $0.hasPrefix("{") }.compactMap {
                        (try? JSON(parsing: String($0)))?["id"]?.stringValue
                    }
                }
                // Whether it follows already is seen from what it tells.
                var number = 0
                try await eventually("the first event") {
                    number += 1
                    _ = try await site.hoistway("enqueue", "backup", "x", "--id", "e\(number)")
                    return !told().isEmpty
                }
                for round in 0..<3 {
                    if round == 1 { try await server.stop(SIGKILL) }
                    if round == 1 { try await server.restart() }
                    for _ in 0..<5 {
                        number += 1
                        let id = "e\(number)"
                        try await eventually("\(id) to be accepted") {
                            try await site.hoistway("enqueue", "backup", "x", "--id", id).status == 0
                        }
                    }
                }
                try await eventually("the last event") { told().last == "e\(number)" }
                let first = try #require(told().first.flatMap { Int($0.dropFirst()) })
                #expect(told() == (first...number).map { "e\($0)" })
                #expect(!told().contains("before"))
                follower.send(SIGINT)
                #expect(try await follower.waitForEnd() == 128 + Int(SIGINT))
                #expect(follower.printed.last == "\n" && !follower.printed.contains("Fatal"))
            }
        }
        try await server.stop()
    }

    @Test func linesHaveTheShapeOfTheContract() async throws {
        try await Site.with { site in
            try site.recipe("backup", "exit 0")
            _ = try await site.worker()
            #expect(try await site.run("backup", "one")["status"] == "done")
            #expect(try await site.hoistway("pause", "backup").status == 0)
            let output = try await site.hoistway("events", "--json").output
            let events = try output.split(separator: "\n").map { try JSON(parsing: String($0)) }
            let own = events.filter { $0["id"] == "one" }
            #expect(own.compactMap { $0["event"]?.stringValue } == ["accepted", "claimed", "started", "done"])
            let names = ["at", "event", "id", "status", "reason", "workerId", "attempt", "fence", "data"]
            for event in own { #expect(event.objectValue?.keys == names) }
            #expect(own[0]["workerId"] == .null && own[0]["attempt"] == .null && own[0]["reason"] == "queued")
            #expect(
                own[2]["attempt"] == 1 && own[2]["fence"]?.intValue != nil && own[2]["data"]?["pid"]?.intValue != nil
            )
            #expect(events.last?["event"] == "paused" && events.last?["type"] == "backup")

            let history = try JSON(parsing: try await site.hoistway("history", "one", "--json").output)
            #expect(history.objectValue?.keys == ["items", "nextCursor"] && history["nextCursor"] == .null)
            let items = history["items"]?.arrayValue ?? []
            let steps = ["at", "event", "status", "reason", "workerId", "attempt", "fence", "data"]
            for item in items { #expect(item.objectValue?.keys == steps) }
            #expect(items.compactMap { $0["event"]?.stringValue } == own.compactMap { $0["event"]?.stringValue })
            #expect(try await site.hoistway("history", "absent").status == 2)
        }
    }
}
