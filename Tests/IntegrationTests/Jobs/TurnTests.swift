import Glibc
import HoistwayModel
import TestSupport
import Testing

/// Jobs of one concurrency key take turns; others do not wait for them.
@Suite(.redis, .timeLimit(.minutes(3)))
struct TurnTests {
    /// Writes when a job begins and ends, in order.
    private func ledger(_ site: Site) -> String {
        let file = "\(site.directory.path)/ledger"
        return "echo +$HOISTWAY_JOB_ID >> \(file); sleep 0.2; echo -$HOISTWAY_JOB_ID >> \(file)"
    }

    @Test func oneAtATimeInOrderOfAcceptance() async throws {
        try await Site.with { site in
            try site.recipe("backup", ledger(site))
            let first = try await site.worker()
            let second = try await site.worker(data: "\(site.directory.path)/second")
            try await site.push(
                "backup",
                all: (0..<6).map { #"{"id":"j\#($0)","backupId":"db","priority":\#(9 - $0)}"# }
            )
            try await site.wait(for: "j5", "done")
            #expect(site.lines("ledger") == (0..<6).flatMap { ["+j\($0)", "-j\($0)"] })
            try await first.end(SIGTERM)
            try await second.end(SIGTERM)
        }
    }

    @Test func limitLetsSoManyRun() async throws {
        try await Site.with { site in
            try site.recipe("backup", site.awaiting("gate"))
            let worker = try await site.worker(["--slots", "8"])
            let key = #""concurrencyKey":"pool","concurrencyLimit":3"#
            try await site.push("backup", all: (0..<5).map { #"{"id":"j\#($0)","backupId":"r\#($0)",\#(key)}"# })
            for index in 0..<3 { try await site.wait(for: "j\(index)", "running") }
            try await eventually("the rest to be blocked") { try await site.field("j4", "reason") == "blocked" }
            #expect(try await site.field("j3", "reason") == "blocked")
            site.touch("gate")
            for index in 0..<5 { try await site.wait(for: "j\(index)", "done") }
            try await worker.end(SIGTERM)
        }
    }

    @Test func aThousandOfOneKeyDoNotHoldUpAnother() async throws {
        try await Site.with { site in
            try site.recipe("backup", "[ $HOISTWAY_RESOURCE_ID = quick ] || \(site.awaiting("gate"))")
            let worker = try await site.worker(["--slots", "2"])
            try await site.push("backup", all: (0..<1000).map { #"{"id":"j\#($0)","backupId":"db"}"# })
            try await site.push("backup", #"{"id":"quick","backupId":"quick"}"#)
            try await site.wait(for: "quick", "done")
            #expect(try await site.field("j0", "status") == "running")
            #expect(try await site.queue("backup").isEmpty)
            #expect(try await site.order(#""command":"drain","type":"backup""#)["count"] == 999)
            site.touch("gate")
            try await site.wait(for: "j0", "done")
            #expect(try await site.field("j999", "reason") == "cancelled")
            try await worker.end(SIGTERM)
        }
    }

    @Test func priorityOrdersKeys() async throws {
        try await Site.with { site in
            try site.recipe(
                "backup",
                "echo $HOISTWAY_JOB_ID >> \(site.directory.path)/order; [ $HOISTWAY_JOB_ID != first ] || \(site.awaiting("gate"))"
            )
            let worker = try await site.worker(["--slots", "1"])
            try await site.push("backup", #"{"id":"first","backupId":"first"}"#)
            try await site.wait(for: "first", "running")
            for priority in [9, 5, 0] {
                try await site.push(
                    "backup",
                    #"{"id":"p\#(priority)","backupId":"r\#(priority)","priority":\#(priority)}"#
                )
            }
            try await eventually("the last to be queued") { try await site.field("p0", "reason") == "queued" }
            #expect(try await site.list("queue:backup:p0") == ["p0"])
            #expect(try await site.list("queue:backup:p9") == ["p9"])
            #expect(try await site.queue("backup") == ["p5"])
            site.touch("gate")
            try await site.wait(for: "p9", "done")
            #expect(site.lines("order") == ["first", "p0", "p5", "p9"])
            try await worker.end(SIGTERM)
        }
    }

    @Test func conflicts() async throws {
        try await Site.with { site in
            try site.recipe("backup", "[ $HOISTWAY_JOB_ID = last ] || \(site.awaiting("gate"))")
            let worker = try await site.worker()
            try await site.push("backup", #"{"id":"runs","backupId":"db"}"#)
            try await site.wait(for: "runs", "running")
            try await site.push("backup", #"{"id":"waits","backupId":"db"}"#)
            try await site.push("backup", #"{"id":"newer","backupId":"db","onConflict":"supersede"}"#)
            let superseded = try await site.ended("waits")
            #expect(superseded["reason"] == "superseded" && superseded["supersededBy"] == "newer")
            #expect(try await site.field("runs", "status") == "running")

            try await site.push(
                "backup",
                #"{"id":"refused","backupId":"db","onConflict":"reject","replyTo":"\#(site.answers)"}"#
            )
            #expect(try await site.answer(in: site.answers)["ok"] == false)
            #expect(try await site.ended("refused")["reason"] == "rejected")

            try await site.push("backup", #"{"id":"last","backupId":"db","onConflict":"supersedeRunning"}"#)
            let killed = try await site.ended("runs")
            #expect(killed["status"] == "error" && killed["reason"] == "superseded" && killed["supersededBy"] == "last")
            #expect(try await site.field("newer", "reason") == "superseded")
            try await site.wait(for: "last", "done")
            #expect(site.processes(of: "runs").isEmpty)
            try await worker.end(SIGTERM)
        }
    }

    @Test func dependencies() async throws {
        try await Site.with { site in
            try site.recipe("backup", "\(site.awaiting("gate")); [ $HOISTWAY_RESOURCE_ID != bad ]")
            let worker = try await site.worker()
            try await site.push("backup", #"{"id":"good","backupId":"good"}"#)
            try await site.push("backup", #"{"id":"bad","backupId":"bad"}"#)
            try await site.push("backup", #"{"id":"after","backupId":"a","dependsOn":["good"]}"#)
            try await site.push("backup", #"{"id":"never","backupId":"b","dependsOn":["good","bad"]}"#)
            try await site.push("backup", #"{"id":"chain","backupId":"c","dependsOn":["never"]}"#)
            try await eventually("the chain to be blocked") { try await site.field("chain", "reason") == "blocked" }
            #expect(try await site.field("after", "reason") == "blocked")
            site.touch("gate")
            try await site.wait(for: "after", "done")
            #expect(try await site.ended("never")["reason"] == "skipped")
            #expect(try await site.ended("chain")["reason"] == "skipped")
            try await worker.end(SIGTERM)
        }
    }

    @Test func idempotencyKeyAnswersTheFirst() async throws {
        try await Site.with { site in
            try site.recipe("backup", "echo run >> \(site.directory.path)/runs")
            let worker = try await site.worker()
            let document = #"{"backupId":"db","idempotencyKey":"k","replyTo":"\#(site.answers)"}"#
            try await site.push("backup", document)
            let first = try await site.answer(in: site.answers)
            let id = try #require(first["id"]?.stringValue)
            _ = try await site.ended(id)
            try await site.push("backup", document)
            #expect(try await site.answer(in: site.answers)["id"]?.stringValue == id)
            #expect(try await site.order(#""command":"remove","id":"\#(id)""#)["ok"] == true)
            try await site.push("backup", document)
            let other = try #require(try await site.answer(in: site.answers)["id"]?.stringValue)
            #expect(other != id)
            _ = try await site.ended(other)
            #expect(site.lines("runs").count == 2)
            try await worker.end(SIGTERM)
        }
    }
}
