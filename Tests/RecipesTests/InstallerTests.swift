import Glibc
import HoistwayModel
import Testing

@testable import Recipes

@Suite("Installer", .timeLimit(.minutes(2)))
struct InstallerTests {
    private func run(
        _ payload: JSON,
        in sandbox: Sandbox,
        fence: Int = 1,
        retryOf: String? = nil,
        variables: [String: String] = [:]
    ) async throws -> RecipeRun.Outcome {
        var run = RecipeRun(sandbox: sandbox, type: "installer", payload: payload, fence: fence)
        run.variables = variables
        run.variables["HOISTWAY_RETRY_OF"] = retryOf
        return try await run.run()
    }

    /// What was told of the registration of a component, in its order.
    private func registrations(_ outcome: RecipeRun.Outcome, of name: String) -> [String] {
        outcome.events.compactMap { $0["registration"] }.filter { $0["name"]?.stringValue == name }
            .compactMap { $0["status"]?.stringValue }
    }

    private func registration(_ outcome: RecipeRun.Outcome, of name: String) -> JSON? {
        outcome.events.compactMap { $0["registration"] }.last { $0["name"]?.stringValue == name }
    }

    @Test("Components are installed in their order, with progress by weight")
    func order() async throws {
        try await Sandbox.with { sandbox in
            let payload: JSON = [
                "components": [
                    [
                        "name": "postgresql", "run": ["sh", "-c", "echo $HOISTWAY_COMPONENT"], "weight": 3,
                        "endpoint": "10.0.0.1:5432", "check": ["command": ["true"]],
                    ],
                    ["name": "redis", "phase": "starting-redis", "run": "#!/bin/sh\necho by script\n"],
                    ["name": "web", "script": "echo last", "weight": 1],
                ]
            ]
            let outcome = try await run(payload, in: sandbox)
            #expect(outcome.status == 0)
            let log = outcome.log.split(separator: "\n").filter { !$0.contains(" of 3)") }
            #expect(log == ["postgresql", "by script", "last"])
            let steps = outcome.events.filter { $0["progress"] != nil }
            #expect(steps.map { $0["progress"] } == [0, 60, 80])
            #expect(steps.map { $0["stage"] } == ["installing-postgresql", "starting-redis", "installing-web"])
            #expect(steps.map { $0["component"] } == ["postgresql", "redis", "web"])
            #expect(outcome.resources == ["postgresql": "succeeded", "redis": "succeeded", "web": "succeeded"])
            #expect(registrations(outcome, of: "postgresql") == ["pending", "registered"])
            let registered = try #require(registration(outcome, of: "postgresql"))
            #expect(registered["endpoint"] == "10.0.0.1:5432")
            #expect(registered["registeredAt"]?.stringValue.flatMap { Timestamp(parsing: $0) } != nil)
            #expect(registration(outcome, of: "web")?["endpoint"] == .null)
            #expect(outcome.result?["installed"] == ["postgresql", "redis", "web"])
        }
    }

    @Test("One is registered once its check answers")
    func check() async throws {
        try await Sandbox.with { sandbox in
            let file = sandbox.path + "/up"
            let payload: JSON = [
                "components": [
                    [
                        "name": "db", "run": ["true"],
                        // No at first, yes from then on.
                        "check": [
                            "command": ["sh", "-c", .string("test -e \(file) || { touch \(file); exit 1; }")],
                            "interval": 0.05,
                        ],
                    ]
                ]
            ]
            let outcome = try await run(payload, in: sandbox)
            #expect(outcome.status == 0 && sandbox.read(file) != nil)
            #expect(outcome.log.contains("db does not answer yet: sh exited with 1"))
            #expect(registrations(outcome, of: "db") == ["pending", "registered"])
        }
    }

    @Test("A check has a deadline", arguments: ["http", "tcp", "command", "slow"])
    func deadline(kind: String) async throws {
        try await Sandbox.with { sandbox in
            let port = Server.freePort()
            let check: JSON =
                switch kind {
                case "http": ["http": .string("http://127.0.0.1:\(port)/"), "deadline": 0.2, "interval": 0.05]
                case "tcp": ["tcp": .string("127.0.0.1:\(port)"), "deadline": "200ms", "interval": "50ms"]
                case "slow": ["command": ["sleep", "100"], "deadline": 0.2, "interval": 0.05]
                default: ["command": ["false"], "deadline": 0.2, "interval": 0.05]
                }
            let payload: JSON = ["components": [["name": "a", "run": ["true"], "check": check], later]]
            let outcome = try await run(payload, in: sandbox)
            #expect(outcome.status == 1 && outcome.code == "check_failed")
            #expect(outcome.error?["details"]?["causedBy"] == "a")
            #expect(registrations(outcome, of: "a") == ["pending", "failed"])
            let reason = registration(outcome, of: "a")?["error"]?.stringValue ?? ""
            #expect(reason.hasPrefix("a did not answer within 0.2s: "), "\(reason)")
            #expect(registrations(outcome, of: "later") == ["pending"])
            #expect(outcome.resources == ["a": "failed", "later": "unchanged"])
        }
    }

    private let later: JSON = ["name": "later", "run": ["true"]]

    @Test("A check may be written for short")
    func shortChecks() async throws {
        try await Sandbox.with { sandbox in
            let payload: JSON = [
                "components": [["name": "a", "run": ["true"], "check": ["test", "-d", .string(sandbox.path)]]]
            ]
            #expect(try await run(payload, in: sandbox).status == 0)
            let address = try InstallerPayload(
                parsing: Array(#"{"components":[{"name":"a","run":"x","check":"127.0.0.1:80"}]}"#.utf8)
            )
            #expect(address.components[0].check != nil)
        }
    }

    /// Components that write down that they ran, of which the second fails as long as there is no file `fixed`.
    private func session(_ sandbox: Sandbox) -> JSON {
        let names = ["one", "two", "three"]
        return [
            "components": .array(
                names.map { name in
                    let work = "echo \(name) >> \(sandbox.path)/ran"
                    let failing = name == "two" ? "; test -e \(sandbox.path)/fixed || exit 7" : ""
                    return ["name": .string(name), "script": .string(work + failing)]
                }
            )
        ]
    }

    private func ran(_ sandbox: Sandbox) -> [Substring] { (sandbox.read("ran") ?? "").split(separator: "\n") }

    @Test("A retry goes on with the component that failed")
    func retry() async throws {
        try await Sandbox.with { sandbox in
            let first = try await run(session(sandbox), in: sandbox)
            #expect(first.status == 7 && first.code == "component_failed")
            #expect(first.error?["message"] == "two: its script exited with 7")
            #expect(ran(sandbox) == ["one", "two"])
            let at = try #require(registration(first, of: "one")?["registeredAt"])
            // The retry of a retry that never ran goes on there, too.
            let still = try await run(session(sandbox), in: sandbox, fence: 3, retryOf: "job-2")
            #expect(still.status == 7 && ran(sandbox) == ["one", "two", "two"])
            try sandbox.write("", to: "fixed")
            let second = try await run(session(sandbox), in: sandbox, fence: 4, retryOf: "job-3")
            #expect(second.status == 0 && ran(sandbox) == ["one", "two", "two", "two", "three"])
            #expect(second.resources == ["one": "unchanged", "two": "succeeded", "three": "succeeded"])
            #expect(registration(second, of: "one")?["registeredAt"] == at)
            #expect(second.progress == [33, 66])
            #expect(second.result?["installed"] == ["two", "three"])
        }
    }

    @Test("What is no retry of it begins anew")
    func anew() async throws {
        try await Sandbox.with { sandbox in
            #expect(try await run(session(sandbox), in: sandbox).status == 7)
            #expect(try await run(session(sandbox), in: sandbox, fence: 2).status == 7)
            #expect(ran(sandbox) == ["one", "two", "one", "two"])
            // Another attempt of the same job goes on.
            #expect(try await run(session(sandbox), in: sandbox, fence: 2).status == 7)
            #expect(ran(sandbox).suffix(1) == ["two"] && ran(sandbox).count == 5)
            // One with another payload does not.
            try sandbox.write("", to: "fixed")
            let other: JSON = ["components": [["name": "one", "script": .string("echo other >> \(sandbox.path)/ran")]]]
            #expect(try await run(other, in: sandbox, fence: 3, retryOf: "job-2").status == 0)
            #expect(ran(sandbox).last == "other")
            // After a success everything runs again.
            let again = try await run(other, in: sandbox, fence: 4, retryOf: "job-3")
            #expect(again.status == 0 && ran(sandbox).suffix(2) == ["other", "other"])
        }
    }

    @Test("A state that is none is not believed", arguments: ["", "{", "[]", #"{"payload":1}"#])
    func damagedState(text: String) async throws {
        try await Sandbox.with { sandbox in
            try sandbox.write(text, to: "workspace-shop/installer.json")
            #expect(try await run(session(sandbox), in: sandbox, retryOf: "job-0").status == 7)
            #expect(ran(sandbox) == ["one", "two"])
        }
    }

    @Test("Invalid payloads name the field")
    func invalid() async throws {
        func fields(_ payload: JSON) async throws -> [String]? {
            try await Sandbox.with { sandbox in
                let outcome = try await run(payload, in: sandbox)
                #expect(outcome.status == 1 && outcome.code == "invalid_payload")
                return outcome.error?["details"]?["fieldErrors"]?.objectValue?.keys
            }
        }
        #expect(try await fields([:]) == ["components"])
        #expect(try await fields(["components": []]) == ["components"])
        #expect(try await fields(["components": "a"]) == ["components"])
        #expect(
            try await fields(["components": ["a", [:]]]) == [
                "components[0]", "components[1].name", "components[1].run",
            ]
        )
        func component(_ members: JSONObject) async throws -> [String]? {
            var all: JSONObject = ["name": "a", "run": ["true"]]
            for member in members { all[member.key] = member.value }
            return try await fields(["components": [.object(all)]])
        }
        #expect(try await component(["name": ""]) == ["components[0].name"])
        #expect(try await component(["script": "x"]) == ["components[0].run"])
        #expect(try await component(["run": []]) == ["components[0].run"])
        #expect(try await component(["run": 1]) == ["components[0].run"])
        #expect(try await component(["weight": 0]) == ["components[0].weight"])
        #expect(try await component(["endpoint": 5432]) == ["components[0].endpoint"])
        #expect(try await component(["phaes": "x"]) == ["components[0].phaes"])
        #expect(try await component(["check": [:]]) == ["components[0].check"])
        #expect(try await component(["check": ["tcp": "a:1", "http": "http://a"]]) == ["components[0].check"])
        #expect(try await component(["check": ["http": "ftp://a"]]) == ["components[0].check.http"])
        #expect(try await component(["check": "nowhere"]) == ["components[0].check.tcp"])
        #expect(try await component(["check": ["tcp": "a:1", "deadline": "soon"]]) == ["components[0].check.deadline"])
        let twice: JSON = ["name": "a", "run": ["true"]]
        #expect(try await fields(["components": [twice, twice]]) == ["components[1].name"])
    }

    @Test("What cannot run says why")
    func failures() async throws {
        try await Sandbox.with { sandbox in
            let absent: JSON = ["components": [["name": "a", "run": ["no-such-program"]]]]
            let outcome = try await run(absent, in: sandbox)
            #expect(outcome.status == 127 && outcome.code == "command_not_found")
            #expect(outcome.error?["details"]?["causedBy"] == "a")
            let busy: JSON = ["components": [["name": "a", "run": "exit 75"]]]
            #expect(try await run(busy, in: sandbox).status == 75)
            let secret: JSON = ["components": [["name": "a", "run": ["true", "http://u:hidden@h/"]]]]
            #expect(try await run(secret, in: sandbox).masks == ["hidden"])
        }
    }

    @Test("Without command evaluation nothing runs")
    func refusal() async throws {
        try await Sandbox.with { sandbox in
            let outcome = try await run(session(sandbox), in: sandbox, variables: ["HOISTWAY_NO_COMMAND_EVAL": "1"])
            #expect(outcome.status == 1 && outcome.code == "command_eval_disabled" && ran(sandbox) == [])
        }
    }
}
