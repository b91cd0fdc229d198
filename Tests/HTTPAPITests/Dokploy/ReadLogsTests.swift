import HTTPAPI
import HoistwayModel
import HoistwayStore
import TestSupport
import Testing

/// The end of a log as the Dokploy face shows it.
@Suite(.redis, .timeLimit(.minutes(3))) struct ReadLogsTests {
    private func read(_ api: API, _ tail: Int? = nil) async throws -> String {
        let query = "deploymentId=a" + (tail.map { "&tail=\($0)" } ?? "")
        let answer = try await api.query("deployment.readLogs", query)
        #expect(answer.status == 200, "\(answer.text.prefix(200))")
        return try #require(answer.json.stringValue)
    }

    @Test func theLastLines() async throws {
        try await API.with { api async throws in
            try await api.enqueue("a")
            #expect(try await read(api) == "")
            let log = try await api.appendLines(try await api.start(), 300, of: 50)
            #expect(try await read(api) == String(log.suffix(5000)))
            #expect(try await read(api, 2) == String(log.suffix(100)))
            #expect(try await read(api, 1000) == log)
        }
    }

    @Test func theNewestOfTooMany() async throws {
        try await API.with { api async throws in
            try await api.enqueue("a")
            let log = try await api.appendLines(try await api.start(), 6000, of: 1000)
            let text = try await read(api, 5000)
            let room = (4 << 20) / 1000 * 1000
            #expect(text == "[\(5_000_000 - room) bytes are missing here]\n" + log.suffix(room))
        }
    }

    @Test func whatIsMissingIsSaidInItsPlace() async throws {
        try await API.with { api async throws in
            try await api.enqueue("a")
            let job = try await api.start()
            try await api.appendLog(job, "one\ntw", at: 0)
            try await api.appendLog(job, "three\nfour\n", at: 1000)
            #expect(try await read(api) == "one\ntw\n[994 bytes are missing here]\nthree\nfour\n")
            #expect(try await read(api, 3) == "tw\n[994 bytes are missing here]\nthree\nfour\n")
            #expect(try await read(api, 2) == "three\nfour\n")
            // The end of the log did not come, and no worker has it.
            try await api.end(job, .failed, [("logBytes", "1100")])
            #expect(try await read(api, 1) == "four\n[89 bytes are missing here]\n")
        }
    }
}
