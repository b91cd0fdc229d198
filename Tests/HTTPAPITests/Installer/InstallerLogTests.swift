import HTTPAPI
import HoistwayModel
import HoistwayStore
import TestSupport
import Testing

@Suite(.redis, .timeLimit(.minutes(3))) struct InstallerLogTests {
    private static let deploy = "/api/v1/installer/deploy"

    private static func line(_ index: Int, _ length: Int) -> String {
        let head = "2026-04-16T10:00:00.000Z INFO \(index) "
        return head + String(repeating: "x", count: length - head.utf8.count - 1) + "\n"
    }

    /// The numbers of the lines that a session shows of so many of so many bytes each.
    private func shown(lines: Int, of length: Int) async throws -> [Int] {
        var numbers: [Int] = []
        try await API.with { api async throws in
            let id = try await api.http.post(InstallerLogTests.deploy)["id"].stringValue ?? ""
            let job = try await api.start()
            for start in stride(from: 0, to: lines, by: 100) {
                let text = (start..<min(start + 100, lines)).map { InstallerLogTests.line($0, length) }.joined()
                try await api.appendLog(job, text, at: start * length)
            }
            let answer = try await api.http(.read).get("\(InstallerLogTests.deploy)/\(id)")
            numbers = (answer["session"]["logs"]?.arrayValue ?? []).compactMap { line in
                line["message"]?.stringValue.flatMap { Int($0.prefix { $0 != " " }) }
            }
        }
        return numbers
    }

    @Test func theLastThousandLines() async throws {
        #expect(try await shown(lines: 3, of: 100) == [0, 1, 2])
        #expect(try await shown(lines: 1500, of: 100) == Array(500..<1500))
    }

    @Test func atMostSoManyBytesInWholeLines() async throws {
        let whole = 256 * 1024 / 500
        #expect(try await shown(lines: 1500, of: 500) == Array(1500 - whole..<1500))
        // A line that fits to the byte is there.
        #expect(try await shown(lines: 600, of: 512) == Array(600 - 512..<600))
    }

    @Test func aLogThatIsNotKeptIsEmpty() async throws {
        try await API.with { api async throws in
            let id = try await api.http.post(InstallerLogTests.deploy)["id"].stringValue ?? ""
            try await api.end(try await api.start(), .done, [("logBytes", "5")])
            let answer = try await api.http(.read).get("\(InstallerLogTests.deploy)/\(id)")
            #expect(answer.status == 200 && answer["session"]["logs"] == [])
            let stream = try await api.http(.read).get("\(InstallerLogTests.deploy)/\(id)/logs")
            #expect(stream.status == 503 && stream["code"] == "log_unavailable")
        }
    }

    @Test func theLogIsStreamedUntilTheEnd() async throws {
        try await API.with { api async throws in
            let id = try await api.http.post(InstallerLogTests.deploy)["id"].stringValue ?? ""
            let path = "\(InstallerLogTests.deploy)/\(id)/logs"
            let job = try await api.start()
            try await api.appendLog(job, "2026-04-16T10:00:00.000Z INFO one\n2026-04-16T10:0", at: 0)
            async let stream = api.http(.read).events(path)
            try await eventually("the follower") { api.services.followers == 1 }
            try await api.appendLog(job, "0:01.000Z ERROR two\nodd\n", at: 49)
            try await api.end(job, .failed, [("logBytes", "73")])
            let (events, isEnded) = try await stream
            #expect(isEnded)
            #expect(events.map(\.name) == ["log", "log", "log", "end"])
            #expect(
                try events.map { try JSON(parsing: $0.data) } == [
                    ["time": "2026-04-16T10:00:00.000Z", "level": "INFO", "message": "one"],
                    ["time": "2026-04-16T10:00:01.000Z", "level": "ERROR", "message": "two"],
                    ["time": nil, "level": nil, "message": "odd"],
                    ["id": .string(id), "status": "failed"],
                ]
            )
            let rest = try await api.http(.read).events(path, lastEventID: events[1].id)
            #expect(rest.events == Array(events[2...]))
            let wrong = try await api.http(.read).get(path, [("last-event-id", "x")])
            #expect(wrong.status == 400 && wrong["code"] == "invalid_position")
        }
    }
}
