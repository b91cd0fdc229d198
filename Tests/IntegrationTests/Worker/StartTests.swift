import Glibc
import HoistwayModel
import RESP
import TestSupport
import Testing

/// What a worker refuses to start on, in words that help.
@Suite(.redis, .timeLimit(.minutes(3)))
struct StartTests {
    private func start(_ site: Site, _ options: [String] = []) async throws -> Program.Result {
        try await Program.run(
            ["worker", "--redis", site.url, "--prefix", site.prefix, "--data", site.data, "--recipes", site.recipes]
                + options
        )
    }

    @Test func secondOnADataFolder() async throws {
        try await Site.with { site in
            let first = try await site.worker()
            let second = try await start(site)
            #expect(second.status == 1)
            #expect(second.errors.contains("\(first.pid)"), "\(second.errors)")
            #expect(second.errors.split(separator: "\n").count == 1)
            let id = try #require(Site.text("\(site.data)/worker-id"))
            #expect(try await site.hash("worker:\(id)")["pid"] == String(first.pid))
            try await first.end(SIGTERM)
        }
    }

    @Test func newerSchema() async throws {
        try await Site.with { site in
            let worker = try await site.worker()
            try await worker.end(SIGTERM)
            let meta = try await site.hash("meta")
            #expect(meta["schema"] != nil && meta["minReader"] != nil)
            try await site.send(["HSET", "\(site.prefix):meta", "schema", "99", "minReader", "99"])
            for result in [try await start(site), try await site.hoistway("list")] {
                #expect(result.status == 69)
                #expect(result.errors.contains("99") && result.errors.contains("install"), "\(result.errors)")
            }
        }
    }

    @Test func dataFolderThatCannotBeWritten() async throws {
        try await Site.with { site in
            _ = try site.write("a file", to: "file")
            for folder in ["\(site.directory.path)/file", "\(site.directory.path)/file/data", "/proc/hoistway"] {
                let result = try await Program.run(["worker", "--redis", site.url, "--data", folder])
                #expect(result.status == 1, "\(folder)")
                #expect(result.errors.contains(folder) && result.errors.contains("--data"), "\(result.errors)")
            }
        }
    }

    @Test func wrongOptions() async throws {
        try await Site.with { site in
            let wrong = [
                ["--slots", "0"], ["--slots", "many"], ["--on-stop", "explode"], ["--types", "a/b"], ["--node", "a b"],
                ["--fence-after", "soon"], ["--surprise"], ["--config", "/no/such/file"],
            ]
            for options in wrong {
                let result = try await start(site, options)
                #expect(result.status == 64, "\(options): \(result)")
                #expect(!result.errors.isEmpty)
            }
            let path = try site.write("wroker: {slots: 4}\n", to: "hoistway.yaml")
            let result = try await start(site, ["--config", path])
            #expect(result.status == 64 && result.errors.contains("wroker") && result.errors.contains("worker"))
        }
    }

    @Test func unreachableRedisIsWaitedFor() async throws {
        try await Site.with { site in
            let worker = try await Program.start(
                ["worker", "--redis", "redis://127.0.0.1:1", "--data", site.data],
                log: "\(site.directory.path)/lonely"
            )
            try await eventually("a message") { worker.printed.contains("trying again") }
            worker.send(SIGTERM)
            #expect(try await worker.waitForEnd() == 0)
        }
    }

    @Test func environmentOverridesConfiguration() async throws {
        try await Site.with { site in
            let path = try site.write("worker: {slots: 3, node: a}\n", to: "hoistway.yaml")
            let worker = try await site.worker(
                ["--config", path, "--node", "b"],
                environment: ["HOISTWAY_WORKER_SLOTS": "7", "HOISTWAY_WORKER_NODE": "c"]
            )
            let id = try #require(Site.text("\(site.data)/worker-id"))
            let fields = try await site.hash("worker:\(id)")
            #expect(fields["slots"] == "7" && fields["node"] == "b" && fields["state"] == "running")
            for name in ["host", "types", "servers", "running", "startedAt", "heartbeatAt", "version"] {
                #expect(fields[name] != nil, "\(name)")
            }
            #expect(try await site.send(["SISMEMBER", "\(site.prefix):workers", .string(id)]).int == 1)
            try await worker.end(SIGTERM)
            let again = try await site.worker()
            #expect(Site.text("\(site.data)/worker-id") == id)
            try await again.end(SIGTERM)
        }
    }
}
