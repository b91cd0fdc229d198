import ArgumentParser
import HoistwayModel
import HoistwayStore
import RESP
import RedisClient
import TestSupport
import Testing

@testable import Commands

/// Commands against a real Redis, with the worker's part played through the store.
@Suite(.redis, .timeLimit(.minutes(2))) struct ExitCodeTests {
    private let prefix = randomPrefix()

    /// A command on the suite's Redis.
    private func run(_ arguments: String..., input: String = "") async throws -> CommandResult {
        let url = "unix://\(try RedisServer.required().socketPath)"
        let environment = ["HOISTWAY_REDIS": url, "HOISTWAY_PREFIX": prefix]
        return await hoistway(arguments, environment: environment, input: input)
    }

    private func withStore<Result>(_ body: (Store) async throws -> Result) async throws -> Result {
        let client = try await RedisServer.required().client()
        let result = try await body(Store(redis: client, prefix: prefix))
        await client.close()
        return result
    }

    private func enqueue(_ resource: String = "shop") async throws -> String {
        let result = try await run("enqueue", "application", resource)
        #expect(result.code == 0, "\(result.error)")
        return String(result.output.dropLast())
    }

    /// Runs the next job to an end.
    private func work(_ kind: Outcome.Kind, fields: [(String, String)] = []) async throws {
        try await withStore { store in
            let claimant = Claimant(workerID: "w", host: "elsewhere", types: [.application], scopes: [.any])
            _ = try await store.register(types: [.application], worker: ("w", [("host", "elsewhere")]))
            var claimed: [Job] = []
            try await eventually("a job to claim") {
                claimed = try await store.claim(claimant, count: 1)
                return !claimed.isEmpty
            }
            let job = try #require(claimed.first)
            let fence = try #require(job.fence)
            _ = try await store.started(job.id, fence: fence, pid: 1, startTime: 1, log: "/nonexistent/log")
            _ = try await store.finish(job.id, fence: fence, Outcome(kind, fields: fields))
        }
    }

    @Test func usageIsSixtyFour() async throws {
        for arguments in [
            ["list", "--bogus"], ["lst"], ["enqueue", "application"], ["wait", "x", "--timeout", "soon"],
            ["list", "--status", "odd"], ["list", "--redis", "nonsense"], ["kill", "x", "--signal", "HUP"],
            ["up", "--redis", "redis://x"],
        ] {
            let result = await hoistway(arguments)
            #expect(result.code == 64, "\(arguments)")
            #expect(result.error.hasPrefix("hoistway: "))
            #expect(result.error.split(separator: "\n").count == 1, "\(result.error)")
        }
        #expect(await hoistway(["lst"]).error.contains("did you mean \"list\"?"))
    }

    @Test func anUnknownKeyIsAUsageError() async throws {
        let folder = try TemporaryDirectory()
        try SystemFile.write("worker: {slot: 2}\n", to: "\(folder.path)/hoistway.yaml")
        let result = await hoistway(["list"], directory: folder.path)
        #expect(result.code == 64)
        #expect(
            result.error
                == "hoistway: hoistway.yaml:1: unknown key \"worker.slot\"; did you mean \"worker.slots\"?\n"
        )
    }

    @Test func anUnreachableRedisIsSixtyNine() async throws {
        for arguments in [["list"], ["status", "x"], ["enqueue", "application", "shop"]] {
            let result = await hoistway(arguments + ["--redis", "unix:///nonexistent/socket"])
            #expect(result.code == 69)
            #expect(result.error.split(separator: "\n").count == 1)
        }
    }

    @Test func aNewerSchemaIsSixtyNine() async throws {
        try await withStore { store in
            _ = try await store.redis.send(["HSET", .string(store.keys.meta), "schema", "99", "minReader", "99"])
        }
        let result = try await run("list")
        #expect(result.code == 69)
        #expect(result.error.contains("99"))
    }

    @Test func helpAndCompletionsAreZero() async throws {
        #expect(await hoistway(["--help"]).output.contains("enqueue"))
        #expect(await hoistway(["worker", "--help"]).output.contains("--on-stop"))
        #expect(await hoistway(["worker", "stop", "--help"]).output.contains("--mode"))
        #expect(await hoistway(["--version"]).output == "\(Version.current)\n")
        for shell in ["bash", "zsh", "fish"] {
            let result = await hoistway(["completions", shell])
            #expect(result.code == 0)
            #expect(result.output.contains("enqueue"))
        }
    }

    @Test func everyCommandHasAnExample() {
        let configuration = HoistwayCommand.configuration
        let commands =
            configuration.groupedSubcommands.flatMap(\.subcommands) + [
                WorkerStopCommand.self, WorkerForgetCommand.self, QuarantineListCommand.self,
                QuarantineReleaseCommand.self, TokenCreateCommand.self, TokenListCommand.self, TokenRevokeCommand.self,
            ]
        for command in commands where command.configuration.shouldDisplay {
            #expect(command.configuration.discussion.contains("hoistway"), "\(command._commandName)")
        }
        let help = HoistwayCommand.helpMessage()
        for absent in ["recipe ", "schedule add", "deployment "] {
            #expect(!help.contains(absent), "\(absent)")
        }
    }

    @Test(arguments: [
        ["status"], ["history"], ["logs"], ["kill"], ["retry"], ["remove"], ["promote"], ["rollback"], ["wait"],
        ["worker", "stop"], ["token", "revoke"],
    ])
    func whatIsNotThereIsTwo(command: [String]) async throws {
        let url = "unix://\(try RedisServer.required().socketPath)"
        let result = await hoistway(command + ["nope", "--redis", url, "--prefix", prefix])
        #expect(result.code == 2, "\(result.error)")
        #expect(result.output.isEmpty)
    }

    @Test func globalOptionsMayComeFirst() async throws {
        let id = try await enqueue()
        let url = "unix://\(try RedisServer.required().socketPath)"
        let result = await hoistway(["--redis", url, "--prefix=\(prefix)", "--json", "status", id])
        #expect(result.code == 0, "\(result.error)")
        let json = try JSON(parsing: result.output)
        #expect(json["id"]?.stringValue == id)
        #expect(json["waiting"]?["because"] == "noWorker")
    }

    @Test func fieldErrorsNameTheOption() async throws {
        let result = try await run("enqueue", "application", "shop", "--priority", "10")
        #expect(result.code == 64)
        #expect(result.error == "hoistway: --priority: must be an integer from 0 to 9\n")
        let type = try await run("enqueue", "terraform", "net")
        #expect(type.code == 64)
        #expect(type.error.hasPrefix("hoistway: TYPE: "))
    }

    @Test func aPayloadComesFromStandardInput() async throws {
        let result = try await run("enqueue", "application", "shop", "--payload", "-", "--json", input: "{\"a\": 1}")
        #expect(try JSON(parsing: result.output)["payload"] == ["a": 1])
    }

    @Test func anIDInUseIsRefused() async throws {
        #expect(try await run("enqueue", "application", "shop", "--id", "mine").output == "mine\n")
        let again = try await run("enqueue", "application", "shop", "--id", "mine")
        #expect(again.code == 64)
        #expect(again.error.contains("--id: \"mine\" is in use already"))
    }

    @Test func aBusyKeyIsRefused() async throws {
        _ = try await enqueue()
        #expect(try await run("enqueue", "application", "shop", "--on-conflict", "reject").code == 1)
    }

    @Test func waitingTellsHowAJobEnded() async throws {
        async let done = run("enqueue", "application", "good", "--wait", "--json")
        try await work(.done)
        let result = try await done
        #expect(result.code == 0, "\(result.error)")
        #expect(try JSON(parsing: result.output)["status"] == "done")

        async let failed = run("enqueue", "application", "bad", "--wait")
        try await work(.failed, fields: [("error", #"{"message":"it broke"}"#)])
        let failure = try await failed
        #expect(failure.code == 1)
        #expect(failure.error.contains("ended in error (failed): it broke"))
        let id = String(failure.output.dropLast())

        #expect(try await run("wait", id).code == 1)
        let status = try await run("status", id)
        #expect(status.code == 0)
        #expect(status.output.contains("error (failed)"))
        let kill = try await run("kill", id)
        #expect(kill.code == 0)
        #expect(kill.error.contains("has ended already"))
        #expect(try await run("promote", id).code == 1)
        #expect(try await run("history", id).output.contains("failed"))
    }

    @Test func aWaitPastItsTimeoutIsOne() async throws {
        let id = try await enqueue()
        let result = try await run("wait", id, "--timeout", "0.05")
        #expect(result.code == 1)
        #expect(result.error.contains("has not ended within"))
    }

    @Test func killCancelsAndRemoveRemoves() async throws {
        let id = try await enqueue()
        let kill = try await run("kill", id, "--why", "a test", "--wait", "--json")
        #expect(kill.code == 0)
        #expect(try JSON(parsing: kill.output)["reason"] == "cancelled")
        let retry = try await run("retry", id)
        #expect(retry.code == 0)
        #expect(retry.output.count > 10)
        #expect(try await run("remove", id).code == 0)
        #expect(try await run("status", id).code == 2)
    }

    @Test func listsAreDocumentsWithACursor() async throws {
        for index in 0..<3 { _ = try await enqueue("r\(index)") }
        let first = try JSON(parsing: try await run("list", "--json", "--limit", "2").output)
        #expect(first["items"]?.arrayValue?.map { $0["resourceId"]?.stringValue } == ["r2", "r1"])
        let cursor = try #require(first["nextCursor"]?.stringValue)
        let second = try JSON(parsing: try await run("list", "--json", "--cursor", cursor).output)
        #expect(second["items"]?.arrayValue?.map { $0["resourceId"]?.stringValue } == ["r0"])
        #expect(second["nextCursor"]?.isNull == true)
        #expect(try await run("list").output.contains("pending (queued)"))
    }

    @Test func queuesPauseAndDrain() async throws {
        _ = try await enqueue("a")
        #expect(try await run("pause", "application").code == 0)
        let queues = try JSON(parsing: try await run("queues", "--json").output)
        let queue = queues["items"]?.arrayValue?.first { $0["type"] == "application" }
        #expect(queue?["paused"] == true)
        #expect(queue?["pending"] == 1)
        #expect(try await run("resume", "application").code == 0)
        #expect(try await run("drain", "*").output == "1\n")
        #expect(try await run("pause", "aplication").code == 64)
    }

    @Test func aLogElsewhereIsNamed() async throws {
        let id = try await enqueue()
        try await work(.done, fields: [("logBytes", "9")])
        let result = try await run("logs", id)
        #expect(result.code == 1)
        #expect(result.error.contains("log_unavailable: the log is on elsewhere"))
    }

    /// Nobody is sent to the host that he is on.
    @Test func aLogThatIsGoneIsSaidToBeGone() async throws {
        let id = try await enqueue()
        try await work(.done, fields: [("logBytes", "9"), ("host", ProcessSurroundings.hostname())])
        let result = try await run("logs", id)
        #expect(result.code == 1)
        #expect(result.error.contains("log_unavailable: the file /nonexistent/log is gone"), "\(result.error)")
    }
}
