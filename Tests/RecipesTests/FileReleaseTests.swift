import Glibc
import HoistwayModel
import Testing

@testable import Recipes

@Suite("File releases", .timeLimit(.minutes(2)))
struct FileReleaseTests {
    /// An attempt that releases the folder `<sandbox>/input` to `<sandbox>/site`.
    private func attempt(
        _ sandbox: Sandbox,
        fence: Int,
        build: JSON? = nil,
        release members: JSONObject = [:],
        health: JSON? = nil
    ) -> RecipeRun {
        var release: JSONObject = ["type": "files", "path": .string(sandbox.path + "/site")]
        for member in members { release[member.key] = member.value }
        var payload: JSONObject = [
            "source": ["type": "dir", "path": .string(sandbox.path + "/input")], "release": .object(release),
        ]
        if let build { payload["build"] = build }
        if let health { payload["healthCheck"] = health }
        return RecipeRun(sandbox: sandbox, payload: .object(payload), fence: fence)
    }

    private func releases(_ sandbox: Sandbox) -> [String] { Files.list(sandbox.path + "/site/releases") }

    @Test("A folder is built in a copy and released by a link")
    func buildAndRelease() async throws {
        try await Sandbox.with { sandbox in
            try sandbox.write("#!/bin/sh\necho built > out.txt\n", to: "input/make.sh", mode: 0o755)
            symlink("make.sh", sandbox.path + "/input/link")
            let build: JSON = ["type": "command", "command": ["./make.sh"]]
            let outcome = try await attempt(sandbox, fence: 7, build: build).run()
            #expect(outcome.status == 0, "\(outcome.log)")
            #expect(sandbox.read("site/current/out.txt") == "built\n")
            #expect(Files.readLink(sandbox.path + "/site/current/link") == "make.sh")
            #expect(Files.status(sandbox.path + "/site/current/make.sh").map { $0.st_mode & 0o777 } == 0o755)
            #expect(Files.readLink(sandbox.path + "/site/current") == "releases/7-job-7")
            #expect(sandbox.read("input/out.txt") == nil)
            #expect(outcome.result?["releasePath"]?.stringValue == sandbox.path + "/site/releases/7-job-7")
            #expect(
                outcome.resources == [
                    "source": "succeeded", "build": "succeeded", "release": "succeeded", "health": "unchanged",
                ]
            )
            #expect(outcome.progress == outcome.progress.sorted() && outcome.progress.count >= 3)
            #expect(
                outcome.cleanups == [
                    ["/usr/bin/hoistway", "recipe", "application", "cleanup", "files", sandbox.path + "/site", "7"]
                ]
            )
        }
    }

    @Test("A failed build changes nothing")
    func failedBuild() async throws {
        try await Sandbox.with { sandbox in
            try sandbox.write("1", to: "input/a")
            #expect(try await attempt(sandbox, fence: 1).run().status == 0)
            let failed = try await attempt(sandbox, fence: 2, build: ["type": "command", "command": ["false"]]).run()
            #expect(failed.status == 1 && failed.code == "build_failed")
            #expect(failed.resources["build"] == "failed")
            let absent = try await attempt(sandbox, fence: 3, build: ["type": "command", "command": ["no-such"]]).run()
            #expect(absent.code == "command_not_found")
            #expect(releases(sandbox) == ["1-job-1"])
        }
    }

    @Test("So many releases stay as are to be kept")
    func keep() async throws {
        try await Sandbox.with { sandbox in
            try sandbox.write("1", to: "input/a")
            for fence in 8...12 {
                #expect(try await attempt(sandbox, fence: fence, release: ["keep": 2]).run().status == 0)
            }
            #expect(Set(releases(sandbox)) == ["11-job-11", "12-job-12"])
        }
    }

    @Test("Reload runs after the switch, and again after the previous release is back")
    func reload() async throws {
        try await Sandbox.with { sandbox in
            try sandbox.write("1", to: "input/a")
            let script = "#!/bin/sh\ncat \(sandbox.path)/site/current/a >> \(sandbox.path)/seen\n"
            try sandbox.write(script, to: "reload", mode: 0o755)
            let release: JSONObject = ["reload": [.string(sandbox.path + "/reload")]]
            let first = try await attempt(sandbox, fence: 1, release: release).run()
            #expect(first.status == 0 && first.log.contains("ends with this job"))
            try sandbox.write("2", to: "input/a")
            let health: JSON = ["command": ["false"], "retries": 2, "interval": 0.01]
            let failed = try await attempt(sandbox, fence: 2, release: release, health: health).run()
            #expect(failed.status == 1 && failed.code == "unhealthy", "\(failed.log)")
            #expect(sandbox.read("seen") == "121")
            #expect(sandbox.read("site/current/a") == "1")
            #expect(releases(sandbox) == ["1-job-1"])
            #expect(failed.resources["health"] == "failed")
        }
    }

    @Test("A reload that fails puts the previous release back")
    func failedReload() async throws {
        try await Sandbox.with { sandbox in
            try sandbox.write("1", to: "input/a")
            #expect(try await attempt(sandbox, fence: 1).run().status == 0)
            let failed = try await attempt(sandbox, fence: 2, release: ["reload": ["false"]]).run()
            #expect(failed.code == "reload_failed")
            #expect(Files.readLink(sandbox.path + "/site/current") == "releases/1-job-1")
        }
    }

    @Test("A first release that is not healthy leaves no link behind")
    func unhealthyFirst() async throws {
        try await Sandbox.with { sandbox in
            try sandbox.write("1", to: "input/a")
            let health: JSON = ["tcp": .string("127.0.0.1:\(Server.freePort())"), "retries": 1]
            let failed = try await attempt(sandbox, fence: 1, health: health).run()
            #expect(failed.code == "unhealthy")
            #expect(!Files.exists(sandbox.path + "/site/current"))
            #expect(releases(sandbox) == [])
        }
    }

    @Test("A probe that hangs is ended by its timeout")
    func hangingProbe() async throws {
        try await Sandbox.with { sandbox in
            try sandbox.write("1", to: "input/a")
            let health: JSON = ["command": ["sleep", "600"], "timeout": 0.1, "retries": 1]
            let failed = try await attempt(sandbox, fence: 1, health: health).run()
            #expect(failed.code == "unhealthy" && failed.log.contains("did not end within"))
        }
    }

    @Test("HTTP decides by the status: 2xx and 3xx are healthy, 4xx is not")
    func http() async throws {
        try await Sandbox.with { sandbox in
            try await GitServer.with(sandbox) { server in
                try sandbox.write("1", to: "input/a")
                func health(_ path: String) -> JSON {
                    ["http": .string("http://127.0.0.1:\(server.port)\(path)"), "retries": 2, "interval": 0.01]
                }
                #expect(try await attempt(sandbox, fence: 1, health: health("/users")).run().status == 0)
                // A folder without its slash is answered with a redirect.
                #expect(try await attempt(sandbox, fence: 2, health: health("/input")).run().status == 0)
                let missing = try await attempt(sandbox, fence: 3, health: health("/none")).run()
                #expect(missing.code == "unhealthy" && missing.log.contains("answered 404"))
                let refused = try await attempt(sandbox, fence: 4, health: health("/git/private/x")).run()
                #expect(refused.log.contains("answered 401"))
                let path = "http://deploy:\(GitServer.token)@127.0.0.1:\(server.port)/git/private/none"
                let member: JSON = ["http": .string(path), "retries": 1]
                let allowed = try await attempt(sandbox, fence: 5, health: member).run()
                #expect(allowed.log.contains("answered 404"))
                #expect(allowed.masks == [GitServer.token] && !allowed.log.contains(GitServer.token))
            }
        }
    }

    @Test("HTTPS is healthy only with a certificate that is trusted")
    func https() async throws {
        try await Sandbox.with { sandbox in
            try sandbox.write("1", to: "input/a")
            try await sandbox.program(
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
                "-nodes",
                "-keyout",
                "key.pem",
                "-out",
                "cert.pem",
                "-days",
                "2",
                "-subj",
                "/CN=localhost",
                "-addext",
                "subjectAltName=DNS:localhost,IP:127.0.0.1"
            )
            let port = Server.freePort()
            let server = try Server(
                ["openssl", "s_server", "-accept", "127.0.0.1:\(port)", "-key", sandbox.path + "/key.pem", "-cert"]
                    + [sandbox.path + "/cert.pem", "-www", "-quiet"],
                environment: sandbox.environment,
                log: sandbox.path + "/openssl.log"
            )
            defer { server.stop() }
            try await until { await TCPProbe.connect("127.0.0.1", port: port, timeout: .seconds(1)) == nil }
            for (fence, host) in ["127.0.0.1", "localhost"].enumerated() {
                let health: JSON = ["http": .string("https://\(host):\(port)/"), "retries": 3, "interval": 0.1]
                var trusting = attempt(sandbox, fence: 10 + fence, health: health)
                trusting.variables = ["SSL_CERT_FILE": sandbox.path + "/cert.pem"]
                let trusted = try await trusting.run()
                #expect(trusted.status == 0, "\(trusted.log)")
                let distrusted = try await attempt(sandbox, fence: 20 + fence, health: health).run()
                #expect(distrusted.code == "unhealthy" && distrusted.log.contains("CERTIFICATE_VERIFY_FAILED"))
            }
        }
    }

    @Test("An attempt killed before it was healthy is undone, by its cleanup and by the next start")
    func killed() async throws {
        try await Sandbox.with { sandbox in
            try sandbox.write("1", to: "input/a")
            #expect(try await attempt(sandbox, fence: 1).run().status == 0)
            let checkout = ApplicationRecipe.Checkout(folder: sandbox.path + "/input", commit: nil)
            var options = FileReleaseOptions()
            options.path = sandbox.path + "/site"

            let second = attempt(sandbox, fence: 2)
            try await FileRelease(options, in: second.context()).start(checkout)
            #expect(Files.readLink(sandbox.path + "/site/current") == "releases/2-job-2")
            let cleanup = try #require(second.outcome().cleanups.first)
            let quiet = Log(output: open("/dev/null", O_WRONLY), error: open("/dev/null", O_WRONLY))
            let words = Array(cleanup.dropFirst(4))
            #expect(await ApplicationCleanup.run(words, environment: sandbox.environment, log: quiet) == 0)
            #expect(Files.readLink(sandbox.path + "/site/current") == "releases/1-job-1")
            #expect(releases(sandbox) == ["1-job-1"])

            try await FileRelease(options, in: attempt(sandbox, fence: 3).context()).start(checkout)
            try sandbox.write("half", to: "site/releases/.incomplete-3-job-3/a")
            try sandbox.write("newer", to: "site/releases/.incomplete-99-job-99/a")
            let next = try await attempt(sandbox, fence: 4).run()
            #expect(next.status == 0 && next.log.contains("undone: release 3-job-3"), "\(next.log)")
            #expect(releases(sandbox) == [".incomplete-99-job-99", "1-job-1", "4-job-4"])
            #expect(next.result?["previousRelease"]?.stringValue == "1-job-1")

            // After a release that went live its cleanup leaves everything as it is.
            let own = Array(try #require(next.cleanups.first).dropFirst(4))
            #expect(await ApplicationCleanup.run(own, environment: sandbox.environment, log: quiet) == 0)
            #expect(Files.readLink(sandbox.path + "/site/current") == "releases/4-job-4")
        }
    }

    @Test("An older attempt never replaces what a newer one released")
    func fence() async throws {
        try await Sandbox.with { sandbox in
            try sandbox.write("1", to: "input/a")
            #expect(try await attempt(sandbox, fence: 9).run().status == 0)
            let older = try await attempt(sandbox, fence: 8).run()
            #expect(older.status == 1 && older.code == "fenced")
            #expect(older.error?["details"]?["retryable"] == false)
            #expect(releases(sandbox) == ["9-job-9"])
            var other = attempt(sandbox, fence: 10)
            other.resourceID = "other"
            #expect(try await other.run().code == "path_taken")
        }
    }

    @Test("Restart reloads the release that is there, stop is refused")
    func actions() async throws {
        try await Sandbox.with { sandbox in
            try sandbox.write("1", to: "input/a")
            var restart = attempt(sandbox, fence: 2, release: ["reload": ["touch", "reloaded"]])
            restart.action = "restart"
            #expect(try await restart.run().code == "not_released")
            #expect(try await attempt(sandbox, fence: 1).run().status == 0)
            try sandbox.write("2", to: "input/a")
            let restarted = try await restart.run()
            #expect(restarted.status == 0 && restarted.resources["source"] == "unchanged", "\(restarted.log)")
            #expect(Files.exists(sandbox.path + "/site/reloaded") && sandbox.read("site/current/a") == "1")
            restart.action = "stop"
            #expect(try await restart.run().code == "unsupported_action")
            #expect(sandbox.read("site/current/a") == "1")
        }
    }

    @Test("A folder called current is not touched")
    func currentIsFolder() async throws {
        try await Sandbox.with { sandbox in
            try sandbox.write("1", to: "input/a")
            try sandbox.write("mine", to: "site/current/a")
            #expect(try await attempt(sandbox, fence: 1).run().code == "current_not_a_link")
            #expect(sandbox.read("site/current/a") == "mine")
        }
    }

    @Test("Without command evaluation every command, folder and file URL of the payload is refused")
    func refusal() async throws {
        try await Sandbox.with { sandbox in
            try sandbox.write("1", to: "input/a")
            let site: JSON = ["type": "files", "path": .string(sandbox.path + "/site")]
            let git: JSON = ["type": "git", "url": "https://127.0.0.1:1/a.git", "ref": "main"]
            let touch: JSON = ["touch", .string(sandbox.path + "/ran")]
            let reload: JSON = ["type": "files", "path": .string(sandbox.path + "/site"), "reload": touch]
            let payloads: [JSON] = [
                ["source": ["type": "dir", "path": .string(sandbox.path + "/input")], "release": site],
                ["source": ["type": "git", "url": .string(sandbox.path + "/input"), "ref": "main"], "release": site],
                ["source": git, "release": site, "build": ["type": "command", "command": touch]],
                ["source": git, "release": reload],
                ["source": git, "release": site, "healthCheck": ["command": touch]],
            ]
            for payload in payloads {
                var run = RecipeRun(sandbox: sandbox, payload: payload)
                run.variables = ["HOISTWAY_NO_COMMAND_EVAL": "1"]
                let outcome = try await run.run()
                #expect(outcome.status == 1 && outcome.code == "command_eval_disabled", "\(payload.text)")
                #expect(outcome.error?["details"]?["retryable"] == false)
            }
            #expect(!Files.exists(sandbox.path + "/ran") && !Files.exists(sandbox.path + "/site"))
            var plain = RecipeRun(sandbox: sandbox, payload: ["source": git, "release": site])
            plain.variables = ["HOISTWAY_NO_COMMAND_EVAL": "1"]
            #expect(try await plain.run().code == "network")
        }
    }
}
