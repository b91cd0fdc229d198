import Glibc
import HoistwayModel
import TestSupport
import Testing

/// Every field of a job document has its option.
@Suite(.redis, .timeLimit(.minutes(3)))
struct EnqueueFieldTests {
    @Test func allOfThem() async throws {
        try await Site.with { site in
            let first = try await site.hoistway("enqueue", "backup", "first", "--id", "first")
            #expect(first.status == 0 && first.output == "first\n", "\(first)")
            let words = [
                "enqueue", "backup", "db", "--id", "full", "--title", "T", "--description", "D", "--payload",
                #"{"a":1.50}"#,
                "--server-id", "s-1", "--node", "n-1", "--priority", "2", "--run-at", "2100-01-01T00:00:00Z",
                "--max-attempts", "4", "--backoff", "fixed:30s", "--timeout", "5m", "--idle-timeout", "30s",
                "--start-deadline", "1h", "--kill-grace", "3", "--concurrency-key", "k", "--concurrency-limit", "2",
                "--on-conflict", "queue", "--idempotency-key", "i", "--depends-on", "first", "--env", "A=b=c",
                "--secret", "S=env:X", "--organization-id", "o", "--member-id", "m", "--label", "l=v", "--reply-to",
                "answers",
            ]
            let result = try await Program.run(words + ["--redis", site.url, "--prefix", site.prefix])
            #expect(result.status == 0 && result.output == "full\n", "\(result)")
            let job = try await site.job("full")
            let expected = [
                "type": "backup", "resourceId": "db", "title": "T", "description": "D", "payload": #"{"a":1.50}"#,
                "serverId": "s-1", "node": "n-1", "priority": "2", "runAt": "2100-01-01T00:00:00.000Z",
                "maxAttempts": "4",
                "concurrencyKey": "k", "idempotencyKey": "i", "dependsOn": #"["first"]"#, "organizationId": "o",
                "memberId": "m", "labels": #"{"l":"v"}"#, "status": "pending", "reason": "blocked",
            ]
            for (name, value) in expected { #expect(job[name] == value, "\(name)") }
            #expect(try await site.answer(in: "answers") == ["ok": true, "id": "full"])
            let again = try await Program.run(
                ["enqueue", "backup", "db", "--idempotency-key", "i", "--redis", site.url, "--prefix", site.prefix])
            #expect(again.output == "full\n")
            let taken = try await Program.run(
                ["enqueue", "backup", "db", "--id", "full", "--redis", site.url, "--prefix", site.prefix])
            #expect(taken.status != 0 && taken.errors.contains("full"))
            #expect(try await site.queue("backup") == ["first"])
        }
    }

    @Test func payloadFromFileAndInput() async throws {
        try await Site.with { site in
            let path = try site.write(#"{"from":"file"}"#, to: "payload.json")
            let result = try await site.hoistway("enqueue", "backup", "db", "--id", "job", "--payload", "@\(path)")
            #expect(result.status == 0, "\(result)")
            #expect(try await site.field("job", "payload") == #"{"from":"file"}"#)
        }
    }
}
