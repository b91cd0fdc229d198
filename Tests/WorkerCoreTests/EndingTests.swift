import HoistwayModel
import HoistwayStore
import Testing

@testable import Supervision
@testable import WorkerCore

/// What the store is told of an attempt's end.
struct EndingTests {
    private let context = AttemptContext(["type": "backup", "failures": 0, "backoff": ["type": "fixed", "delay": 10]])

    private func outcome(_ exit: String, _ events: String...) throws -> HoistwayStore.Outcome {
        var fold = EventFold()
        for event in events { fold.add(try JSON(parsing: event)) }
        let record = try #require(ExitRecord(try JSON(parsing: exit)))
        return Ending.outcome(of: record, &fold, context)
    }

    private func field(_ name: String, _ outcome: HoistwayStore.Outcome) -> String? {
        outcome.fields.last { $0.0 == name }?.1
    }

    @Test(arguments: [
        (#"{"outcome":"exited","exitCode":0}"#, HoistwayStore.Outcome.Kind.done),
        (#"{"outcome":"exited","exitCode":1}"#, .failed), (#"{"outcome":"exited","signal":"SEGV"}"#, .failed),
        (#"{"outcome":"killed"}"#, .killed), (#"{"outcome":"timeout"}"#, .timeout), (#"{"outcome":"idle"}"#, .idle),
        (#"{"outcome":"fenced"}"#, .lost), (#"{"outcome":"terminated"}"#, .lost), (#"{"outcome":"log"}"#, .failed),
        (#"{"outcome":"spawn"}"#, .spawn),
    ])
    func kinds(exit: String, kind: HoistwayStore.Outcome.Kind) throws {
        let outcome = try outcome(exit)
        #expect(outcome.kind == kind)
        #expect((field("error", outcome) == nil) == (kind == .done))
    }

    @Test(arguments: [
        (75, "{}", true, true), (1, "{}", true, false), (0, "{}", true, false),
        (75, #"{"error":{"retryable":false}}"#, false, false),
        (75, #"{"error":{"details":{"retryable":false}}}"#, false, false),
        (1, #"{"error":{"details":{"retryable":true}}}"#, true, false),
    ])
    func whetherToTryAgain(code: Int, event: String, isRepeatable: Bool, isTemporary: Bool) throws {
        let outcome = try outcome(#"{"outcome":"exited","exitCode":\#(code)}"#, event)
        // A job that is done is not tried again whatever it says.
        #expect(outcome.isRepeatable == isRepeatable && outcome.isTemporary == isTemporary)
    }

    @Test(arguments: [
        (#"{"error":{"retryAfter":3}}"#, 3.0), (#"{"error":{"details":{"retryAfter":"2m"}}}"#, 120),
        (#"{"error":{"retryAfter":-3}}"#, 10), (#"{"error":{"retryAfter":1e300}}"#, 10),
        (#"{"error":{"retryAfter":null}}"#, 10),
    ])
    func wait(event: String, seconds: Double) throws {
        let wait = try outcome(#"{"outcome":"exited","exitCode":1}"#, event).wait.seconds
        #expect(wait >= seconds * 0.8 && wait <= seconds * 1.2)
    }

    @Test func whatTheRecipeSaidStands() throws {
        let outcome = try outcome(
            #"{"outcome":"exited","exitCode":1,"logBytes":12}"#,
            #"{"error":{"code":"E1","message":"no space"}}"#
        )
        #expect(field("message", outcome) == "no space")
        #expect(field("error", outcome) == #"{"code":"E1","message":"no space"}"#)
        #expect(field("logBytes", outcome) == "12" && field("exitCode", outcome) == "1")
    }

    @Test func whatTheMonitorDidComesBeforeWhatTheRecipeSaid() throws {
        let outcome = try outcome(#"{"outcome":"timeout"}"#, #"{"error":{"message":"no space"}}"#)
        #expect(field("message", outcome)?.contains("timeout") == true)
    }

    @Test func killNamesWhoAndWhy() throws {
        let outcome = try outcome(#"{"outcome":"killed","kill":{"by":"ann","why":"wrong one"}}"#)
        #expect(field("message", outcome) == "killed by ann: wrong one")
        #expect(field("kill", outcome) == #"{"by":"ann","why":"wrong one"}"#)
    }

    @Test func logThatCannotBeWritten() throws {
        let error = try #require(field("error", try outcome(#"{"outcome":"log","message":"disk full"}"#)))
        #expect(try JSON(parsing: error)["code"] == "log_write")
    }

    @Test(arguments: [("fork: Resource temporarily unavailable", true), ("run: Permission denied", false)])
    func spawnIsTriedAgainOnlyForWantOfSomething(message: String, isRepeatable: Bool) throws {
        #expect(try outcome(#"{"outcome":"spawn","message":"\#(message)"}"#).isRepeatable == isRepeatable)
    }

    @Test func lost() throws {
        var fold = EventFold()
        fold.add(try JSON(parsing: #"{"resource":{"urn":"a","status":"running"}}"#))
        let record = LostRecord(reason: .monitorDied, killed: 2, cleanupFailures: ["docker"], rebooted: false)
        let outcome = Ending.outcome(of: record, &fold, context)
        #expect(outcome.kind == .lost)
        #expect(
            field("message", outcome) == "its monitor was killed; 2 processes of it were ended; cleanup failed: docker"
        )
        #expect(field("resources", outcome) == #"[{"urn":"a","status":"failed"}]"#)
    }
}
