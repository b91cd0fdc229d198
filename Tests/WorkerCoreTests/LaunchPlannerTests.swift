import HoistwayModel
import RedisClient
import Supervision
import Testing

@testable import WorkerCore

/// What a job becomes before its monitor is asked.
struct LaunchPlannerTests {
    private func planner(_ change: (inout WorkerSettings) -> Void = { _ in }) throws -> LaunchPlanner {
        var settings = WorkerSettings(
            redis: RedisURL(.unix(path: "/nowhere"), password: nil),
            prefix: "p",
            data: "/data",
            monitorPath: "/opt/hoistway-monitor",
            executablePath: "/opt/hoistway"
        )
        change(&settings)
        return LaunchPlanner(
            settings: settings,
            recipes: RecipeBook(folder: nil, executable: settings.executablePath),
            secrets: SecretResolver(allow: settings.secretsAllow, commands: settings.secretCommands),
            user: try RecipeUser(named: nil)
        )
    }

    private func job(_ resource: String = "web", _ options: String = "{}", type: String = "application") -> Job {
        Job(fields: [
            "id": "job", "type": type, "resourceId": resource, "attempt": "2", "fence": "77", "failures": "1",
            "payload": #"{"a": 1}"#, "options": options,
        ])
    }

    private func failure(_ planner: LaunchPlanner, _ job: Job) async -> LaunchFailure? {
        do {
            _ = try await planner.launch(for: job)
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: [
        ("web", "web"), ("Web-1_x.y", "Web-1_x.y"), ("..", "%2E."), (".hidden", "%2Ehidden"), ("a/b", "a%2Fb"),
        ("ä", "%C3%A4"), ("a b%", "a%20b%25"),
        ("web.2", "web%2E2"), ("1.2.3", "1.2%2E3"), ("web.", "web."), ("web.2x", "web.2x"), ("web..07", "web.%2E07"),
        ("2", "2"), (".2", "%2E2"),
    ])
    func workspaceName(resource: String, name: String) async throws {
        let launch = try await planner().launch(for: job(resource))
        #expect(launch.workspace == "/data/workspaces/application/\(name)")
    }

    @Test func longNamesAreCutAndToldApart() async throws {
        let stem = String(repeating: "x", count: 250)
        let (one, other) = (
            try await planner().launch(for: job(stem + "1")).workspace,
            try await planner().launch(for: job(stem + "2")).workspace
        )
        #expect(one != other)
        #expect(try #require(one.split(separator: "/").last).utf8.count <= 180)
        #expect(try await planner().launch(for: job(stem + "1")).workspace == one)
    }

    @Test func laterVariablesWin() async throws {
        let planner = try planner {
            $0.environment = [("LANG", "de_DE.UTF-8"), ("A", "configured"), ("B", "configured")]
            $0.node = "eu-1"
        }
        let launch = try await planner.launch(for: job("web", #"{"env":{"A":"asked for","HOISTWAY_JOB_ID":"forged"}}"#))
        let values = Dictionary(launch.environment.map { ($0.0, $0.1) }) { $0 + "|" + $1 }
        #expect(values["LANG"] == "de_DE.UTF-8" && values["A"] == "asked for" && values["B"] == "configured")
        #expect(values["HOISTWAY_JOB_ID"] == "job" && values["HOISTWAY_FENCE"] == "77")
        #expect(values["HOISTWAY_ATTEMPT"] == "2" && values["HOISTWAY_NODE"] == "eu-1")
        #expect(values["HOISTWAY_SERVER_ID"] == nil && values["HOISTWAY_NO_COMMAND_EVAL"] == nil)
        #expect(launch.payload == Array(#"{"a": 1}"#.utf8))
    }

    @Test func secretsWinOverVariablesAndAreToldToTheMonitor() async throws {
        let planner = try planner { $0.secretCommands = ["vault": ["sh", "-c", "echo top-secret"]] }
        let options = #"{"env":{"TOKEN":"plain"},"secrets":{"TOKEN":"command:vault"}}"#
        let launch = try await planner.launch(for: job("web", options))
        #expect(launch.environment.filter { $0.0 == "TOKEN" }.map(\.1) == ["top-secret"])
        #expect(launch.secrets == [Array("top-secret".utf8)])
    }

    @Test(arguments: ["PATH", "LD_PRELOAD", "BASH_ENV", "ENV", "GIT_SSH_COMMAND"])
    func variablesThatSteerCommands(name: String) async throws {
        let options = #"{"env":{"\#(name)":"x"}}"#
        let failure = await failure(try planner { $0.noCommandEval = true }, job("web", options))
        #expect(try #require(failure).message.contains(name) && failure?.isRepeatable == false)
        #expect(try await planner().launch(for: job("web", options)).environment.contains { $0 == (name, "x") })
    }

    @Test func limits() async throws {
        let standard = try await planner { $0.killGrace = .seconds(4) }.launch(for: job())
        #expect(standard.timeout == .seconds(3600) && standard.idleTimeout == nil)
        #expect(standard.killGrace == .seconds(4))
        let asked = try await planner().launch(for: job("web", #"{"timeout":0,"idleTimeout":1.5,"killGrace":0.25}"#))
        #expect(asked.timeout == nil && asked.idleTimeout == .milliseconds(1500))
        #expect(asked.killGrace == .milliseconds(250))
    }

    @Test func typeWithoutRecipe() async throws {
        let failure = await failure(try planner(), job("web", type: "terraform"))
        #expect(try #require(failure).message.contains("terraform") && failure?.isRepeatable == false)
    }

    @Test func whatTheRecordKeepsComesBack() throws {
        let options = #"{"backoff":{"type":"fixed","delay":3,"max":9},"killGrace":7}"#
        let context = AttemptContext(job("web", options))
        let again = AttemptContext(context.json)
        #expect(again.type == context.type && again.failures == 1 && again.backoff == context.backoff)
        #expect(again.killGrace == .seconds(7))
    }
}
