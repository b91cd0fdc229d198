import Glibc
import HoistwayModel
import TestSupport
import Testing

/// What a recipe says on its event descriptor is in the job's hash while it runs.
@Suite(.redis, .timeLimit(.minutes(3)))
struct EventTests {
    @Test func progressAndStages() async throws {
        try await Site.with { site in
            try site.recipe(
                "installer",
                """
                say() { printf '%s\\n' "$1" >&3; }
                say '{"progress":55,"stage":"installing-postgresql","component":"postgresql","message":"half"}'
                \(site.awaiting("one"))
                say '{"progress":10,"stage":"later"}'
                say '{"progress":100}'
                say '{"resource":{"urn":"u1","type":"t","name":"n","operation":"create","status":"running"}}'
                say '{"resource":{"urn":"u2","type":"t","name":"m","operation":"create","status":"pending"}}'
                say '{"registration":{"name":"r","endpoint":"http://x","status":"registered"}}'
                say '{"log":{"level":"ERROR","message":"told"}}'
                say 'no json'
                say '{"result":{"url":"http://y","n":1.50}}'
                \(site.awaiting("two"))
                """
            )
            let worker = try await site.worker()
            try await site.push("installer", #"{"id":"job","installerId":"i"}"#)
            try await eventually("the first event") { try await site.field("job", "progress") == "55" }
            var job = try await site.job("job")
            #expect(
                job["stage"] == "installing-postgresql" && job["component"] == "postgresql" && job["message"] == "half"
            )
            site.touch("one")
            try await eventually("the result") { try await site.field("job", "result") != nil }
            job = try await site.job("job")
            #expect(job["progress"] == "99" && job["stage"] == "later" && job["status"] == "running")
            #expect(
                try await site.document("job", "resources").arrayValue?.map { $0["status"] } == ["running", "pending"]
            )
            site.touch("two")
            job = try await site.ended("job")
            #expect(job["status"] == "done" && job["progress"] == "100" && job["message"] == "half")
            #expect(try await site.document("job", "result") == ["url": "http://y", "n": .number("1.50")])
            #expect(try await site.document("job", "registrations").arrayValue?.first?["endpoint"] == "http://x")
            let open = try await site.document("job", "resources").arrayValue?.filter {
                ["pending", "running"].contains($0["status"]?.stringValue)
            }
            #expect(open?.isEmpty == true)
            let log = try await site.log("job")
            #expect(log.contains(" ERROR told") && log.contains("no json"))
            #expect(log.split(separator: "\n").allSatisfy { Timestamp(parsing: String($0.prefix(24))) != nil })
            try await worker.end(SIGTERM)
        }
    }

    /// A bad line is logged as text, nothing else.
    @Test func badLinesAreText() async throws {
        try await Site.with { site in
            let bad = [
                #"{"resource":{"urn":"u","status":"weird"}}"#, #"{"registration":{"name":"n","status":"odd"}}"#,
                #"{"progress":"x"}"#, #"{"progress":150}"#, #"{"progress":-3}"#, #"{"result":[]}"#, #"{"error":"s"}"#,
                #"{"message":5}"#, #"{"resource":5}"#, #"{"unknown":1}"#, "{}", #"{"progress":7,"stage":8}"#,
            ]
            let path = try site.write(bad.map { $0 + "\n" }.joined(), to: "events")
            try site.recipe("backup", "cat \(path) >&3")
            let worker = try await site.worker()
            let job = try await site.run("backup", "job")
            #expect(job["status"] == "done")
            for name in ["stage", "message", "result", "error", "resources", "registrations"] {
                #expect(job[name] == nil, "\(name)")
            }
            let log = try await site.log("job").split(separator: "\n").map { $0.dropFirst(25) }
            #expect(log == bad.map { "INFO \($0)" })
            try await worker.end(SIGTERM)
        }
    }

    @Test(arguments: ["exit 0", "exit 1", "kill -9 $$", "sleep 1000", "trap '' TERM; sleep 1000"])
    func cleanupRunsOnce(end: String) async throws {
        try await Site.with { site in
            let file = "\(site.directory.path)/cleaned"
            try site.recipe(
                "backup",
                """
                printf '{"cleanup":["sh","-c","echo x >> \(file)"]}\\n' >&3
                printf '{"cleanup":["/no/such/program"]}\\n' >&3
                printf '{"progress":1}\\n' >&3
                \(end)
                """
            )
            let worker = try await site.worker()
            try await site.push("backup", #"{"id":"job","backupId":"db","killGrace":1}"#)
            if end.hasSuffix("sleep 1000") {
                try await eventually("the event") { try await site.field("job", "progress") == "1" }
                #expect(try await site.order(#""command":"kill","id":"job""#)["ok"] == true)
            }
            let job = try await site.ended("job")
            #expect(job["status"] == (end == "exit 0" ? "done" : "error"))
            #expect(site.lines("cleaned") == ["x"])
            #expect(try await site.log("job").contains("/no/such/program"))
            try await worker.end(SIGTERM)
        }
    }

    @Test func mask() async throws {
        try await Site.with { site in
            try site.recipe(
                "backup",
                """
                printf '{"mask":"learnt-late-7731"}\\n' >&3
                printf '{"progress":1}\\n' >&3
                \(site.awaiting("gate"))
                printf 'learnt-'; sleep 0.2; echo late-7731
                printf '{"message":"a learnt-late-7731 b","result":{"learnt-late-7731":["learnt-late-7731"]}}\\n' >&3
                printf '{"message":"esc \\\\u006cearnt-late-7731"}\\n' >&3
                """
            )
            let worker = try await site.worker()
            try await site.push("backup", #"{"id":"job","backupId":"db"}"#)
            try await eventually("the event") { try await site.field("job", "progress") == "1" }
            site.touch("gate")
            let job = try await site.ended("job")
            #expect(job["message"] == nil || job["message"]?.contains("[REDACTED]") == true)
            #expect(job["result"]?.contains("[REDACTED]") == true)
            #expect(try await site.log("job").contains("INFO [REDACTED]"))
            #expect(try await !site.everything().contains("learnt-late-7731"))
            try await worker.end(SIGTERM)
        }
    }
}
