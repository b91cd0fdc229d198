import Glibc
import HoistwayModel
import TestSupport
import Testing

/// What fails is tried again as often as was asked, and no more.
@Suite(.redis, .timeLimit(.minutes(3)))
struct RetryTests {
    static let quick = #""backoff":{"type":"fixed","delay":0.1}"#

    @Test func asOftenAsAsked() async throws {
        try await Site.with { site in
            try site.recipe("backup", "echo $HOISTWAY_ATTEMPT >> \(site.directory.path)/$HOISTWAY_JOB_ID; exit 1")
            try site.recipe(
                "compose",
                #"printf '{"error":{"code":"E","message":"first"}}\n' >&3; exit $((2 - HOISTWAY_ATTEMPT))"#
            )
            let worker = try await site.worker()
            let once = try await site.run("backup", "once")
            #expect(once["attempt"] == "1" && once["failures"] == "1")
            let thrice = try await site.run("backup", "thrice", #""maxAttempts":3,\#(Self.quick)"#)
            #expect(thrice["reason"] == "failed" && thrice["attempt"] == "3" && thrice["failures"] == "3")
            #expect(site.lines("thrice") == ["1", "2", "3"])
            let events = try await site.history("thrice")
            #expect(events.filter { $0 == "retrying" }.count == 2)
            #expect(thrice["logPath"] == "\(site.data)/jobs/thrice/3/log")
            for attempt in 1...3 {
                #expect(access("\(site.data)/jobs/thrice/\(attempt)/log", F_OK) == 0)
            }
            let second = try await site.run("compose", "second", #""maxAttempts":2,\#(Self.quick)"#)
            #expect(second["status"] == "done" && second["attempt"] == "2" && second["exitCode"] == "0")
            try await worker.end(SIGTERM)
        }
    }

    @Test func temporaryFailureAsks() async throws {
        try await Site.with { site in
            let file = "\(site.directory.path)/$HOISTWAY_JOB_ID"
            try site.recipe("backup", "echo x >> \(file); exit 75")
            try site.recipe("compose", "echo x >> \(file); [ $HOISTWAY_ATTEMPT = 2 ] || exit 75")
            let worker = try await site.worker()
            let job = try await site.run("backup", "asks", Self.quick)
            #expect(job["status"] == "error" && job["reason"] == "failed" && job["exitCode"] == "75")
            #expect(site.lines("asks").count == 4)
            let other = try await site.run("compose", "better", Self.quick)
            #expect(other["status"] == "done" && other["attempt"] == "2" && other["error"] == nil)
            try await worker.end(SIGTERM)
        }
    }

    @Test func errorEventDecides() async throws {
        try await Site.with { site in
            try site.recipe(
                "backup",
                """
                case $HOISTWAY_RESOURCE_ID in
                never) echo '{"error":{"code":"E_INPUT","message":"bad input","details":{"retryable":false}}}' >&3; exit 75 ;;
                later) [ $HOISTWAY_ATTEMPT = 2 ] && exit 0
                  echo '{"error":{"code":"E_BUSY","message":"busy","details":{"retryAfter":0.2}}}' >&3; exit 1 ;;
                esac
                """
            )
            let worker = try await site.worker()
            let never = try await site.run("backup", "never", #""maxAttempts":5"#)
            #expect(never["attempt"] == "1" && never["reason"] == "failed" && never["message"] == "bad input")
            #expect(try await site.document("never", "error")["code"] == "E_INPUT")
            let later = try await site.run(
                "backup",
                "later",
                #""maxAttempts":2,"backoff":{"type":"fixed","delay":3000}"#
            )
            #expect(later["status"] == "done" && later["attempt"] == "2")
            try await worker.end(SIGTERM)
        }
    }

    @Test func backoffGrowsAndIsShown() async throws {
        try await Site.with { site in
            try site.recipe("backup", "exit 1")
            let worker = try await site.worker()
            try await site.push(
                "backup",
                #"{"id":"slow","backupId":"db","maxAttempts":9,"backoff":{"type":"exponential","delay":100,"max":120}}"#
            )
            func wait() async throws -> Double {
                try await eventually("a retry ahead") { try await site.field("slow", "reason") == "retrying" }
                let last = try #require(try await site.transitions("slow").last)
                return try #require(last["data"]?["wait"]?.doubleValue)
            }
            let first = try await wait()
            #expect((80...120).contains(first))
            #expect(try await site.field("slow", "pid") == nil)
            #expect(try await site.field("slow", "runAt") != nil)
            #expect(try await site.order(#""command":"promoteJob","id":"slow""#)["ok"] == true)
            try await eventually("the second failure") { try await site.field("slow", "failures") == "2" }
            #expect((96...144).contains(try await wait()))
            #expect(try await site.order(#""command":"kill","id":"slow","why":"enough""#)["ok"] == true)
            #expect(try await site.ended("slow")["reason"] == "cancelled")
            try await worker.end(SIGTERM)
        }
    }

    @Test func retryingKeepsTheTurn() async throws {
        try await Site.with { site in
            try site.recipe("backup", "echo $HOISTWAY_JOB_ID >> \(site.directory.path)/order; [ $HOISTWAY_JOB_ID = b ]")
            let worker = try await site.worker()
            try await site.push(
                "backup",
                #"{"id":"a","backupId":"db","maxAttempts":2,"backoff":{"type":"fixed","delay":1}}"#
            )
            try await site.push("backup", #"{"id":"b","backupId":"db"}"#)
            try await site.wait(for: "b", "done")
            #expect(site.lines("order") == ["a", "a", "b"])
            try await worker.end(SIGTERM)
        }
    }

    @Test func ofAnEndedJobIsANewJob() async throws {
        try await Site.with { site in
            try site.recipe("backup", "cat; \(site.awaiting("gate")); exit 1")
            let worker = try await site.worker()
            try await site.push(
                "backup",
                #"{"id":"a","backupId":"db","payload":{"n":1.50},"labels":{"l":"v"},"title":"T"}"#
            )
            try await site.wait(for: "a", "running")
            #expect(try await site.order(#""command":"retry","id":"a""#)["ok"] == false)
            site.touch("gate")
            _ = try await site.ended("a")
            unlink("\(site.directory.path)/gate")
            let first = try await site.order(#""command":"retry","id":"a""#)
            let id = try #require(first["id"]?.stringValue)
            #expect(id != "a")
            let again = try await site.order(#""command":"retry","id":"a""#)
            #expect(again["id"]?.stringValue == id, "one that has not ended is answered")
            site.touch("gate")
            let retried = try await site.ended(id)
            #expect(retried["retryOf"] == "a" && retried["payload"] == #"{"n":1.50}"#)
            #expect(retried["labels"] == #"{"l":"v"}"# && retried["title"] == "T" && retried["attempt"] == "1")
            let once = try await site.order(#""command":"retry","id":"a","requestId":"r1""#)
            let same = try await site.order(#""command":"retry","id":"a","requestId":"r1""#)
            #expect(once == same && once["id"]?.stringValue != id)
            #expect(try await site.order(#""command":"retry","id":"nobody""#)["error"]?["code"] == "not_found")
            _ = try await site.ended(try #require(once["id"]?.stringValue))
            try await worker.end(SIGTERM)
        }
    }
}
