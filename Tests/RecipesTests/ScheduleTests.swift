import Glibc
import HoistwayModel
import Testing

@testable import Recipes

@Suite("Schedules", .timeLimit(.minutes(1)))
struct ScheduleTests {
    private func run(_ payload: JSON, variables: [String: String] = [:]) async throws -> RecipeRun.Outcome {
        try await Sandbox.with { sandbox in
            var run = RecipeRun(sandbox: sandbox, type: "schedule", payload: payload)
            run.variables = variables
            return try await run.run()
        }
    }

    @Test("A command runs without a shell, in its folder and with its variables")
    func command() async throws {
        let printed = try await run(["command": ["printf", "%s|", "a b", "$HOME", "*"]])
        #expect(printed.status == 0 && printed.log == "a b|$HOME|*|")
        #expect(printed.resources == ["run": "succeeded"] && printed.result?["exitCode"] == 0)
        #expect(try await run(["command": ["pwd"], "cwd": "/usr/lib"]).log == "/usr/lib\n")
        #expect(try await run(["command": ["printenv", "A"], "env": ["A": "1 2"]]).log == "1 2\n")
    }

    @Test("The exit code is passed on", arguments: [Int32(1), 3, 75, 255])
    func exitCode(code: Int32) async throws {
        let outcome = try await run(["script": .string("exit \(code)")])
        #expect(outcome.status == code && outcome.code == "command_failed")
        #expect(outcome.error?["details"]?["retryable"] == nil)
        #expect(outcome.resources == ["run": "failed"])
    }

    @Test("A script runs by its first line, or by sh")
    func script() async throws {
        #expect(try await run(["script": "#!/usr/bin/env -S cat\nas it is\n"]).log.hasSuffix("as it is\n"))
        #expect(try await run(["script": "for i in 1 2; do echo $i; done\n"]).log == "1\n2\n")
        #expect(try await run(["script": "kill -9 $$"]).status == 137)
    }

    @Test("What cannot run says why")
    func failures() async throws {
        let absent = try await run(["command": ["no-such-program"]])
        #expect(absent.status == 127 && absent.code == "command_not_found")
        #expect(try await run(["command": ["true"], "cwd": "/nowhere"]).code == "path_not_found")
    }

    @Test("Invalid payloads name the field")
    func invalid() async throws {
        func fields(_ payload: JSON) async throws -> [String]? {
            let outcome = try await run(payload)
            #expect(outcome.status == 1 && outcome.code == "invalid_payload")
            return outcome.error?["details"]?["fieldErrors"]?.objectValue?.keys
        }
        #expect(try await fields([:]) == ["command"])
        #expect(try await fields(["command": ["a"], "script": "b"]) == ["command"])
        #expect(try await fields(["command": []]) == ["command"])
        #expect(try await fields(["command": "ls -l"]) == ["command"])
        #expect(try await fields(["comand": ["a"], "script": "b"]) == ["comand"])
        #expect(try await fields(["script": "b", "env": ["HOISTWAY_FENCE": "1"]]) == ["env.HOISTWAY_FENCE"])
        #expect(try await fields(["script": "b", "env": ["A": 1]]) == ["env.A"])
    }

    @Test("Without command evaluation nothing runs", arguments: ["command", "script"])
    func refusal(kind: String) async throws {
        let payload: JSON = kind == "command" ? ["command": ["echo", "ran"]] : ["script": "echo ran"]
        let outcome = try await run(payload, variables: ["HOISTWAY_NO_COMMAND_EVAL": "1"])
        #expect(outcome.status == 1 && outcome.code == "command_eval_disabled")
        #expect(outcome.error?["details"]?["retryable"] == false && !outcome.log.contains("ran\n"))
    }

    @Test("Events are lines of the pipe, or marked lines of standard output")
    func events() async throws {
        try await Sandbox.with { sandbox in
            for (prefix, expected) in [("", "{"), ("::hoistway:n1::", "::hoistway:n1::{")] {
                let file = sandbox.path + "/events"
                try Files.remove(file)
                let descriptor = open(file, O_WRONLY | O_CREAT, 0o600)
                defer { close(descriptor) }
                let writer = EventWriter(descriptor: descriptor, prefix: prefix)
                writer.progress(40, stage: "a", message: "line\nbreak")
                writer.progress(20, stage: "b", message: "")
                let lines = try #require(sandbox.read("events")).split(separator: "\n")
                #expect(lines.count == 2 && lines.allSatisfy { $0.hasPrefix(expected) })
                let second = try JSON(parsing: String(lines[1].dropFirst(prefix.count)))
                #expect(second["progress"] == 40 && second["stage"] == "b")
            }
        }
    }
}
