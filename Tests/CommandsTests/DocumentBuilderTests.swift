import ArgumentParser
import HoistwayModel
import Testing

@testable import Commands

@Suite struct DocumentBuilderTests {
    private func command(_ arguments: String...) throws -> EnqueueCommand {
        try EnqueueCommand.parse(["application", "shop"] + arguments)
    }

    private func builder(_ arguments: String...) throws -> DocumentBuilder {
        let command = try EnqueueCommand.parse(["application", "shop"] + arguments)
        return try DocumentBuilder(
            type: command.type,
            resource: command.resource,
            fields: command.fields,
            payload: command.input.payload.map { Array($0.utf8) },
            settings: command.input.set
        )
    }

    private func failure(_ body: () throws -> JobDocument) -> String? {
        do {
            _ = try body()
            return nil
        } catch {
            return "\(error)"
        }
    }

    @Test func everyFieldHasAnOption() throws {
        let help = EnqueueCommand.helpMessage(columns: 400)
        for field in JobDocument.fields where !["type", "resourceId", "payload"].contains(field) {
            let option = DocumentBuilder.option(for: field, type: .application)
            #expect(help.contains("\(option) <") || help.contains("\(option), --"), "\(option)")
        }
    }

    @Test func everyOptionReachesTheDocument() throws {
        let document = try builder(
            "--id",
            "a",
            "--title",
            "T",
            "--description",
            "D",
            "--server-id",
            "s",
            "--node",
            "n",
            "--priority",
            "0",
            "--delay",
            "1.5",
            "--max-attempts",
            "3",
            "--backoff",
            "fixed:30s",
            "--timeout",
            "5m",
            "--idle-timeout",
            "10",
            "--start-deadline",
            "1h",
            "--kill-grace",
            "2s",
            "--concurrency-key",
            "k",
            "--concurrency-limit",
            "2",
            "--on-conflict",
            "supersede",
            "--idempotency-key",
            "i",
            "--depends-on",
            "b,c",
            "--depends-on",
            "d",
            "--env",
            "A=1=2",
            "--secret",
            "S=env:X",
            "--notify",
            "https://example.org",
            "--organization-id",
            "o",
            "--member-id",
            "m",
            "--label",
            "team=core",
            "--reply-to",
            "r"
        ).document()
        #expect(document.id == "a")
        #expect(document.title == "T")
        #expect(document.details == "D")
        #expect(document.serverID == "s")
        #expect(document.node == "n")
        #expect(document.priority == 0)
        #expect(document.delay.milliseconds == 1500)
        #expect(document.maxAttempts == 3)
        #expect(document.backoff == Backoff(kind: .fixed, delay: .seconds(30), maximum: .seconds(300)))
        #expect(document.timeout == .seconds(300))
        #expect(document.idleTimeout == .seconds(10))
        #expect(document.startDeadline == .seconds(3600))
        #expect(document.killGrace == .seconds(2))
        #expect(document.concurrencyKey == "k")
        #expect(document.concurrencyLimit == 2)
        #expect(document.onConflict == .supersede)
        #expect(document.idempotencyKey == "i")
        #expect(document.dependsOn == ["b", "c", "d"])
        #expect(document.environment == ["A": "1=2"])
        #expect(document.secrets == ["S": "env:X"])
        #expect(document.notify == [["url": "https://example.org"]])
        #expect(document.organizationID == "o")
        #expect(document.memberID == "m")
        #expect(document.labels == ["team": "core"])
        #expect(document.replyTo == "r")
        #expect(
            try builder("--run-at", "2026-01-15T08:00:00Z").document().runAt?.description == "2026-01-15T08:00:00.000Z"
        )
    }

    @Test func aPayloadKeepsItsBytes() throws {
        let payload = #"{ "big": 12345678901234567890,  "a":1.0 }"#
        #expect(try builder("--payload", payload).document().payload == Array(payload.utf8))
    }

    @Test func settingsGoIntoThePayload() throws {
        let document = try builder(
            "--payload",
            #"{"a":{"x":1},"l":[1]}"#,
            "--set",
            "a.b=2",
            "--set",
            "a.c.d=true",
            "--set",
            "t=some text",
            "--set",
            "j={\"k\":[null]}",
            "--set",
            "l=1.10",
            "--set",
            "e="
        ).document()
        let expected = #"{"a":{"x":1,"b":2,"c":{"d":true}},"l":1.10,"t":"some text","j":{"k":[null]},"e":""}"#
        #expect(String(decoding: document.payload, as: UTF8.self) == expected)
    }

    @Test(arguments: [
        (["--priority", "11"], "--priority: must be an integer from 0 to 9"),
        (["--priority", "high"], "--priority: must be an integer"),
        (["--max-attempts", "0"], "--max-attempts: "),
        (["--delay", "soon"], "--delay: must be a duration"),
        (["--run-at", "tomorrow"], "--run-at: must be a time"),
        (["--env", "HOISTWAY_X=1"], "--env HOISTWAY_X: "),
        (["--env", "X"], "--env: \"X\" must be name=value"),
        (["--secret", "S=plain"], "--secret S: "),
        (["--notify", "ftp://x"], "--notify: "),
        (["--backoff", "never"], "--backoff type: "),
        (["--backoff", "{"], "--backoff: it is not valid JSON"),
        (["--payload", "[1]"], "--payload: must be an object"),
        (["--payload", "{} , \"x\":1"], "--payload: it is not valid JSON"),
        (["--payload", "{\"a\":1}", "--set", "a.b=1"], "--set: \"a.b\" leads through something that is no object"),
        (["--id", "a/b"], "--id: must match"),
    ])
    func refuses(arguments: [String], message: String) throws {
        let found = failure {
            let command = try EnqueueCommand.parse(["application", "shop"] + arguments)
            return try DocumentBuilder(
                type: command.type,
                resource: command.resource,
                fields: command.fields,
                payload: command.input.payload.map { Array($0.utf8) },
                settings: command.input.set
            ).document()
        }
        #expect(try #require(found).contains(message), "\(found ?? "")")
    }

    @Test func positionsAreNamedTheirWay() {
        #expect(DocumentBuilder.option(for: "applicationId", type: .application) == "RESOURCE")
        #expect(DocumentBuilder.option(for: "type", type: .application) == "TYPE")
    }
}
