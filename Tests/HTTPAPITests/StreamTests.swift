import HTTPAPI
import Hoistway
import HoistwayModel
import HoistwayStore
import NIOCore
import NIOPosix
import RESP
import RedisClient
import Synchronization
import TestSupport
import Testing

@Suite(.redis, .timeLimit(.minutes(3))) struct StreamTests {
    @Test func aLogIsFollowedLineByLineUntilTheJobEnds() async throws {
        try await API.with { api async throws in
            try await api.enqueue("a")
            let job = try await api.start()
            try await api.appendLog(job, "one\ntw", at: 0)
            async let stream = api.http(.read).events("/api/v1/jobs/a/logs/stream")
            try await eventually("the follower") { api.services.followers == 1 }
            try await api.appendLog(job, "o\r2\nthree", at: 6)
            try await api.end(job, .done, [("logBytes", "15")])
            let (events, isEnded) = try await stream
            #expect(isEnded)
            #expect(events.map(\.data).dropLast() == ["one", "two\n2", "three"])
            #expect(events.map(\.id) == ["4", "10", "15", "15"])
            #expect(events.last?.name == "end")
            let end = try JSON(parsing: events.last?.data ?? "")
            #expect(end["status"] == "done" && end["id"] == "a")
        }
    }

    /// Wherever a client left, it gets the rest and nothing twice.
    @Test func aStreamGoesOnAtEveryPlace() async throws {
        try await API.with { api async throws in
            try await api.enqueue("a")
            let job = try await api.start()
            let lines = (0..<40).map { "line \($0) \(String(repeating: "x", count: $0 * 7 % 50))" }
            let text = lines.map { "\($0)\n" }.joined()
            var offset = 0
            for piece in stride(from: 0, to: text.utf8.count, by: 97) {
                let end = min(piece + 97, text.utf8.count)
                let bytes = Array(text.utf8)[piece..<end]
                try await api.appendLog(job, String(decoding: bytes, as: UTF8.self), at: offset)
                offset = end
            }
            try await api.end(job, .done, [("logBytes", "\(offset)")])
            let whole = try await api.http(.read).events("/api/v1/jobs/a/logs/stream").events.dropLast()
            #expect(whole.map(\.data) == lines)
            for index in stride(from: 0, to: whole.count, by: 7) {
                let rest = try await api.http(.read).events("/api/v1/jobs/a/logs/stream", lastEventID: whole[index].id)
                #expect(Array(rest.events.dropLast()) == Array(whole[(index + 1)...]))
            }
            let last = try await api.http(.read).events("/api/v1/jobs/a/logs/stream", lastEventID: whole.last?.id)
            #expect(last.events.map(\.name) == ["end"])
        }
    }

    @Test func anotherAttemptIsToldAndItsPlacesAreItsOwn() async throws {
        try await API.with { api async throws in
            try await api.enqueue("a", nil, ["maxAttempts": 2])
            let first = try await api.start()
            try await api.appendLog(first, "first\n", at: 0)
            let seen = Mutex(0)
            async let stream = api.http(.read).events("/api/v1/jobs/a/logs/stream") { events in
                seen.withLock { $0 = events.count }
                return false
            }
            // The start of the second attempt drops the copy of the first.
            try await eventually("the first line") { seen.withLock { $0 } == 1 }
            try await api.end(first, .failed, [("logBytes", "6")])
            _ = try await api.store.tick(process: "test", canListen: false)
            let second = try await api.start()
            try await api.appendLog(second, "second\n", at: 0)
            try await api.end(second, .done, [("logBytes", "7")])
            let events = try await stream.events
            #expect(events.map(\.name) == [nil, "attempt", nil, "end"])
            #expect(events.map(\.id) == ["6", nil, "7@2", "7@2"])
            let again = try await api.http.events("/api/v1/jobs/a/logs/stream", lastEventID: "0@2")
            #expect(again.events.map(\.data).first == "second")
            let overtaken = try await api.http.events("/api/v1/jobs/a/logs/stream", lastEventID: "3")
            #expect(overtaken.events.map(\.name) == ["gap", "attempt", nil, "end"])
            #expect(overtaken.events.first?.data == #"{"from":3,"to":null}"#)
        }
    }

    @Test func wrongPlacesAreRefused() async throws {
        try await API.with { api async throws in
            try await api.enqueue("a")
            for id in ["x", "-1", "1@x", "1@2@3", "1@2"] {
                let answer = try await api.http.get("/api/v1/jobs/a/logs/stream", [("last-event-id", id)])
                #expect(answer.status == 400 && answer["code"] == "invalid_position", "\(id)")
            }
            #expect(try await api.http.get("/api/v1/jobs/nobody/logs/stream").status == 404)
            #expect(try await api.http.get("/api/v1/events", [("last-event-id", "x")]).status == 400)
        }
    }

    @Test func manyFollowersShareOneConnection() async throws {
        try await API.with { api async throws in
            try await api.enqueue("a")
            let job = try await api.start()
            try await withThrowingTaskGroup { group in
                let client = api.http(.read)
                for _ in 0..<50 {
                    group.addTask { try await client.events("/api/v1/jobs/a/logs/stream").events.map(\.data) }
                }
                try await eventually("all to follow") { api.services.followers == 50 }
                // The server's own, and the one that listens for all.
                try await eventually("one to listen") { try await api.connections() == 2 }
                for index in 0..<10 { try await api.appendLog(job, "line \(index)\n", at: 7 * index) }
                try await api.end(job, .done, [("logBytes", "70")])
                for try await lines in group { #expect(lines.dropLast() == (0..<10).map { "line \($0)" }) }
                #expect(try await api.connections() == 2)
            }
            try await eventually("all to have left") { api.services.followers == 0 }
        }
    }

    /// That the job is looked at now and then is nothing that its followers hear of.
    @Test func whoHearsNothingHearsThat() async throws {
        try await API.with { api async throws in
            try await api.enqueue("a")
            let job = try await api.start()
            var follow = api.services.logs.follow(job, beat: .seconds(6))
            while let step = try await follow.next() {
                if case .beat = step { break }
                guard case .job = step else {
                    Issue.record("\(step)")
                    break
                }
            }
        }
    }

    @Test func aClientThatTakesNothingIsLeft() async throws {
        try await API.with(configuring: { $0.limits.patience = .seconds(1) }) { api async throws in
            try await api.enqueue("a")
            let job = try await api.start()
            let fence = try #require(job.fence)
            let line = [UInt8](repeating: UInt8(ascii: "x"), count: 65_535) + [UInt8(ascii: "\n")]
            for index in 0..<256 {
                let piece = LogPiece(offset: index << 16, bytes: line)
                _ = try await api.store.appendLog("a", fence: fence, piece, most: 1 << 25, all: 1 << 26)
            }
            let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .channelOption(.autoRead, value: false)
                .channelOption(.socketOption(.so_rcvbuf), value: 4096)
                .connect(host: "127.0.0.1", port: api.server.port).get()
            let token = try #require(api.tokens[.read])
            let head = "GET /api/v1/jobs/a/logs/stream HTTP/1.1\r\nhost: x\r\nx-api-key: \(token)\r\n\r\n"
            try await channel.writeAndFlush(ByteBuffer(string: head)).get()
            try await eventually("the follower") { api.services.followers == 1 }
            try await eventually("the follower to be gone") { api.services.followers == 0 }
            // The server may have closed it by now.
            try? await channel.close().get()
        }
    }

    @Test func aClientThatLeavesIsForgotten() async throws {
        try await API.with { api async throws in
            try await api.enqueue("a")
            let job = try await api.start()
            try await api.appendLog(job, "one\n", at: 0)
            try await api.http(.read).events("/api/v1/jobs/a/logs/stream") { $0.count == 1 }
            try await eventually("the follower to be gone") { api.services.followers == 0 }
        }
    }

    @Test func anEventHasEachFieldOnce() async throws {
        try await API.with { api async throws in
            _ = try await api.store.register(types: [], worker: ("w1", [("host", "h")]))
            try await api.store.pause("backup", true)
            let replies =
                try await api.store.redis.send(["XRANGE", .string(api.store.keys.events), "-", "+"]).array ?? []
            var kinds: Set<String> = []
            for fields in replies.compactMap({ $0.array?.last?.array?.compactMap(\.string) }) {
                let names = stride(from: 0, to: fields.count, by: 2).map { fields[$0] }
                #expect(Set(names).count == names.count && names.contains("workerId"), "\(names)")
                kinds.insert(fields[3])
            }
            #expect(kinds.isSuperset(of: ["workerStarted", "paused"]))
        }
    }

    @Test func eventsAreToldAndGoOn() async throws {
        try await API.with { api async throws in
            async let stream = api.http(.read).events("/api/v1/events") { $0.count >= 2 }
            try await eventually("the follower") { api.services.followers == 1 }
            try await api.store.pause("backup", true)
            try await api.store.pause("backup", false)
            let events = try await stream.events
            let parsed = try events.map { try JSON(parsing: $0.data) }
            #expect(parsed.prefix(2).map { $0["event"]?.stringValue } == ["paused", "resumed"])
            #expect(parsed[0]["type"] == "backup")
            let rest = try await api.http(.read).events("/api/v1/events", lastEventID: events[0].id) { !$0.isEmpty }
            #expect(rest.events.first == events[1])
        }
    }

    @Test func whoMissedEventsIsToldToResync() async throws {
        try await API.with { api async throws in
            for _ in 0..<3 {
                try await api.store.pause("backup", true)
                try await api.store.pause("backup", false)
            }
            _ = try await api.store.redis.send(["XTRIM", .string(api.store.keys.events), "MAXLEN", "2"])
            let answer = try await api.http(.read).events("/api/v1/events", lastEventID: "1-1") { $0.count >= 3 }
            #expect(answer.events.map(\.name).prefix(3) == ["resync", nil, nil])
        }
    }

    @Test func aGapIsTold() async throws {
        try await API.with { api async throws in
            try await api.enqueue("a")
            let job = try await api.start()
            try await api.appendLog(job, "later\n", at: 100)
            try await api.end(job, .done, [("logBytes", "106")])
            let events = try await api.http(.read).events("/api/v1/jobs/a/logs/stream").events
            #expect(events.map(\.name) == ["gap", nil, "end"])
            #expect(try JSON(parsing: events[0].data) == ["from": 0, "to": 100])
            let answer = try await api.http(.read).get("/api/v1/jobs/a/logs")
            #expect(
                answer[header: "x-log-gap"] == "0-100" && answer.text == "later\n"
                    && answer[header: "x-next-offset"] == "106"
            )
        }
    }
}

extension API {
    /// How many connections the server has to Redis.
    func connections() async throws -> Int {
        let text = try await store.redis.send(["CLIENT", "LIST"]).string ?? ""
        return text.split(separator: "\n").count { $0.contains(" name=api-\(store.keys.prefix) ") }
    }
}
