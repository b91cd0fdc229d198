import Glibc
import HoistwayModel
import TestSupport
import Testing

/// Everything in one process, and nothing lost when that process dies.
@Suite(.timeLimit(.minutes(3)), .serialized)
struct UpTests {
    /// An `up` in a folder of its own.
    private struct Place {
        let directory: TemporaryDirectory
        let port = Int.random(in: 20_000..<28_000)
        var data: String { "\(directory.path)/data" }
        var recipes: String { "\(directory.path)/recipes" }

        init() throws {
            directory = try TemporaryDirectory()
            mkdir("\(directory.path)/recipes", 0o755)
            try write(
                "#!/bin/sh\necho begin; while [ ! -e \(directory.path)/gate ]; do sleep 0.05; done; exit 5\n",
                "backup"
            )
        }

        func write(_ text: String, _ recipe: String) throws {
            let file = open("\(recipes)/\(recipe)", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o755)
            guard file >= 0 else { throw SystemError("open", errno) }
            defer { close(file) }
            Glibc.write(file, text, text.utf8.count)
        }

        func touch(_ name: String) { close(open("\(directory.path)/\(name)", O_CREAT | O_WRONLY | O_CLOEXEC, 0o600)) }

        func up(_ name: String, port: Int? = nil) async throws -> RunningProgram {
            let program = try await Program.start(
                ["up", "--data", data, "--recipes", recipes, "--redis-port", "\(port ?? self.port)"],
                log: "\(directory.path)/\(name).log"
            )
            try await eventually("up to be ready", timeout: .seconds(30)) {
                try await run("workers").output.contains(" running ")
            }
            return program
        }

        func run(_ words: String...) async throws -> Program.Result {
            try await Program.run(words, environment: ["HOISTWAY_DATA": data])
        }

        func redisPid() async throws -> String {
            let info = try await run("redis-cli", "INFO", "server").output
            let line = info.split(whereSeparator: \.isNewline).first { $0.hasPrefix("process_id:") }
            return String(try #require(line, "\(info)").dropFirst("process_id:".count))
        }
    }

    @Test func livesThroughItsOwnDeath() async throws {
        let place = try Place()
        let first = try await place.up("first")
        var status = stat()
        #expect(stat("\(place.data)/redis.url", &status) == 0 && status.st_mode & 0o777 == 0o600)
        let url = try #require(Site.text("\(place.data)/redis.url"))
        #expect(try await place.run("list").status == 0)
        #expect(
            try await Program.run(["list", "--redis", "redis://127.0.0.1:\(place.port)"]).status == 69,
            "no password"
        )
        #expect(try await place.run("enqueue", "backup", "db", "--id", "job").status == 0)
        try await eventually("it to run") { try await place.run("list", "--status", "running").output.contains("job") }
        let redis = try await place.redisPid()
        let pid = try JSON(parsing: try await place.run("status", "job", "--json").output)["pid"]

        // Whoever does not name the folder finds it by what runs; where another suite's runs too, either may be found.
        let elsewhere = try await Program.run(["list"], environment: ["HOISTWAY_DATA": "\(place.data)-absent"])
        #expect(elsewhere.status == 0, "\(elsewhere)")

        let second = try await Program.run(["up", "--data", place.data])
        #expect(second.status == 1 && second.errors.contains("\(first.pid)"), "\(second)")

        try await first.end(SIGKILL)
        #expect(isAlive(try #require(pid_t(redis))))
        let third = try await place.up("third")
        #expect(try await place.redisPid() == redis)
        #expect(Site.text("\(place.data)/redis.url") == url)
        let job = try JSON(parsing: try await place.run("status", "job", "--json").output)
        #expect(job["status"] == "running" && job["pid"] == pid && job["attempt"] == 1)
        place.touch("gate")
        #expect(try await place.run("wait", "job", "--timeout", "20s").status == 1)
        let ended = try JSON(parsing: try await place.run("status", "job", "--json").output)
        #expect(ended["exitCode"] == 5 && ended["attempt"] == 1)

        third.send(SIGTERM)
        #expect(try await third.waitForEnd() == 0)
        #expect(!isAlive(try #require(pid_t(redis))))
        let fourth = try await place.up("fourth")
        #expect(try await place.run("status", "job").output.contains("failed"), "its data outlives it")
        #expect(try await place.run("logs", "job").output.contains("INFO begin"))
        fourth.send(SIGTERM)
        #expect(try await fourth.waitForEnd() == 0)
    }

    @Test func redisThatDiesIsStartedAgain() async throws {
        let place = try Place()
        let up = try await place.up("up")
        #expect(try await place.run("enqueue", "backup", "db", "--id", "job").status == 0)
        try await eventually("it to run") { try await place.run("list", "--status", "running").output.contains("job") }
        let redis = try await place.redisPid()
        kill(try #require(pid_t(redis)), SIGKILL)
        place.touch("gate")
        try await eventually("the end of the job", timeout: .seconds(30)) {
            try await place.run("list", "--status", "error").output.contains("job")
        }
        #expect(try await place.redisPid() != redis)
        up.send(SIGTERM)
        #expect(try await up.waitForEnd() == 0)
    }

    @Test func portInUse() async throws {
        let place = try Place()
        let first = try await place.up("first")
        let other = try Place()
        let result = try await Program.run(["up", "--data", other.data, "--redis-port", "\(place.port)"])
        #expect(result.status == 1 && result.errors.contains("--redis-port"), "\(result)")
        #expect(result.errors.split(separator: "\n").count == 1)
        first.send(SIGTERM)
        #expect(try await first.waitForEnd() == 0)
    }
}
