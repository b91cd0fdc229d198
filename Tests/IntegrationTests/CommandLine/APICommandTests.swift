import Glibc
import HoistwayModel
import RESP
import RedisClient
import TestSupport
import Testing

/// `hoistway api` and `hoistway token` as a shell sees them, with curl as the client.
@Suite(.redis, .timeLimit(.minutes(4))) struct APICommandTests {
    private func api(_ site: Site, _ options: [String] = []) async throws -> (program: RunningProgram, url: String) {
        let log = "\(site.directory.path)/api.log"
        let listen = options.contains("--listen") ? [] : ["--listen", "127.0.0.1:0"]
        let program = try await Program.start(
            ["api", "--redis", site.url, "--prefix", site.prefix] + listen + options,
            log: log
        )
        try await eventually("the API to listen") { program.printed.contains("the API is at ") }
        let text = program.printed
        let start = try #require(text.firstRange(of: "the API is at "))
        return (program, String(text[start.upperBound...].prefix { !$0.isNewline }))
    }

    private func curl(_ arguments: String...) async throws -> (status: Int, body: String) {
        let result = try await Program.run(["-sS", "-w", "\n%{http_code}"] + arguments, of: "/usr/bin/curl")
        let lines = result.output.split(separator: "\n", omittingEmptySubsequences: false)
        return (Int(lines.last ?? "") ?? 0, lines.dropLast().joined(separator: "\n"))
    }

    @Test func aTokenIsMadeUsedShownAndRevoked() async throws {
        try await Site.with { site async throws in
            let (program, url) = try await api(site)
            let made = try await site.hoistway("token", "create", "--scope", "enqueue", "--scope", "read", "--json")
            let token = try JSON(parsing: made.output)
            #expect(token.objectValue?.keys == ["id", "token", "scopes", "createdAt"])
            #expect(token["scopes"] == ["read", "enqueue"])
            let text = try #require(token["token"]?.stringValue)
            let id = try #require(token["id"]?.stringValue)
            #expect(text.utf8.count == 64)
            let header = "Authorization: Bearer \(text)"
            #expect(try await curl("\(url)/api/v1/jobs").status == 401)
            #expect(try await curl("\(url)/api/v1/jobs", "-H", header).status == 200)
            let listed = try await site.hoistway("token", "list")
            #expect(listed.output.contains(id) && !listed.output.contains(text))
            #expect(try await site.hoistway("token", "revoke", id).status == 0)
            try await eventually("the token to be refused") {
                try await curl("\(url)/api/v1/jobs", "-H", header).status == 401
            }
            #expect(try await site.hoistway("token", "revoke", id).status == 2)
            #expect(try await site.hoistway("token", "create", "--scope", "all").status == 64)
            #expect(try await site.hoistway("token", "create").status == 64)
            try await program.end(SIGTERM)
            #expect(!program.printed.contains(text))
        }
    }

    /// A job goes through: over HTTP in, run by a worker, its log out of the worker's file.
    @Test func aJobRunsAndItsLogIsFollowed() async throws {
        try await Site.with { site async throws in
            try site.recipe("application", "echo hello; echo again; echo $HOISTWAY_ACTION ${HOISTWAY_ROLLBACK_OF-none}")
            let (program, url) = try await api(site, ["--no-auth"])
            let worker = try await site.worker()
            let document = #"{"type":"application","applicationId":"a","id":"j"}"#
            let json = "Content-Type: application/json"
            let accepted = try await curl("\(url)/api/v1/jobs", "-H", json, "-d", document)
            #expect(accepted.status == 202, "\(accepted.body)")
            let stream = try await curl("-N", "\(url)/api/v1/jobs/j/logs/stream")
            #expect(stream.body.contains("INFO hello\n") && stream.body.contains("INFO again\n"))
            #expect(stream.body.contains("event: end\n"))
            let done = try await curl("\(url)/api/v1/jobs/j?wait=30")
            #expect(try JSON(parsing: done.body)["status"] == "done")
            // Long after its copy is gone the log is read from its file.
            _ = try await site.client.send(["DEL", "\(site.prefix):job:j:log"])
            let log = try await curl("\(url)/api/v1/jobs/j/logs?tail=1")
            #expect(log.status == 200 && log.body.contains("INFO update none"))
            let again = try await site.hoistway("rollback", "j")
            #expect(again.status == 0)
            let id = again.output.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
            try await site.wait(for: id, "done")
            #expect(try await site.field(id, "rollbackOf") == "j")
            #expect(try await curl("\(url)/api/v1/jobs/\(id)/logs").body.contains("INFO rollback j"))
            #expect(try await site.hoistway("rollback", "nobody").status == 2)
            try await worker.end(SIGTERM)
            try await program.end(SIGTERM)
        }
    }

    @Test func itMakesJobsOfWhatIsPushedWithoutAWorker() async throws {
        try await Site.with { site async throws in
            let (program, _) = try await api(site)
            try await site.push("application", #"{"id":"pushed","applicationId":"a"}"#)
            try await site.wait(for: "pushed", "pending")
            try await site.control(#"{"command":"kill","id":"pushed"}"#)
            try await site.wait(for: "pushed", "error")
            program.send(SIGTERM)
            #expect(try await program.waitForEnd() == 0)
        }
    }

    @Test func whatCannotBeIsSaid() async throws {
        try await Site.with { site async throws in
            for options in [
                ["--no-auth", "--listen", "0.0.0.0:0"], ["--listen", "nowhere"], ["--tls-cert", "x.pem"],
            ] {
                let result = try await Program.run(["api", "--redis", site.url] + options)
                #expect(result.status == 64, "\(options): \(result.errors)")
                #expect(result.errors.split(separator: "\n").count == 1)
            }
            let (program, url) = try await api(site)
            let address = String(url.dropFirst("http://".count))
            let second = try await Program.run(["api", "--redis", site.url, "--listen", address])
            #expect(second.status == 1 && second.errors.contains("cannot listen on \(address)"), "\(second.errors)")
            let gone = try await Program.run(["api", "--redis", "redis://127.0.0.1:1", "--listen", "127.0.0.1:0"])
            #expect(gone.status == 69)
            try await program.end(SIGTERM)
        }
    }
}
