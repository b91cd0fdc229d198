import Glibc
import HoistwayModel
import RESP
import TestSupport
import Testing

/// Documents that any client of Redis pushes become jobs.
@Suite(.redis, .timeLimit(.minutes(3)))
struct AdmissionTests {
    @Test func jobFromBirthToEnd() async throws {
        try await Site.with { site in
            try site.recipe("backup", "echo out; echo err >&2; \(site.awaiting("gate")); exit 0")
            let worker = try await site.worker()
            try await site.push(
                "backup",
                #"{"id":"one","backupId":"db","title":"Nightly","labels":{"team":"a"},"replyTo":"\#(site.answers)","memberId":"m"}"#
            )
            let answer = try await site.answer(in: site.answers)
            #expect(answer == ["ok": true, "id": "one"])
            let ttl = try await site.send(["TTL", .string(site.answers)]).int
            #expect(ttl == -2 || (1...60).contains(ttl ?? -1))

            try await site.wait(for: "one", "running")
            let running = try await site.job("one")
            let pid = try #require(running["pid"].flatMap { pid_t($0) })
            #expect(isAlive(pid))
            #expect(site.processes(of: "one").contains(pid))
            #expect(running["type"] == "backup" && running["resourceId"] == "db" && running["title"] == "Nightly")
            #expect(running["concurrencyKey"] == "backup:db" && running["priority"] == "5")
            #expect(running["labels"] == #"{"team":"a"}"# && running["memberId"] == "m")
            #expect(running["attempt"] == "1" && running["reason"] == nil && running["completedAt"] == nil)
            #expect(running["logPath"] == "\(site.data)/jobs/one/1/log")
            #expect(running["pidStartTime"].flatMap { Int($0) } != nil)
            #expect(running["workerId"] == Site.text("\(site.data)/worker-id"))
            for name in ["description", "node", "serverId", "exitCode", "result", "error", "kill", "retryOf"] {
                #expect(running[name] == nil, "\(name) is not known yet")
            }
            site.touch("gate")
            let done = try await site.ended("one")
            #expect(done["status"] == "done" && done["reason"] == nil && done["exitCode"] == "0")
            #expect(done["progress"] == "100" && done["pid"] == nil && done["pidStartTime"] == nil)
            #expect(done["error"] == nil && done["signal"] == nil)
            let log = try await site.log("one")
            #expect(done["logBytes"] == String(log.utf8.count + 1))
            for name in ["createdAt", "queuedAt", "startedAt", "completedAt", "updatedAt"] {
                let text = try #require(done[name])
                #expect(Timestamp(parsing: text)?.description == text, "\(name) is \(text)")
            }
            let revision = try #require(done["revision"].flatMap { Int($0) })
            #expect(revision > (running["revision"].flatMap { Int($0) } ?? 0))
            try await worker.end(SIGTERM)
        }
    }

    @Test func historyAndEvents() async throws {
        try await Site.with { site in
            try site.recipe("backup", "exit 3")
            let worker = try await site.worker()
            let job = try await site.run("backup", "one")
            #expect(job["status"] == "error" && job["reason"] == "failed" && job["exitCode"] == "3")
            let history = try await site.transitions("one")
            #expect(history.map { $0["event"] } == ["accepted", "claimed", "started", "failed"])
            for entry in history {
                #expect(
                    entry.objectValue?.keys
                        == ["at", "event", "status", "reason", "workerId", "attempt", "fence", "data"]
                )
            }
            #expect(history.last?["fence"]?.intValue.map(String.init) == job["fence"])
            let stream = try await site.send(["XRANGE", "\(site.prefix):events", "-", "+"]).array ?? []
            let events = stream.compactMap { $0.array?.last?.array?.compactMap(\.string) }
            let own = events.filter { $0.contains("one") }.compactMap { fields in
                fields.firstIndex(of: "event").map { fields[$0 + 1] }
            }
            #expect(own == ["accepted", "claimed", "started", "failed"])
            try await worker.end(SIGTERM)
        }
    }

    @Test func admittedWhileEverySlotIsBusy() async throws {
        try await Site.with { site in
            try site.recipe("backup", site.awaiting("gate"))
            let worker = try await site.worker(["--slots", "1"])
            try await site.push("backup", #"{"id":"busy","backupId":"a"}"#)
            try await site.wait(for: "busy", "running")
            try await site.push("backup", #"{"id":"free","backupId":"b"}"#)
            try await site.push("backup", #"{"id":"same","backupId":"a"}"#)
            try await eventually("both to be jobs") {
                let reasons = [try await site.field("free", "reason"), try await site.field("same", "reason")]
                return reasons == ["queued", "blocked"]
            }
            #expect(try await site.queue("backup") == ["free"])
            #expect(try await site.send(["EXISTS", "\(site.prefix):inbox:backup"]).int == 0)
            site.touch("gate")
            for id in ["busy", "free", "same"] { try await site.wait(for: id, "done") }
            try await worker.end(SIGTERM)
        }
    }

    @Test func fiveHundredAtOnceInOrder() async throws {
        try await Site.with { site in
            try site.recipe("backup", "echo $HOISTWAY_JOB_ID >> \(site.directory.path)/order")
            let worker = try await site.worker(["--slots", "1"])
            let documents = (0..<500).map { #"{"id":"job\#($0)","backupId":"r\#($0)"}"# }
            try await site.push("backup", all: documents)
            try await site.wait(for: "job499", "done", timeout: .seconds(90))
            #expect(site.lines("order") == (0..<500).map { "job\($0)" })
            try await worker.end(SIGTERM)
        }
    }

    @Test func typesTakeTurns() async throws {
        try await Site.with { site in
            for type in ["backup", "compose"] {
                try site.recipe(type, "echo $HOISTWAY_JOB_TYPE >> \(site.directory.path)/order")
            }
            let documents = (0..<10).map { #"{"id":"b\#($0)","resourceId":"b\#($0)"}"# }
            try await site.push("backup", all: documents)
            let api = try await site.worker(["--types", "server"], data: "\(site.directory.path)/other")
            try await site.push("compose", #"{"id":"c0","resourceId":"c0"}"#)
            try await site.push("compose", #"{"id":"c1","resourceId":"c1"}"#)
            try await eventually("all to be queued") { try await site.field("c1", "reason") == "queued" }
            try await eventually("all to be queued") { try await site.field("b9", "reason") == "queued" }
            let worker = try await site.worker(["--slots", "1"])
            try await site.wait(for: "b9", "done")
            let order = site.lines("order")
            #expect(order.prefix(4).filter { $0 == "compose" }.count == 2, "\(order)")
            try await worker.end(SIGTERM)
            try await api.end(SIGTERM)
        }
    }

    @Test func anotherProcessListensWhenOneDies() async throws {
        try await Site.with { site in
            try site.recipe("backup", "true")
            let first = try await site.worker()
            let second = try await site.worker(data: "\(site.directory.path)/second")
            let third = try await site.worker(data: "\(site.directory.path)/third")
            for (round, victim) in [first, second].enumerated() {
                try await victim.end(SIGKILL)
                try await site.push("backup", #"{"id":"job\#(round)","backupId":"db\#(round)"}"#)
                try await eventually("job\(round) to exist", timeout: .seconds(3)) {
                    try await site.field("job\(round)", "id") != nil
                }
                _ = try await site.ended("job\(round)")
            }
            try await third.end(SIGTERM)
        }
    }
}
