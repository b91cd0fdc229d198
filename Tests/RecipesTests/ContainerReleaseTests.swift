import Glibc
import HoistwayModel
import Testing

@testable import Recipes

@Suite("Container releases", .serialized, .timeLimit(.minutes(5)))
struct ContainerReleaseTests {
    /// An attempt that builds `<sandbox>/input` and runs it as container `web`.
    private func attempt(
        _ daemon: DockerDaemon,
        fence: Int,
        release members: JSONObject = [:],
        build: JSONObject = [:],
        health: JSON? = ["http": "http://{container}:8080/", "interval": 0.1, "retries": 50]
    ) -> RecipeRun {
        var release: JSONObject = ["type": "container", "name": "web"]
        for member in members { release[member.key] = member.value }
        var dockerfile: JSONObject = ["type": "dockerfile"]
        for member in build { dockerfile[member.key] = member.value }
        var payload: JSONObject = [
            "source": ["type": "dir", "path": .string(daemon.sandbox.path + "/input")],
            "build": .object(dockerfile), "release": .object(release),
        ]
        if let health { payload["healthCheck"] = health }
        return RecipeRun(sandbox: daemon.sandbox, payload: .object(payload), fence: fence)
    }

    /// Writes a program for the image: a web server with one page, unless told otherwise.
    private func input(_ daemon: DockerDaemon, page: String, command: String? = nil) async throws {
        let folder = daemon.sandbox.path + "/input"
        try Files.makeDirectory(folder)
        if !Files.exists(folder + "/busybox") { try await daemon.sandbox.program("cp", "/bin/busybox", folder) }
        try daemon.sandbox.write(page, to: "input/index.html")
        let run = command ?? #"["/bin/busybox","httpd","-f","-p","8080","-h","/www"]"#
        try daemon.sandbox.write(
            """
            FROM scratch AS base
            ARG GREETING=none
            COPY busybox /bin/busybox
            STOPSIGNAL SIGKILL
            LABEL greeting=$GREETING
            CMD \(run)
            COPY index.html /www/index.html
            FROM base AS unused

            """,
            to: "input/Dockerfile"
        )
    }

    private func page(_ daemon: DockerDaemon, port: Int) async throws -> String {
        try await daemon.sandbox.program("busybox", "wget", "-q", "-O", "-", "http://127.0.0.1:\(port)/")
    }

    @Test("Built, healthy, replaced without a gap, put back, taken up after a kill")
    func lifeOfAContainer() async throws {
        try await DockerDaemon.with { daemon in
            try await firstRelease(daemon)
            try await replacement(daemon)
            try await unhealthy(daemon)
            try await killedInBetween(daemon)
            try await fencedAndForeign(daemon)
            try await restartAndStop(daemon)
        }
    }

    private func firstRelease(_ daemon: DockerDaemon) async throws {
        try await input(daemon, page: "one")
        let env: JSON = ["PLAIN": "a b", "FROM_SECRET": ["secret": "API_KEY"], "LINES": ["secret": "PEM"]]
        var run = attempt(
            daemon,
            fence: 1,
            release: ["env": env, "restart": "no"],
            build: ["target": "base", "args": ["GREETING": ["secret": "API_KEY"]]]
        )
        run.secrets = ["API_KEY": "key-77aa", "PEM": "x\ny"]
        let outcome = try await run.run()
        #expect(outcome.status == 0, "\(outcome.log)")
        #expect(try await daemon.containers() == ["web"])
        #expect(outcome.result?["container"] == "web")
        let image = try await daemon.docker("container", "inspect", "--format", "{{.Image}}", "web")
        #expect(outcome.result?["imageId"]?.stringValue == image)
        #expect(outcome.result?["image"] == "hoistway/web:1-job-1")
        let variables = try await daemon.docker("container", "inspect", "--format", "{{json .Config.Env}}", "web")
        let list = try JSON(parsing: variables).arrayValue ?? []
        #expect(list.contains("PLAIN=a b") && list.contains("FROM_SECRET=key-77aa") && list.contains("LINES=x\ny"))
        let label = #"{{index .Config.Labels "hoistway.fence"}} {{index .Config.Labels "greeting"}}"#
        #expect(try await daemon.docker("image", "inspect", "--format", label, image) == "1 key-77aa")
        #expect(outcome.resources.values.allSatisfy { $0 == "succeeded" })
        let host = daemon.sandbox.environment["DOCKER_HOST"] ?? ""
        #expect(outcome.cleanups.first?.suffix(5) == ["container", "web", "shop", "1", host])
    }

    private func replacement(_ daemon: DockerDaemon) async throws {
        let sandbox = daemon.sandbox
        try await input(daemon, page: "two")
        // While the new one is probed the old one must run: the probe sees both.
        let probe = "#!/bin/sh\ndocker ps --format '{{.Names}}' | sort | tr '\\n' ' ' > \(sandbox.path)/seen\n"
        try sandbox.write(probe, to: "probe", mode: 0o755)
        let health: JSON = ["command": [.string(sandbox.path + "/probe")]]
        let outcome = try await attempt(daemon, fence: 2, health: health).run()
        #expect(outcome.status == 0, "\(outcome.log)")
        #expect(sandbox.read("seen") == "web web-hoistway-next-2 ")
        #expect(try await daemon.containers() == ["web"])

        // With a port on the host the old one has to go first.
        let port = Server.freePort()
        let ports: JSONObject = ["ports": [.string("127.0.0.1:\(port):8080")], "keep": 2]
        let http: JSON = ["http": .string("http://127.0.0.1:\(port)/"), "interval": 0.1, "retries": 50]
        let published = try await attempt(daemon, fence: 3, release: ports, health: http).run()
        #expect(published.status == 0, "\(published.log)")
        #expect(!published.log.contains("stopped first"))
        try await input(daemon, page: "three")
        let again = try await attempt(daemon, fence: 4, release: ports, health: http).run()
        #expect(again.status == 0 && again.log.contains("stopped first"), "\(again.log)")
        #expect(try await page(daemon, port: port) == "three")
        let tags = try await daemon.docker("image", "ls", "--format", "{{.Tag}}", "hoistway/web")
        #expect(Set(tags.split(separator: "\n")) == ["3-job-3", "4-job-4"])

        // The new one fails on the same port: the old one is started again.
        try await input(daemon, page: "bad", command: #"["/bin/busybox","sleep","600"]"#)
        let short: JSON = ["http": .string("http://127.0.0.1:\(port)/"), "interval": 0.05, "retries": 2, "timeout": 1]
        let failed = try await attempt(daemon, fence: 5, release: ports, health: short).run()
        #expect(failed.status == 1 && failed.code == "unhealthy", "\(failed.log)")
        try await until { (try? await page(daemon, port: port)) == "three" }
        #expect(try await daemon.containers() == ["web"])
        let left = try await daemon.docker("image", "ls", "--format", "{{.Tag}}", "hoistway/web")
        #expect(Set(left.split(separator: "\n")) == ["3-job-3", "4-job-4"])
    }

    private func unhealthy(_ daemon: DockerDaemon) async throws {
        let before = try await daemon.docker("container", "inspect", "--format", "{{.Id}}", "web")
        try await input(daemon, page: "bad", command: #"["/bin/busybox","sh","-c","echo its last words"]"#)
        let ended = try await attempt(daemon, fence: 6).run()
        #expect(ended.code == "unhealthy" && ended.log.contains("its last words"), "\(ended.log)")
        let unprobed = try await attempt(daemon, fence: 7, health: nil).run()
        #expect(unprobed.code == "unhealthy", "\(unprobed.log)")
        let broken = try await attempt(daemon, fence: 7, build: ["target": "no-such-stage"]).run()
        #expect(broken.code == "build_failed", "\(broken.log)")
        #expect(try await daemon.docker("container", "inspect", "--format", "{{.Id}}", "web") == before)
        #expect(try await daemon.containers() == ["web"])
    }

    private func killedInBetween(_ daemon: DockerDaemon) async throws {
        let before = try await daemon.docker("container", "inspect", "--format", "{{.Id}}", "web")
        try await input(daemon, page: "four")
        let port = try await daemon.docker("container", "port", "web", "8080/tcp").split(separator: ":").last ?? ""
        let ports: JSONObject = ["ports": [.string("127.0.0.1:\(port):8080")]]
        let run = attempt(daemon, fence: 8, release: ports)
        let context = try run.context()
        let payload = try ApplicationPayload(parsing: context.payload)
        guard case .container(let options) = payload.release, case .dockerfile(let dockerfile) = payload.build else {
            Issue.record("the payload is not read as a container")
            return
        }
        let release = ContainerRelease(options, docker: Docker(context: context), in: context)
        let checkout = ApplicationRecipe.Checkout(folder: daemon.sandbox.path + "/input", commit: nil)
        try await release.build(dockerfile, checkout)
        try await release.start(checkout)
        // Here the attempt is killed: the old one stands stopped beside the new one.
        #expect(try await daemon.containers() == ["web-hoistway-last-8", "web-hoistway-next-8"])
        let cleanup = try #require(run.outcome().cleanups.first)
        let quiet = Log(output: open("/dev/null", O_WRONLY), error: open("/dev/null", O_WRONLY))
        let environment = daemon.sandbox.environment.filter { $0.key != "DOCKER_HOST" }
        let status = await ApplicationCleanup.run(Array(cleanup.dropFirst(4)), environment: environment, log: quiet)
        #expect(status == 0)
        #expect(try await daemon.containers() == ["web"])
        let state = try await daemon.docker("container", "inspect", "--format", "{{.Id}} {{.State.Running}}", "web")
        #expect(state == before + " true")
    }

    private func fencedAndForeign(_ daemon: DockerDaemon) async throws {
        let older = try await attempt(daemon, fence: 1).run()
        #expect(older.status == 1 && older.code == "fenced", "\(older.log)")
        var other = attempt(daemon, fence: 20)
        other.resourceID = "another"
        #expect(try await other.run().code == "name_taken")
        #expect(try await daemon.containers() == ["web"])
    }

    private func restartAndStop(_ daemon: DockerDaemon) async throws {
        let format = "{{.State.StartedAt}} {{.State.Running}}"
        let before = try await daemon.docker("container", "inspect", "--format", format, "web")
        var run = attempt(daemon, fence: 30)
        run.action = "restart"
        let restarted = try await run.run()
        #expect(restarted.status == 0 && restarted.resources["health"] == "succeeded", "\(restarted.log)")
        let after = try await daemon.docker("container", "inspect", "--format", format, "web")
        #expect(after != before && after.hasSuffix("true"))
        run.action = "stop"
        #expect(try await run.run().status == 0)
        #expect(try await daemon.docker("container", "inspect", "--format", format, "web").hasSuffix("false"))
        #expect(try await run.run().status == 0)
    }

    @Test("Without a client or a daemon the job says what is missing")
    func absent() async throws {
        try await Sandbox.with { sandbox in
            let payload: JSON = [
                "source": ["type": "dir", "path": "/"], "build": ["type": "dockerfile"],
                "release": ["type": "container", "name": "web"],
            ]
            var run = RecipeRun(sandbox: sandbox, payload: payload)
            run.variables = ["DOCKER_HOST": "unix://\(sandbox.path)/none.sock"]
            let silent = try await run.run()
            #expect(silent.status == 1 && silent.code == "docker_unavailable", "\(silent.log)")
            #expect(silent.error?["message"]?.stringValue?.contains("none.sock") == true)
            run.variables = ["PATH": sandbox.path]
            let missing = try await run.run()
            #expect(missing.status == 1 && missing.code == "docker_unavailable", "\(missing.log)")
            #expect(missing.error?["details"]?["retryable"] == false)
        }
    }
}
