import HTTPAPI
import Hoistway
import HoistwayModel
import HoistwayStore
import RESP
import RedisClient
import TestSupport
import Testing

@Suite(.redis, .timeLimit(.minutes(3))) struct LogRouteTests {
    @Test func bytesAreReadByOffset() async throws {
        try await API.with { api async throws in
            try await api.enqueue("a")
            let none = try await api.http(.read).get("/api/v1/jobs/a/logs")
            #expect(none.status == 200 && none.body.isEmpty && none[header: "x-job-status"] == "pending")
            let job = try await api.start()
            try await api.appendLog(job, "hello\nworld\n", at: 0)
            let all = try await api.http(.read).get("/api/v1/jobs/a/logs")
            #expect(
                all.text == "hello\nworld\n" && all[header: "x-next-offset"] == "12"
                    && all[header: "x-job-status"] == "running"
            )
            #expect(all[header: "content-type"] == "text/plain; charset=utf-8")
            let some = try await api.http(.read).get("/api/v1/jobs/a/logs?offset=3&limit=4")
            #expect(some.text == "lo\nw" && some[header: "x-next-offset"] == "7")
            let end = try await api.http(.read).get("/api/v1/jobs/a/logs?offset=12")
            #expect(end.status == 200 && end.body.isEmpty && end[header: "x-next-offset"] == "12")
            let tail = try await api.http(.read).get("/api/v1/jobs/a/logs?tail=1")
            #expect(tail.text == "world\n" && tail[header: "x-next-offset"] == "12")
            for wrong in ["offset=-1", "limit=0", "tail=x", "tail=1&offset=1"] {
                #expect(try await api.http.get("/api/v1/jobs/a/logs?\(wrong)").status == 422, "\(wrong)")
            }
            #expect(try await api.http.get("/api/v1/jobs/nobody/logs").status == 404)
        }
    }

    /// More than one answer holds: the newest lines, and what was left out.
    @Test func aTailIsTheNewestBytes() async throws {
        try await API.with { api async throws in
            try await api.enqueue("a")
            let log = Array(try await api.appendLines(try await api.start(), 6000, of: 1000).utf8)
            let answer = try await api.http(.read).get("/api/v1/jobs/a/logs?tail=1000000")
            let room = (4 << 20) / 1000 * 1000
            #expect(answer.status == 200 && answer.body.count == room)
            #expect(answer.body == Array(log.suffix(room)))
            #expect(answer[header: "x-log-gap"] == "0-\(log.count - room)")
            #expect(answer[header: "x-next-offset"] == "\(log.count)")
            let some = try await api.http(.read).get("/api/v1/jobs/a/logs?tail=20&limit=3500")
            #expect(some.body == Array(log.suffix(3000)))
            #expect(some[header: "x-log-gap"] == "\(log.count - 20_000)-\(log.count - 3000)")
            let all = try await api.http(.read).get("/api/v1/jobs/a/logs?tail=20")
            #expect(all.body == Array(log.suffix(20_000)) && all[header: "x-log-gap"] == nil)
        }
    }

    /// A log of which only head and tail are kept.
    @Test func aTailCountsLinesOnBothSidesOfAGap() async throws {
        try await API.with { api async throws in
            try await api.enqueue("a")
            let job = try await api.start()
            try await api.appendLog(job, "one\ntwo\n", at: 0)
            try await api.appendLog(job, "three\nfour\n", at: 1_000_000)
            let tails = [("2", "three\nfour\n", nil), ("3", "two\nthree\nfour\n", "8-1000000")]
            for (lines, text, gap) in tails {
                let answer = try await api.http(.read).get("/api/v1/jobs/a/logs?tail=\(lines)")
                #expect(answer.text == text && answer[header: "x-log-gap"] == gap, "\(lines)")
                #expect(answer[header: "x-next-offset"] == "1000011")
            }
            // One answer has one gap.
            let both = try await api.http(.read).get("/api/v1/jobs/a/logs?tail=4&limit=16")
            #expect(both.text == "three\nfour\n" && both[header: "x-log-gap"] == "0-1000000")
        }
    }

    @Test func aLogThatNobodyHasIsSaidToBeOnItsHost() async throws {
        try await API.with { api async throws in
            try await api.enqueue("a")
            try await api.end(try await api.start(), .done, [("logBytes", "5")])
            for path in ["logs", "logs?tail=3", "logs/stream"] {
                let answer = try await api.http(.read).get("/api/v1/jobs/a/\(path)")
                #expect(answer.status == 503 && answer["code"] == "log_unavailable", "\(path)")
                #expect(answer["detail"].stringValue?.contains("on h1 at /data/a/1/log") == true)
            }
        }
    }

    @Test func theWorkerThatHasTheFileIsAsked() async throws {
        try await API.with { api async throws in
            _ = try await api.store.register(types: [.application], worker: ("w1", [("host", "h1")]))
            try await api.enqueue("a")
            let job = try await api.start()
            try await api.end(job, .done, [("logBytes", "12")])
            for path in ["logs", "logs?offset=6", "logs/stream"] {
                async let answer = api.http(.read).get("/api/v1/jobs/a/\(path)")
                try await eventually("the request") {
                    try await api.store.tick(process: "p", canListen: false, worker: ("w1", [])).wantedLogs == ["a"]
                }
                try await api.appendLog(job, "hello\nworld\n", at: 0)
                try await api.store.provided("a", worker: "w1")
                let got = try await answer
                #expect(got.status == 200 && got.text.contains("world"), "\(path): \(got.text)")
                #expect(got.text.contains("hello") == (path != "logs?offset=6"))
                _ = try await api.store.redis.send(["ZADD", "\(api.store.keys.prefix):logs:ended", "XX", 1, "a"])
                _ = try await api.store.tick(process: "p", canListen: false)
            }
        }
    }

    @Test func aFileOnThisHostGoesBeforeTheCopy() async throws {
        struct File: LogReading {
            func read(from offset: Int) async throws -> LogChunk {
                let bytes = Array("from the file\n".utf8)
                return LogChunk(attempt: 1, offset: offset, bytes: Array(bytes.dropFirst(offset)))
            }
            func offset(ofLast lines: Int) async throws -> Int { 14 }
        }
        try await API.with(logFile: { $0.host == "h1" ? File() : nil }) { api async throws in
            try await api.enqueue("a")
            try await api.end(try await api.start(), .done, [("logBytes", "14")])
            #expect(try await api.http(.read).get("/api/v1/jobs/a/logs").text == "from the file\n")
            #expect(try await api.http(.read).get("/api/v1/jobs/a/logs?tail=1").text == "from the file\n")
            let events = try await api.http(.read).events("/api/v1/jobs/a/logs/stream").events
            #expect(events.map(\.data).first == "from the file")
        }
    }
}
