import Glibc
import HTTPAPI
import HoistwayModel
import HoistwayStore
import TestSupport
import Testing

@Suite(.redis, .timeLimit(.minutes(3))) struct MetricsTests {
    @Test func whatHappensIsCounted() async throws {
        try await API.with { api async throws in
            #expect(
                try await api.http(.read).get("/metrics")[header: "content-type"]?.hasPrefix(
                    "text/plain; version=0.0.4"
                ) == true
            )
            try await eventually("the count to begin") { api.services.followers == 1 }
            try await api.enqueue("a")
            try await api.end(try await api.start())
            try await api.enqueue("b", "r")
            try await api.enqueue("c", "r")
            func sample(_ line: String) async throws -> String? {
                let text = try await api.http(.read).get("/metrics").text
                return text.split(separator: "\n").first { $0.hasPrefix("\(line) ") }.map {
                    String($0.dropFirst(line.utf8.count + 1))
                }
            }
            try await eventually("the job to be counted") {
                try await sample(#"hoistway_jobs_total{type="application",status="done",reason=""}"#) == "1"
            }
            #expect(try await sample(#"hoistway_queue_pending_jobs{type="application"}"#) == "2")
            #expect(try await sample(#"hoistway_job_start_seconds_count{type="application"}"#) == "1")
            #expect(try await sample(#"hoistway_job_run_seconds_count{type="application"}"#) == "1")
            let posts = #"hoistway_http_requests_total{method="POST",route="/api/v1/jobs",status="202"}"#
            #expect(try await sample(posts) == "3")
            #expect(try await sample("hoistway_up") == "1")
        }
    }

    /// Prometheus' own tool reads it without complaint.
    @Test func theTextIsValid() async throws {
        try await API.with { api async throws in
            _ = try await api.http.get("/metrics")
            try await api.enqueue("a")
            _ = try await api.http.get("/nothing")
            let text = try await api.http.get("/metrics").text
            let directory = try TemporaryDirectory()
            let path = "\(directory.path)/metrics"
            try write(text, to: path)
            let result = try await Program.run(["-c", "promtool check metrics < \(path)"], of: "/bin/sh")
            #expect(result.status == 0 && result.output.isEmpty && result.errors.isEmpty, "\(result.errors)")
        }
    }
}

private func write(_ text: String, to path: String) throws {
    let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    guard file >= 0 else { throw SystemError("open \(path)", errno) }
    defer { close(file) }
    _ = text.withCString { Glibc.write(file, $0, strlen($0)) }
}
