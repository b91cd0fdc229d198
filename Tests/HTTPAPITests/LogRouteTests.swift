import HTTPAPI
import Hoistway
import HoistwayModel
import HoistwayStore
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

    @Test func aFileOnThisHostGoesBeforeTheCopy() async throws {
        struct File: LogReading {
            func read(from offset: Int) async throws -> LogChunk {
                let bytes = Array("from the file\n".utf8)
                return LogChunk(attempt: 1, offset: offset, bytes: Array(bytes.dropFirst(offset)))
            }
            func offset(ofLast lines: Int) async throws -> Int { 5 }
        }
        try await API.with(logFile: { $0.host == "h1" ? File() : nil }) { api async throws in
            try await api.enqueue("a")
            try await api.end(try await api.start(), .done, [("logBytes", "14")])
            #expect(try await api.http(.read).get("/api/v1/jobs/a/logs").text == "from the file\n")
            #expect(try await api.http(.read).get("/api/v1/jobs/a/logs?tail=1").text == "the file\n")
            let events = try await api.http(.read).events("/api/v1/jobs/a/logs/stream").events
            #expect(events.map(\.data).first == "from the file")
        }
    }
}
