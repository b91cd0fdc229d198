import HoistwayModel
import Testing

@Suite struct JobDocumentTests {
    private func parse(_ text: String, _ type: JobType? = .application) throws -> JobDocument {
        try JobDocument(parsing: Array(text.utf8), type: type)
    }

    private func problems(_ text: String, _ type: JobType? = .application) -> [String: String] {
        do throws(Refusal) {
            _ = try JobDocument(parsing: Array(text.utf8), type: type)
            return [:]
        } catch {
            return Dictionary(error.fieldErrors.entries.map { ($0.field, $0.message) }) { first, _ in first }
        }
    }

    @Test func defaults() throws {
        let document = try parse(#"{"applicationId":"app"}"#)
        #expect(document == JobDocument(type: .application, resourceID: "app"))
        #expect(document.id == nil)
        #expect(document.payload == Array("{}".utf8))
        #expect(document.priority == 5)
        #expect(document.maxAttempts == 1)
        #expect(document.timeout == .seconds(3600))
        #expect(document.concurrencyKey == "application:app")
        #expect(document.concurrencyLimit == 1)
        #expect(document.onConflict == .queue)
        #expect(document.backoff == Backoff(kind: .exponential, delay: .seconds(5), maximum: .seconds(300)))
        #expect(document.killGrace == nil)
        #expect(document.options.isEmpty)
    }

    @Test func everyField() throws {
        let payload = #"{ "n" : 9007199254740993, "a":[ ] }"#
        let document = try parse(
            #"""
            {"id":"j1","type":"application","resourceId":"app","title":"t\nu","description":"d","payload":\#(payload),
             "serverId":"s","node":"n","priority":0,"delay":"5m","maxAttempts":3,"backoff":{"type":"fixed","delay":"1s","max":9},
             "timeout":10,"idleTimeout":"20s","startDeadline":30,"killGrace":0.5,"concurrencyKey":"k","concurrencyLimit":4,
             "onConflict":"supersedeRunning","idempotencyKey":"i","dependsOn":["a","b","a"],"env":{"A":"1"},
             "secrets":{"S":"file:/x","T":"env:Y","U":"command:z"},"notify":[{"url":"https://x","on":["done"],"secret":"S"}],
             "organizationId":"o","memberId":"m","labels":{"l":"v"},"replyTo":"r"}
            """#
        )
        #expect(document.id == "j1")
        #expect(document.title == "t\nu")
        #expect(document.details == "d")
        #expect(String(decoding: document.payload, as: UTF8.self) == payload)
        #expect(document.serverID == "s")
        #expect(document.node == "n")
        #expect(document.priority == 0)
        #expect(document.delay == .seconds(300))
        #expect(document.backoff == Backoff(kind: .fixed, delay: .seconds(1), maximum: .seconds(9)))
        #expect(document.idleTimeout == .seconds(20))
        #expect(document.startDeadline == .seconds(30))
        #expect(document.killGrace == TimeSpan(milliseconds: 500))
        #expect(document.concurrencyKey == "k")
        #expect(document.concurrencyLimit == 4)
        #expect(document.onConflict == .supersedeRunning)
        #expect(document.idempotencyKey == "i")
        #expect(document.dependsOn == ["a", "b"])
        #expect(document.environment == ["A": "1"])
        #expect(document.secrets.count == 3)
        #expect(document.notify.count == 1)
        #expect(document.organizationID == "o")
        #expect(document.memberID == "m")
        #expect(document.labels == ["l": "v"])
        #expect(document.replyTo == "r")

        let job = Job(fields: ["options": JSON.object(document.options).text])
        #expect(job.options.timeout == .seconds(10))
        #expect(job.options.idleTimeout == .seconds(20))
        #expect(job.options.killGrace == TimeSpan(milliseconds: 500))
        #expect(job.options.backoff == document.backoff)
        #expect(job.options.environment.map(\.value) == ["1"])
        #expect(job.options.secrets.map(\.name) == ["S", "T", "U"])
    }

    @Test func nullIsTheSameAsAbsent() throws {
        let nulls = JobDocument.fields.filter { $0 != "resourceId" }.map { "\"\($0)\":null" }.joined(separator: ",")
        #expect(try parse("{\"resourceId\":\"app\",\(nulls)}") == parse(#"{"resourceId":"app"}"#))
    }

    static let wrong: [(field: String, values: [String])] = [
        ("id", ["1", "\"\"", "\"a b\"", "\"-a\"", "[]"]), ("title", ["1", "\"\\u0007\"", "{}"]),
        ("description", ["false"]),
        ("payload", ["[]", "\"{}\"", "1"]), ("serverId", ["1", "\"a/b\"", "\"\""]), ("node", ["\"a@b\"", "{}"]),
        ("priority", ["-1", "10", "1.5", "\"5\"", "true", "5.5e0"]), ("delay", ["-1", "\"x\"", "true", "1e400", "[]"]),
        ("runAt", ["1", "\"tomorrow\"", "\"2026-02-30T00:00:00Z\""]),
        ("maxAttempts", ["0", "-1", "1001", "\"1\"", "2.5"]),
        ("backoff", ["1", "\"fixed\"", "[]"]), ("timeout", ["-1", "\"1w\"", "null1"]), ("idleTimeout", ["{}"]),
        ("startDeadline", ["\"-1s\""]), ("killGrace", ["false"]), ("concurrencyKey", ["\"\"", "1", "\"a\\nb\""]),
        ("concurrencyLimit", ["0", "1001", "\"1\""]), ("onConflict", ["\"Queue\"", "1"]),
        ("idempotencyKey", ["\"\"", "7"]),
        ("dependsOn", ["\"a\"", "[1]", "[\"a b\"]", "{}"]), ("env", ["[]", "1"]), ("secrets", ["[]"]),
        ("notify", ["{}", "1"]),
        ("organizationId", ["1", "\"\""]), ("memberId", ["[]"]), ("labels", ["[]", "\"x\""]),
        ("replyTo", ["\"\"", "1"]),
    ]

    @Test(arguments: wrong.indices) func refusesTheWrongTypeAndTheBadValue(index: Int) {
        let (field, values) = Self.wrong[index]
        for value in values where value != "null1" {
            #expect(
                problems("{\"applicationId\":\"a\",\"\(field)\":\(value)}").keys.sorted() == [field],
                "\(field) \(value)"
            )
        }
    }

    @Test(arguments: [
        (#""env":{"A":1}"#, "env.A"), (#""env":{"1A":"x"}"#, "env.1A"),
        (#""env":{"HOISTWAY_X":"x"}"#, "env.HOISTWAY_X"),
        (#""env":{"A":"\u0000"}"#, "env.A"), (#""secrets":{"A":"plain"}"#, "secrets.A"),
        (#""secrets":{"A":"file:rel"}"#, "secrets.A"),
        (#""labels":{"a":1}"#, "labels.a"), (#""labels":{"a":""}"#, "labels.a"),
        (#""backoff":{"type":"x"}"#, "backoff.type"),
        (#""backoff":{"dely":1}"#, "backoff.dely"), (#""notify":[{}]"#, "notify[0].url"),
        (#""notify":[1]"#, "notify[0]"),
        (#""notify":[{"url":"ftp://x"}]"#, "notify[0].url"),
        (#""notify":[{"url":"http://x","on":["x"]}]"#, "notify[0].on"),
        (#""notify":[{"url":"http://x","extra":1}]"#, "notify[0].extra"),
        (#""delay":1,"runAt":"2026-01-15T08:00:00Z""#, "runAt"),
        (#""priorty":1"#, "priorty"), (#""id":"a","id":"b""#, "id"), (#""type":"compose""#, "type"),
        (#""composeId":"c""#, "composeId"),
    ])
    func namesTheFieldThatIsWrong(members: String, field: String) {
        #expect(problems("{\"applicationId\":\"a\",\(members)}").keys.sorted() == [field])
    }

    @Test func namesTheNearestField() {
        #expect(
            problems(#"{"applicationId":"a","priorty":1}"#)["priorty"] == "unknown field; did you mean \"priority\"?"
        )
        #expect(problems(#"{"applicationId":"a","zzzzzzzz":1}"#)["zzzzzzzz"] == "unknown field")
        #expect(problems(#"{"aplicationId":"a"}"#)["aplicationId"]?.contains("applicationId") == true)
    }

    @Test func tellsEveryErrorAtOnce() {
        let found = problems(#"{"priority":77,"env":[],"x":1}"#)
        #expect(found.keys.sorted() == ["applicationId", "env", "priority", "x"])
    }

    @Test(arguments: JobType.builtIn) func eachTypeHasItsIDKey(type: JobType) throws {
        #expect(try parse("{\"\(type.name)Id\":\"x\"}", type).resourceID == "x")
        #expect(try parse("{\"resourceId\":\"x\"}", type).resourceID == "x")
        #expect(try parse("{\"resourceId\":\"x\",\"\(type.name)Id\":\"x\"}", type).resourceID == "x")
        #expect(problems("{\"resourceId\":\"x\",\"\(type.name)Id\":\"y\"}", type).keys.sorted() == ["resourceId"])
        #expect(problems("{}", type).keys.sorted() == ["\(type.name)Id"])
        #expect(try parse("{\"type\":\"\(type.name)\",\"resourceId\":\"x\"}", nil).type == type)
    }

    @Test func aTypeOfOnesOwnHasResourceIDs() throws {
        #expect(try parse(#"{"resourceId":"x"}"#, JobType("terraform")).concurrencyKey == "terraform:x")
        #expect(problems(#"{"terraformId":"x"}"#, JobType("terraform")).keys.sorted() == ["resourceId", "terraformId"])
        #expect(problems(#"{"resourceId":"x"}"#, nil).keys.sorted() == ["type"])
    }

    @Test func aServerIsDeployedWhereItRuns() throws {
        for text in [#"{"serverId":"eu-1"}"#, #"{"resourceId":"eu-1"}"#, #"{"resourceId":"eu-1","serverId":"eu-1"}"#] {
            let document = try parse(text, .server)
            #expect(document.resourceID == "eu-1")
            #expect(document.serverID == "eu-1")
            #expect(document.concurrencyKey == "server:eu-1")
        }
        #expect(problems(#"{"resourceId":"eu-1","serverId":"eu-2"}"#, .server).keys.sorted() == ["resourceId"])
        #expect(problems(#"{"resourceId":"a b"}"#, .server).keys.sorted() == ["resourceId"])
    }

    @Test func limits() throws {
        func text(_ count: Int) -> String { String(repeating: "x", count: count) }
        #expect(try parse("{\"applicationId\":\"\(text(256))\"}").resourceID.count == 256)
        #expect(problems("{\"applicationId\":\"\(text(257))\"}").keys.sorted() == ["applicationId"])
        #expect(
            problems("{\"applicationId\":\"\(String(repeating: "é", count: 129))\"}").keys.sorted() == ["applicationId"]
        )
        #expect(try parse("{\"applicationId\":\"a\",\"title\":\"\(text(4096))\"}").title.count == 4096)
        #expect(problems("{\"applicationId\":\"a\",\"title\":\"\(text(4097))\"}").keys.sorted() == ["title"])
        let most = JobDocument.maximumPayload - 8
        #expect(
            try parse("{\"applicationId\":\"a\",\"payload\":{\"a\":\"\(text(most))\"}}").payload.count == 256 * 1024
        )
        #expect(
            problems("{\"applicationId\":\"a\",\"payload\":{\"a\":\"\(text(most + 1))\"}}").keys.sorted() == ["payload"]
        )
        let error = #expect(throws: Refusal.self) { try parse("{\"applicationId\":\"\(text(1024 * 1024))\"}") }
        #expect(error?.code == .tooLarge)
        let ids = (0...100).map { "\"j\($0)\"" }
        #expect(
            problems("{\"applicationId\":\"a\",\"dependsOn\":[\(ids.joined(separator: ","))]}").keys.sorted() == [
                "dependsOn"
            ]
        )
    }

    @Test(arguments: ["", "junk", "[]", "1", "null", "{\"a\":1", "{\"applicationId\":\"a\"}{}"])
    func whatIsNoObjectIsInvalidJSON(text: String) {
        let error = #expect(throws: Refusal.self) { try parse(text) }
        #expect(error?.code == .invalidJSON)
    }
}

@Suite struct ResourceFieldTests {
    @Test(arguments: [
        (#"{"type":"application","applicationId":""}"#, ["applicationId: must not be empty"]),
        (#"{"type":"application","resourceId":""}"#, ["resourceId: must not be empty"]),
        (#"{"type":"application"}"#, ["applicationId: is required"]),
        (#"{"type":"server","serverId":"a b"}"#, ["serverId: must match ^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"]),
        (#"{"type":"nosuch"}"#, [#"resourceId: is required: "nosuch" is no built-in type"#]),
        (
            #"{"type":"bakup"}"#,
            [#"resourceId: is required: "bakup" is no built-in type; did you mean the type "backup"?"#]
        ),
        (
            #"{"type":"nosuch","applicationId":"b"}"#,
            [
                #"type: is "nosuch", but applicationId is the id of type "application""#,
                #"resourceId: is required: "nosuch" is no built-in type"#,
            ]
        ),
    ])
    func whatIsMissing(text: String, messages: [String]) {
        let error = #expect(throws: Refusal.self) { try JobDocument(parsing: Array(text.utf8)) }
        #expect(error?.fieldErrors.entries.map { "\($0.field): \($0.message)" } == messages)
    }
}

@Suite struct ControlDocumentTests {
    private func parse(_ text: String) throws -> ControlDocument { try ControlDocument(parsing: Array(text.utf8)) }

    @Test(arguments: [
        (#"{"command":"retry","id":"a"}"#, ControlDocument.Command.retry(id: "a")),
        (#"{"command":"remove","id":"a"}"#, .remove(id: "a")),
        (#"{"command":"promoteJob","id":"a"}"#, .promoteJob(id: "a")),
        (#"{"command":"pause","type":"backup"}"#, .pause(type: "backup")),
        (#"{"command":"resume","type":"*"}"#, .resume(type: "*")),
        (#"{"command":"drain","type":"*"}"#, .drain(type: "*")),
        (#"{"command":"stopWorker","worker":"w"}"#, .stopWorker(worker: "w", mode: .drain)),
        (#"{"command":"stopWorker","worker":"w","mode":"detach"}"#, .stopWorker(worker: "w", mode: .detach)),
        (#"{"command":"forgetWorker","worker":"w"}"#, .forgetWorker(worker: "w")),
        (
            #"{"command":"releaseQuarantine","type":"backup","resourceId":"a b"}"#,
            .releaseQuarantine(type: "backup", resourceID: "a b")
        ),
        (
            #"{"command":"kill","id":"a","signal":"KILL","grace":"5s","by":"me","why":"w"}"#,
            .kill(.job("a"), KillOrder(signal: .kill, grace: .seconds(5), by: "me", why: "w"))
        ),
    ])
    func readsEveryCommand(text: String, command: ControlDocument.Command) throws {
        #expect(try parse(text).command == command)
    }

    @Test func readsASelection() throws {
        let document = try parse(
            #"{"command":"kill","type":"backup","resourceId":"r","label":"a=\u0f93b=c","olderThan":"1h","requestId":"q","replyTo":"l"}"#
        )
        guard case .kill(.selection(let selection), _) = document.command else {
            Issue.record("not a selection: \(document.command)")
            return
        }
        #expect(selection.type == "backup")
        #expect(selection.resourceID == "r")
        #expect(selection.label?.key == "a")
        #expect(selection.label?.value == "\u{0F93}b=c")
        #expect(selection.olderThan == .seconds(3600))
        #expect(document.requestID == "q")
        #expect(document.replyTo == "l")
    }

    @Test(arguments: [
        (#"{}"#, "command"), (#"{"command":"kil","id":"a"}"#, "command"), (#"{"command":"kill"}"#, "id"),
        (#"{"command":"kill","id":"a b"}"#, "id"), (#"{"command":"kill","id":"a","signal":"HUP"}"#, "signal"),
        (#"{"command":"kill","id":"a","grace":-1}"#, "grace"), (#"{"command":"kill","label":"x"}"#, "label"),
        (#"{"command":"retry"}"#, "id"), (#"{"command":"retry","id":"a","nme":1}"#, "nme"),
        (#"{"command":"pause"}"#, "type"),
        (#"{"command":"pause","type":"a b"}"#, "type"), (#"{"command":"stopWorker"}"#, "worker"),
        (#"{"command":"stopWorker","worker":"w","mode":"now"}"#, "mode"),
        (#"{"command":"retry","id":"a","id":"b"}"#, "id"),
        (#"{"command":1}"#, "command"), (#"{"command":"forgetWorker"}"#, "worker"),
        (#"{"command":"releaseQuarantine","type":"backup"}"#, "resourceId"),
        (#"{"command":"releaseQuarantine","resourceId":"r"}"#, "type"),
    ])
    func refuses(text: String, field: String) {
        let error = #expect(throws: Refusal.self) { try parse(text) }
        #expect(error?.fieldErrors.entries.first?.field == field)
    }

    @Test(arguments: [
        (#"{"command":"pause","type":"application","id":"x"}"#, ["id: is no field of pause"]),
        (#"{"id":"x"}"#, ["command: is required"]),
        (#"{"command":null,"nme":1}"#, ["command: is required"]),
        (#"{"command":"kill","label":"noeq"}"#, ["label: must be key=value"]),
        (#"{"command":"kill","id":"a","type":"backup"}"#, ["type: cannot be combined with id"]),
        (#"{"command":"retry","ids":"a"}"#, ["id: is required", #"ids: unknown field; did you mean "id"?"#]),
        (#"{"command":"retry","id":""}"#, ["id: must match ^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$"]),
    ])
    func saysNothingWrongOfAField(text: String, messages: [String]) {
        let error = #expect(throws: Refusal.self) { try parse(text) }
        #expect(error?.fieldErrors.entries.map { "\($0.field): \($0.message)" } == messages)
    }

    @Test func namesTheNearestCommand() {
        let error = #expect(throws: Refusal.self) { try parse(#"{"command":"promotejob","id":"a"}"#) }
        #expect(error?.code == .unknownCommand)
        #expect(error?.message.contains("promoteJob") == true)
    }

    @Test func findsTheReplyListOfWhatIsNoCommand() {
        #expect(ControlDocument.replyTo(in: Array(#"{"command":7,"replyTo":"x"}"#.utf8)) == "x")
        #expect(ControlDocument.replyTo(in: Array("junk".utf8)) == nil)
    }
}
