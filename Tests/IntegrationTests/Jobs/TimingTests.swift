import Glibc
import HoistwayModel
import TestSupport
import Testing

/// Not before, not longer than, not later than.
@Suite(.redis, .timeLimit(.minutes(3)))
struct TimingTests {
    @Test func delayRunAtAndPromotion() async throws {
        try await Site.with { site in
            try site.recipe("backup", "true")
            let worker = try await site.worker()
            try await site.push("backup", #"{"id":"soon","backupId":"a","delay":1.5}"#)
            try await site.push("backup", #"{"id":"far","backupId":"b","delay":"1h"}"#)
            let at = Timestamp(milliseconds: Timestamp.now().milliseconds + 1500)
            try await site.push("backup", #"{"id":"at","backupId":"c","runAt":"\#(at)"}"#)
            try await site.push("backup", #"{"id":"past","backupId":"d","runAt":"2020-01-01T00:00:00Z"}"#)
            try await site.wait(for: "past", "done")
            #expect(try await site.field("far", "reason") == "delayed")
            #expect(try await site.field("far", "runAt") != nil)
            for id in ["soon", "at"] {
                let job = try await site.ended(id)
                let created = try #require(Timestamp(parsing: job["createdAt"] ?? ""))
                let started = try #require(Timestamp(parsing: job["startedAt"] ?? ""))
                #expect(job["status"] == "done")
                if id == "soon" { #expect(started.milliseconds - created.milliseconds >= 1500) }
                if id == "at" { #expect(started >= at) }
            }
            #expect(try await site.order(#""command":"promoteJob","id":"far""#) == ["ok": true, "id": "far"])
            try await site.wait(for: "far", "done")
            #expect(try await site.order(#""command":"promoteJob","id":"far""#)["ok"] == false)
            try await worker.end(SIGTERM)
        }
    }

    @Test func timeoutEndsTheWholeTree() async throws {
        try await Site.with { site in
            try site.recipe(
                "backup",
                "setsid sh -c 'trap \"\" TERM; sleep 1000' & trap '' TERM; while :; do sleep 1; done"
            )
            let worker = try await site.worker()
            let job = try await site.run("backup", "long", #""timeout":"500ms","killGrace":0.5"#)
            #expect(job["status"] == "error" && job["reason"] == "timeout" && job["signal"] == "KILL")
            #expect(site.processes(of: "long").isEmpty)
            #expect(try await site.document("long", "error")["code"] == "timeout")
            #expect(try await site.document("long", "kill")["emptyAt"]?.stringValue != nil)
            let retried = try await site.run(
                "backup",
                "twice",
                #""timeout":0.5,"killGrace":0.2,"maxAttempts":2,\#(RetryTests.quick)"#
            )
            #expect(retried["reason"] == "timeout" && retried["attempt"] == "2")
            try await worker.end(SIGTERM)
        }
    }

    @Test func silenceEndsAndOutputDoesNot() async throws {
        try await Site.with { site in
            try site.recipe(
                "backup",
                "for i in 1 2 3 4 5 6; do echo $i; sleep 0.4; done; [ $HOISTWAY_RESOURCE_ID = loud ] || sleep 1000"
            )
            let worker = try await site.worker()
            async let loud = site.run("backup", "loud", #""idleTimeout":1.5"#)
            async let silent = site.run("backup", "silent", #""idleTimeout":1.5"#)
            #expect(try await loud["status"] == "done")
            let idle = try await silent
            #expect(idle["status"] == "error" && idle["reason"] == "idle")
            try await worker.end(SIGTERM)
        }
    }

    @Test func startDeadline() async throws {
        try await Site.with { site in
            try site.recipe("backup", site.awaiting("gate"))
            let worker = try await site.worker(["--slots", "1"])
            try await site.push("backup", #"{"id":"runs","backupId":"a","startDeadline":1}"#)
            try await site.wait(for: "runs", "running")
            try await site.push("backup", #"{"id":"queued","backupId":"b","startDeadline":1}"#)
            try await site.push("backup", #"{"id":"blocked","backupId":"a","startDeadline":1}"#)
            for id in ["queued", "blocked"] {
                let job = try await site.ended(id)
                #expect(job["status"] == "error" && job["reason"] == "expired")
            }
            #expect(try await site.field("runs", "status") == "running")
            site.touch("gate")
            try await site.wait(for: "runs", "done")
            try await worker.end(SIGTERM)
        }
    }
}
