import Glibc
import HoistwayModel
import RESP
import TestSupport
import Testing

/// What cannot be understood is kept, told, and stops nothing that comes after it.
@Suite(.redis, .timeLimit(.minutes(3)))
struct RejectionTests {
    static let invalid: [(document: String, field: String?)] = [
        ("no json at all", nil),
        ("[1,2]", nil),
        (#"{"backupId":"db""#, nil),
        (#"{"backupId":"db"} trailing"#, nil),
        (#"{}"#, "backupId"),
        (#"{"backupId":""}"#, "backupId"),
        (#"{"backupId":"db","resourceId":"other"}"#, "resourceId"),
        (#"{"backupId":"db","priorty":1}"#, "priorty"),
        (#"{"backupId":"db","priority":10}"#, "priority"),
        (#"{"backupId":"db","priority":"5"}"#, "priority"),
        (#"{"backupId":"db","payload":[]}"#, "payload"),
        (#"{"backupId":"db","id":"-x"}"#, "id"),
        (#"{"backupId":"db","id":"a b"}"#, "id"),
        (#"{"backupId":"db","maxAttempts":0}"#, "maxAttempts"),
        (#"{"backupId":"db","timeout":"5 parsecs"}"#, "timeout"),
        (#"{"backupId":"db","delay":-1}"#, "delay"),
        (#"{"backupId":"db","runAt":"tomorrow"}"#, "runAt"),
        (#"{"backupId":"db","onConflict":"panic"}"#, "onConflict"),
        (#"{"backupId":"db","dependsOn":["nobody"]}"#, "dependsOn"),
        (#"{"backupId":"db","env":{"HOISTWAY_JOB_ID":"x"}}"#, "env.HOISTWAY_JOB_ID"),
        (#"{"backupId":"db","secrets":{"A":"plain"}}"#, "secrets.A"),
        (#"{"backupId":"db","node":"no/slashes"}"#, "node"),
        (#"{"backupId":"db","labels":{"a":1}}"#, "labels.a"),
        (#"{"backupId":"db","type":"compose"}"#, "type"),
        (#"{"backupId":"line\nbreak"}"#, "backupId"),
    ]

    @Test func everyKindOfNonsense() async throws {
        try await Site.with { site in
            try site.recipe("backup", "true")
            let worker = try await site.worker()
            for entry in Self.invalid { try await site.push("backup", entry.document) }
            try await site.push("backup", "")
            try await site.push("backup", #"{"id":"good","backupId":"db"}"#)
            #expect(try await site.ended("good")["status"] == "done")
            let rejected = try await site.list("rejected").reversed().map { try JSON(parsing: $0) }
            #expect(rejected.count == Self.invalid.count + 1)
            for (entry, found) in zip(Self.invalid, rejected) {
                #expect(found.objectValue?.keys == ["raw", "error", "at", "queue"])
                #expect(found["raw"]?.stringValue == entry.document)
                #expect(found["queue"] == "inbox:backup")
                let error = found["error"]
                #expect(error?["code"]?.stringValue?.isEmpty == false && error?["message"]?.stringValue != nil)
                if let field = entry.field {
                    #expect(error?["fieldErrors"]?.objectValue?.keys == [field], "\(entry.document)")
                }
            }
            try await worker.end(SIGTERM)
        }
    }

    @Test func usableIdBecomesJobInError() async throws {
        try await Site.with { site in
            let worker = try await site.worker()
            try await site.push("backup", #"{"id":"bad","backupId":"db","surprise":1,"replyTo":"\#(site.answers)"}"#)
            let answer = try await site.answer(in: site.answers)
            #expect(answer["ok"] == false && answer["error"]?["fieldErrors"]?["surprise"] != nil)
            let job = try await site.job("bad")
            #expect(job["status"] == "error" && job["reason"] == "rejected" && job["completedAt"] != nil)
            try await worker.end(SIGTERM)
        }
    }

    @Test func idInUseChangesNothing() async throws {
        try await Site.with { site in
            try site.recipe("backup", "true")
            let worker = try await site.worker()
            _ = try await site.run("backup", "one")
            let before = try await site.job("one")
            try await site.push("backup", #"{"id":"one","backupId":"other","replyTo":"\#(site.answers)"}"#)
            let answer = try await site.answer(in: site.answers)
            #expect(answer["error"]?["fieldErrors"]?["id"] != nil)
            try await site.push("backup", #"{"id":"one","surprise":true,"replyTo":"\#(site.answers)"}"#)
            #expect(try await site.answer(in: site.answers)["ok"] == false)
            #expect(try await site.job("one") == before)
            try await worker.end(SIGTERM)
        }
    }

    @Test func unknownTypeOversizeAndWrongKind() async throws {
        try await Site.with { site in
            try site.recipe("backup", "true")
            let worker = try await site.worker()
            try await site.push("teleport", #"{"id":"x","resourceId":"r","replyTo":"\#(site.answers)"}"#)
            #expect(try await site.answer(in: site.answers)["error"]?["fieldErrors"]?["type"] != nil)

            let large = String(repeating: "x", count: 256 * 1024)
            try await site.push("backup", #"{"id":"large","backupId":"db","payload":{"a":"\#(large)"}}"#)
            let job = try await site.ended("large")
            #expect(job["reason"] == "rejected")
            let entry = try JSON(parsing: try #require(try await site.list("rejected").first))
            #expect(entry["raw"]?.stringValue?.utf8.count == 64 * 1024)

            let fitting = String(repeating: "x", count: 256 * 1024 - 8)
            #expect(try await site.run("backup", "fits", #""payload":{"a":"\#(fitting)"}"#)["status"] == "done")
            try await worker.end(SIGTERM)
        }
    }

    @Test func atMostAThousandAreKept() async throws {
        try await Site.with { site in
            let worker = try await site.worker()
            let nonsense = (0..<1100).map { "nonsense \($0)" }
            try await site.push("backup", all: nonsense)
            try await eventually("the inbox to be empty", timeout: .seconds(60)) {
                try await site.send(["EXISTS", "\(site.prefix):inbox:backup"]).int == 0
            }
            let kept = try await site.list("rejected")
            #expect(kept.count == 1000)
            #expect(try JSON(parsing: try #require(kept.first))["raw"] == "nonsense 1099")
            try await worker.end(SIGTERM)
        }
    }
}
