import HTTPAPI
import Hoistway
import HoistwayModel
import HoistwayStore
import TestSupport
import Testing

/// The live log of the Dokploy face.
@Suite(.redis, .timeLimit(.minutes(3))) struct ListeningTests {
    private static func path(_ logPath: String) -> String { "/listen-deployment?logPath=\(logPath)" }

    @Test func theLogComesAsTextUntilTheDeploymentEnds() async throws {
        try await API.with { api async throws in
            try await api.enqueue("a")
            let job = try await api.start()
            let text = "one\nzwölf 🚀\n" + String(repeating: "long line\n", count: 20_000)
            let bytes = Array(text.utf8)
            // Cut in the middle of characters.
            let cuts = [0, 7, 13, 15, 70_000, bytes.count]
            try await append(api, job, bytes, cuts[0]..<cuts[1])
            async let listening = api.http(.read).listen(Self.path("/data/a/1/log&serverId=ignored"))
            try await eventually("the follower") { api.services.followers == 1 }
            for index in 1..<(cuts.count - 1) { try await append(api, job, bytes, cuts[index]..<cuts[index + 1]) }
            try await api.end(job, .done, [("logBytes", "\(bytes.count)")])
            let record = try await listening
            #expect(record.status == 101 && record.head.lowercased().contains("sec-websocket-accept: "))
            #expect(record.head.contains(HTTPClient.accept))
            #expect(!record.head.lowercased().contains("transfer-encoding"))
            #expect(record.text == text)
            #expect(record.code == 1000 && record.rest.isEmpty)
            #expect(record.frames.last?.opcode == 8)
            try await eventually("nobody to follow") { api.services.followers == 0 }
            // The log of an ended one is read to its end as well.
            let again = try await api.http(.read).listen(Self.path("/data/a/1/log"))
            #expect(again.text == text && again.code == 1000)
        }
    }

    @Test func onlyTheLogOfAKnownDeploymentIsRead() async throws {
        try await API.with { api async throws in
            try await api.enqueue("a")
            let job = try await api.start()
            let paths = [
                "", "/etc/passwd", "/data/a/1/../../../etc/passwd", "/data/a/1/log/", "/data/a/2/log", "/data/a", "a",
                "data/a/1/log", "/data/b/1/log",
            ]
            for path in paths {
                let record = try await api.http(.read).listen(Self.path(path))
                #expect(record.status == 101 && record.code == 4000 && record.frames.count == 1, "\(path)")
            }
            #expect(try await api.http(.read).listen("/listen-deployment").code == 4000)
            try await api.end(job)
        }
    }

    @Test func aTokenAndAHandshakeAreNeeded() async throws {
        try await API.with { api async throws in
            let path = Self.path("/data/a/1/log")
            #expect(try await api.stranger.listen(path).status == 401)
            #expect(try await api.http(.enqueue).listen(path).status == 403)
            let plain = try await api.http(.read).get(path)
            #expect(plain.status == 426 && plain[header: "upgrade"] == "websocket" && plain["code"] == "BAD_REQUEST")
            #expect(try await api.http(.read).listen(path) { $0["Sec-WebSocket-Version"] = "8" }.status == 426)
            #expect(try await api.http(.read).listen(path) { $0["Sec-WebSocket-Key"] = nil }.status == 400)
            let other = try await api.http(.read).listen(path) { $0["Upgrade"] = "h2c" }
            #expect(other.status == 426 && other.head.lowercased().contains("connection: close"))
            let java = try await api.http(.read).listen("/api/v1/jobs") { $0["Upgrade"] = "h2c" }
            #expect(java.status == 200 && java.head.lowercased().contains("connection: close"))
            #expect(try await api.http(.read).send("HEAD", path).status == 426)
            let token = try #require(api.tokens[.read])
            let bearer = try await api.stranger.listen(path) { $0["Authorization"] = "Bearer \(token)" }
            #expect(bearer.status == 101)
        }
    }

    /// Which its server would do by itself only after a time.
    @Test func aRefusedHandshakeEndsTheConnection() async throws {
        try await API.with(configuring: { $0.limits.patience = .seconds(3600) }) { api async throws in
            let path = Self.path("/data/a/1/log")
            let wrong: [(Int, @Sendable (inout [String: String]) -> Void)] = [
                (426, { $0["Sec-WebSocket-Version"] = "8" }), (400, { $0["Sec-WebSocket-Key"] = nil }),
                (426, { $0["Upgrade"] = "h2c" }), (401, { $0["x-api-key"] = "x" }),
            ]
            for (status, change) in wrong {
                let record = try await api.http(.read).listen(path, changing: change, toTheEnd: true)
                #expect(record.status == status && record.head.lowercased().contains("connection: close"))
                #expect(try JSON(parsing: record.rest)["message"] != nil, "the body is whole")
            }
            let plain = try await api.http(.read).listen(
                "/openapi.json",
                changing: { $0["Upgrade"] = "h2c" },
                toTheEnd: true
            )
            #expect(plain.status == 200 && (try? JSON(parsing: plain.rest)) != nil)
        }
    }

    /// A client that comes with the path of an attempt that has ended gets what one that was there from then on has got.
    @Test func theLogOfAnEarlierAttemptIsFollowedByThatOfTheNext() async throws {
        struct File: LogReading {
            var text: String
            func read(from offset: Int) async throws -> LogChunk {
                LogChunk(attempt: 1, offset: offset, bytes: Array(text.utf8.dropFirst(offset).prefix(5)))
            }
            func offset(ofLast lines: Int) async throws -> Int { text.utf8.count }
        }
        let files = ["/data/a/1/log": "zwölf 🚀\none\n"]
        let open = { @Sendable (job: Job) in files[job.logPath ?? ""].map { File(text: $0) } as (any LogReading)? }
        try await API.with(logFile: open) { api async throws in
            try await api.enqueue("a", nil, ["maxAttempts": 3])
            for _ in 0..<2 {
                let fence = try #require(try await api.start().fence)
                _ = try await api.store.finish("a", fence: fence, Outcome(.failed, wait: .milliseconds(1)))
                try await eventually("the next attempt") {
                    _ = try await api.store.tick(process: "p", canListen: false)
                    return try await api.store.job("a")?.reason == .queued
                }
            }
            let job = try await api.start()
            try await api.appendLog(job, "three\n", at: 0)
            try await api.end(job, .done, [("logBytes", "6")])
            func heard(_ path: String) async throws -> String? {
                let record = try await api.http(.read).listen(Self.path(path))
                return record.code == 1000 ? record.text : record.code.map { "\($0)" }
            }
            #expect(try await heard("/data/a/1/log") == "zwölf 🚀\none\nthree\n")
            // Its file is gone.
            #expect(try await heard("/data/a/2/log") == "three\n")
            #expect(try await heard("/data/a/3/log") == "three\n")
            for wrong in ["/data/a/4/log", "/data/a/0/log", "/data/a/-1/log", "/else/a/1/log", "/data/a/1/log/"] {
                #expect(try await heard(wrong) == "4000", "\(wrong)")
            }
        }
    }

    @Test func pingsAreAnsweredAndAFarewellEndsTheStream() async throws {
        try await API.with { api async throws in
            try await api.enqueue("a")
            let job = try await api.start()
            try await api.appendLog(job, "one\n", at: 0)
            let reply = { @Sendable (frame: SocketRecord.Frame) -> [UInt8] in
                switch frame.opcode {
                case 1: HTTPClient.frame(9, [7, 8, 9]) + HTTPClient.frame(1, Array("ignored".utf8))
                case 10: HTTPClient.frame(8, [0x03, 0xE9])
                default: []
                }
            }
            let record = try await api.http(.read).listen(Self.path("/data/a/1/log"), reply: reply)
            #expect(record.frames.map(\.opcode) == [1, 10, 8])
            #expect(record.frames[1].data == [7, 8, 9] && record.code == 1001)
            try await eventually("nobody to follow") { api.services.followers == 0 }
            try await api.end(job)
        }
    }

    @Test func framesThatAreNoneEndTheConnection() async throws {
        try await API.with { api async throws in
            try await api.enqueue("a")
            let job = try await api.start()
            try await api.appendLog(job, "one\n", at: 0)
            let wrong: [[UInt8]] = [[0x81, 1, 65], [0x81, 0xFE, 0xFF, 0xFF, 1, 2, 3, 4]]
            for bytes in wrong {
                let reply = { @Sendable (frame: SocketRecord.Frame) in frame.opcode == 1 ? bytes : [] }
                let record = try await api.http(.read).listen(Self.path("/data/a/1/log"), reply: reply)
                #expect(record.code == 1002, "\(bytes)")
            }
            try await api.end(job)
        }
    }

    @Test func aServerThatStopsSaysSo() async throws {
        try await API.with { api async throws in
            try await api.enqueue("a")
            let job = try await api.start()
            async let listening = api.http(.read).listen(Self.path("/data/a/1/log"))
            try await eventually("the follower") { api.services.followers == 1 }
            await api.server.stop()
            #expect(try await listening.code == 1001)
            try await api.end(job)
        }
    }

    private func append(_ api: API, _ job: Job, _ bytes: [UInt8], _ range: Range<Int>) async throws {
        let piece = LogPiece(offset: range.lowerBound, bytes: Array(bytes[range]))
        let fence = try #require(job.fence)
        #expect(try await api.store.appendLog(job.id, fence: fence, piece, most: 1 << 20, all: 1 << 26) == .ok)
    }
}
