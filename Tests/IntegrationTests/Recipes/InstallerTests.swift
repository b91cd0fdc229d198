import Glibc
import HoistwayModel
import TestSupport
import Testing

/// Deploy sessions as a client sees them: over HTTP, with the built-in recipe in a real worker.
@Suite(.redis, .timeLimit(.minutes(4))) struct InstallerTests {
    private func post(_ url: String, _ body: JSON? = nil) async throws -> (status: Int, json: JSON) {
        let (status, text) = try await curl(
            "-X",
            "POST",
            url,
            "-H",
            "Content-Type: application/json",
            "-d",
            body?.text ?? ""
        )
        return (status, try JSON(parsing: text))
    }

    private func get(_ url: String) async throws -> JSON { try JSON(parsing: try await curl(url).body) }

    /// Waits until the current session stands so.
    private func status(_ deploy: String, _ word: String) async throws -> JSON {
        var status: JSON = nil
        try await eventually("the session to be \(word)") {
            status = try await get("\(deploy)/status")
            return status["status"]?.stringValue == word
        }
        return status["session"] ?? nil
    }

    @Test func aSessionIsPolledToItsEnd() async throws {
        try await Site.with { site async throws in
            let (program, url) = try await site.api(["--no-auth"])
            let worker = try await site.worker()
            let deploy = "\(url)/api/v1/installer/deploy"
            #expect(try await get("\(deploy)/status") == ["status": "idle", "session": nil])
            let up = "\(site.directory.path)/up"
            let payload: JSON = [
                "components": [
                    [
                        "name": "postgresql", "run": "echo installing >&2", "weight": 55,
                        "endpoint": "192.168.1.10:5432", "check": ["command": ["true"]],
                    ],
                    [
                        "name": "web", "phase": "starting-web", "run": ["echo", "started"], "weight": 45,
                        "check": ["command": ["test", "-e", .string(up)], "interval": 0.05],
                    ],
                ]
            ]
            let started = try await post(deploy, ["payload": payload])
            #expect(started.status == 202)
            let id = try #require(started.json["id"]?.stringValue)
            async let stream = curl("-N", "\(deploy)/\(id)/logs")
            var session: JSON = nil
            try await eventually("the second component") {
                session = try await get("\(deploy)/status")["session"] ?? nil
                return session["currentComponent"] == "web"
            }
            #expect(session["status"] == "running" && session["progress"] == 55)
            #expect(session["currentPhase"] == "starting-web" && session["completedAt"] == .null)
            let registrations = session["registrations"]?.arrayValue ?? []
            #expect(registrations.map { $0["status"] } == ["registered", "pending"])
            #expect(registrations.first?["endpoint"] == "192.168.1.10:5432")
            #expect(try await post(deploy).status == 409)
            site.touch("up")
            session = try await status(deploy, "success")
            #expect(session["progress"] == 100)
            #expect(session["registrations"]?.arrayValue?.map { $0["status"] } == ["registered", "registered"])
            let warning = session["logs"]?.arrayValue?.first { $0["message"] == "installing" }
            #expect(warning?["level"] == "WARN" && warning?["time"] != .null)
            let text = try await stream.body
            #expect(text.contains("event: log\n") && text.contains(#""message":"started""#))
            #expect(text.contains("event: end\n") && text.contains(#""status":"success""#))
            let operation = try await get("\(url)/operations/\(id)")
            #expect(operation["status"] == "succeeded" && operation["operation"] == "installer.deploy")
            #expect(operation["result"]?["installed"] == ["postgresql", "web"])
            #expect(operation["progress"]?["summary"]?["succeeded"] == 2)
            try await worker.end(SIGTERM)
            try await program.end(SIGTERM)
        }
    }

    @Test func aRetryGoesOnWithTheComponentThatFailed() async throws {
        try await Site.with { site async throws in
            let (program, url) = try await site.api(["--no-auth"])
            let worker = try await site.worker()
            let deploy = "\(url)/api/v1/installer/deploy"
            func component(_ name: String, _ more: String = "") -> JSON {
                ["name": .string(name), "script": .string("echo \(name) >> \(site.directory.path)/ran\(more)")]
            }
            let failing = component("two", "; test -e \(site.directory.path)/fixed")
            let payload: JSON = ["components": [component("one"), failing, component("three")]]
            let first = try await post(deploy, ["installerId": "east", "payload": payload]).json["id"]?.stringValue
            let failed = try await status(deploy, "failed")
            #expect(failed["registrations"]?.arrayValue?.map { $0["status"] } == ["registered", "failed", "pending"])
            let operation = try await get("\(url)/operations/\(try #require(first))")
            #expect(operation["error"]?["code"] == "component_failed")
            #expect(operation["error"]?["details"]?["causedBy"] == "two")
            site.touch("fixed")
            let retry = try await post("\(deploy)/\(try #require(first))/retry")
            #expect(retry.status == 202)
            let session = try await status(deploy, "success")
            #expect(session["id"] == retry.json["id"])
            #expect(site.lines("ran") == ["one", "two", "two", "three"])
            #expect(
                session["registrations"]?.arrayValue?.first?["registeredAt"]
                    == failed["registrations"]?.arrayValue?.first?["registeredAt"]
            )
            try await worker.end(SIGTERM)
            try await program.end(SIGTERM)
        }
    }

    @Test func aCancelledSessionLeavesNothingBehind() async throws {
        try await Site.with { site async throws in
            let (program, url) = try await site.api(["--no-auth"])
            let worker = try await site.worker()
            let deploy = "\(url)/api/v1/installer/deploy"
            let payload: JSON = ["components": [["name": "db", "run": ["sleep", "1000"]]]]
            let id = try #require(try await post(deploy, ["payload": payload]).json["id"]?.stringValue)
            try await eventually("the command to run") { site.processes(of: id).count > 1 }
            #expect(try await post("\(deploy)/\(id)/cancel").status == 202)
            let session = try await status(deploy, "cancelled")
            #expect(session["id"]?.stringValue == id && site.processes(of: id).isEmpty)
            try await worker.end(SIGTERM)
            try await program.end(SIGTERM)
        }
    }

    /// A recipe that says no time has its registrations dated, and another worker does not date them anew.
    @Test func aRegistrationKeepsItsTimeWhenAnotherWorkerTakesOver() async throws {
        try await Site.with { site async throws in
            try site.recipe(
                "installer",
                """
                echo '{"registration":{"name":"db","endpoint":"h:1","status":"registered"}}' >&3
                \(site.awaiting("go"))
                echo '{"registration":{"name":"web","status":"registered"}}' >&3
                """
            )
            let first = try await site.worker()
            try await site.push("installer", #"{"id":"job","installerId":"i"}"#)
            try await eventually("the registration") { try await site.field("job", "registrations") != nil }
            let before = try await site.document("job", "registrations").arrayValue?.first
            #expect(before?["registeredAt"]?.stringValue.flatMap { Timestamp(parsing: $0) } != nil)
            try await first.end(SIGKILL)
            let second = try await site.worker()
            site.touch("go")
            _ = try await site.ended("job")
            let after = try await site.document("job", "registrations").arrayValue ?? []
            #expect(after.count == 2 && after.first == before && after.last?["registeredAt"] != nil)
            try await second.end(SIGTERM)
        }
    }

    /// On a server the components are installed there, and a retry goes on there, too.
    @Test func aSessionOnAServer() async throws {
        try await RemoteSite.with { remote async throws in
            let site = remote.site
            let worker = try await remote.worker()
            let folder = site.directory.path
            let payload: JSON = [
                "components": [
                    ["name": "one", "script": .string("echo $HOISTWAY_SERVER_ID >> \(folder)/ran"), "check": ["true"]],
                    ["name": "two", "script": .string("echo two >> \(folder)/ran; test -e \(folder)/fixed")],
                ]
            ]
            let failed = try await remote.run("installer", "first", #""payload":\#(payload.text)"#)
            #expect(failed["reason"] == "failed" && failed["component"] == "two", "\(failed)")
            let before = try await site.document("first", "registrations").arrayValue ?? []
            #expect(before.map { $0["status"] } == ["registered", "failed"])
            site.touch("fixed")
            let answer = try await site.order(#""command":"retry","id":"first""#)
            let second = try #require(answer["id"]?.stringValue)
            let done = try await site.ended(second)
            #expect(done["status"] == "done", "\(done)")
            #expect(site.lines("ran") == ["far", "two", "two"])
            #expect(try await site.document(second, "registrations").arrayValue?.first == before.first)
            try await worker.end(SIGTERM)
        }
    }

    @Test func withoutCommandEvaluationNothingIsInstalled() async throws {
        try await Site.with { site async throws in
            let worker = try await site.worker(["--no-command-eval"])
            let payload = #""payload":{"components":[{"name":"a","run":["touch","\#(site.directory.path)/ran"]}]}"#
            let job = try await site.run("installer", "job", payload)
            #expect(job["reason"] == "failed" && (job["error"] ?? "").contains("command_eval_disabled"))
            #expect(access("\(site.directory.path)/ran", F_OK) != 0)
            try await worker.end(SIGTERM)
        }
    }
}
