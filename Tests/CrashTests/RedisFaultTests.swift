import Glibc
import RESP
import RedisClient
import TestSupport
import Testing

/// A Redis that is away, forgets, refuses, or breaks connections. Each test has one of its own.
@Suite(.timeLimit(.minutes(5)), .serialized)
struct RedisFaultTests {
    private func withSite(_ body: (Site) async throws -> Void) async throws {
        let redis = try await RedisServer.start()
        try await RedisServer.$current.withValue(redis) { try await Site.with { try await body($0) } }
        try await redis.stop(SIGKILL)
    }

    private func gated(_ site: Site) throws {
        try site.recipe(
            "backup",
            """
            echo $HOISTWAY_JOB_ID >> \(site.directory.path)/effects
            while [ ! -e \(site.directory.path)/gate ]; do sleep 0.05; done
            """
        )
    }

    private func open(_ site: Site) { close(Glibc.open("\(site.directory.path)/gate", O_CREAT | O_WRONLY, 0o600)) }

    /// An outage longer than every lease ends nothing.
    @Test func anOutageEndsNothing() async throws {
        let redis = try await RedisServer.start(RedisServer.Options(appendOnly: true))
        try await RedisServer.$current.withValue(redis) {
            try await Site.with { site in
                try gated(site)
                let worker = try await site.worker(leases, environment: margin)
                try await site.push("backup", #"{"id":"job","backupId":"a"}"#)
                try await site.wait(for: "job", "running")
                try await redis.stop(SIGKILL)
                // Longer than lease and margin together.
                try await Task.sleep(for: .seconds(8))
                #expect(!site.processes(of: "job").isEmpty)
                // A worker that comes back during the outage keeps it alive as well.
                try await worker.end(SIGKILL)
                let second = try await site.worker(
                    leases,
                    environment: margin,
                    awaitsReadiness: false
                )
                try await Task.sleep(for: .seconds(8))
                #expect(!site.processes(of: "job").isEmpty)
                try await redis.restart()
                open(site)
                try await site.wait(for: "job", "done", timeout: .seconds(60))
                #expect(site.lines("effects") == ["job"])
                try await second.end(SIGTERM)
            }
        }
        try await redis.stop(SIGKILL)
    }

    @Test func everythingForgotten() async throws {
        try await withSite { site in
            try gated(site)
            let worker = try await site.worker(leases, environment: margin)
            try await site.push("backup", #"{"id":"job","backupId":"a","payload":{"x":1}}"#)
            try await site.wait(for: "job", "running")
            let fence = try await site.field("job", "fence")
            try await eventually("the fence to be kept on disk") {
                Site.text("\(site.data)/fence")?.hasPrefix(fence ?? "-") == true
            }
            _ = try await site.client.send(["FLUSHALL"])
            try await site.push("backup", #"{"id":"next","backupId":"a"}"#)
            try await site.push("backup", #"{"id":"other","backupId":"b"}"#)
            try await site.wait(for: "job", "running")
            #expect(try await site.field("job", "fence") == fence)
            #expect(try await site.field("job", "payload") == #"{"x":1}"#)
            #expect(try await site.history("job") == ["restored"])
            try await eventually("a loud word in the log") { worker.printed.contains("Redis has lost data") }
            try await site.wait(for: "other", "running", timeout: .seconds(60))
            #expect(site.lines("effects") == ["job", "other"])
            #expect(try await site.field("next", "reason") == "blocked")
            open(site)
            for id in ["job", "next", "other"] { try await site.wait(for: id, "done") }
            #expect(site.lines("effects").sorted() == ["job", "next", "other"])
            try await worker.end(SIGTERM)
        }
    }

    @Test func anOldDump() async throws {
        try await withSite { site in
            try gated(site)
            let worker = try await site.worker(leases + ["--slots", "1"], environment: margin)
            try await site.push("backup", #"{"id":"first","backupId":"a"}"#)
            try await site.wait(for: "first", "running")
            try await site.push("backup", #"{"id":"second","backupId":"a"}"#)
            try await eventually("the second to wait") { try await site.field("second", "reason") == "blocked" }
            _ = try await site.client.send(["SAVE"])
            open(site)
            try await site.wait(for: "first", "done")
            try await site.wait(for: "second", "done")
            unlink("\(site.directory.path)/gate")
            try await site.push("backup", #"{"id":"third","backupId":"a"}"#)
            try await site.wait(for: "third", "running")
            try await site.redis.restart()
            // The dump has the first running and the second waiting; their ends are told again, the third is written back.
            try await eventually("the third to be back", timeout: .seconds(60)) {
                (try? await site.field("third", "status")) == "running"
            }
            try await site.wait(for: "first", "done", timeout: .seconds(60))
            open(site)
            try await site.wait(for: "third", "done", timeout: .seconds(60))
            try await site.wait(for: "second", "done", timeout: .seconds(60))
            #expect(site.lines("effects").filter { $0 == "first" || $0 == "third" } == ["first", "third"])
            try await worker.end(SIGTERM)
        }
    }

    /// A Redis that loads its data refuses like one that is away: nothing ends meanwhile.
    @Test func aRedisThatLoads() async throws {
        let redis = try await RedisServer.start()
        try await RedisServer.$current.withValue(redis) {
            try await Site.with { site in
                try gated(site)
                let worker = try await site.worker(leases, environment: margin)
                try await site.push("backup", #"{"id":"job","backupId":"a"}"#)
                try await site.wait(for: "job", "running")
                // Redis answers while it loads after each 1024 bytes, of which its handshake must not need too many.
                _ = try await site.client.send(["CONFIG", "SET", "rdbcompression", "no"])
                let value = String(repeating: "x", count: 500)
                for index in 0..<3000 { _ = try await site.client.send(["SET", "filler:\(index)", .string(value)]) }
                _ = try await site.client.send(["SAVE"])
                try await redis.stop(SIGKILL)
                // 3000 keys and more at 4 ms each: longer than lease and margin together.
                let slowly = ["--key-load-delay", "4000", "--loading-process-events-interval-bytes", "1024"]
                try await redis.begin(adding: slowly)
                try await Task.sleep(for: .seconds(9))
                #expect(!site.processes(of: "job").isEmpty)
                open(site)
                try await site.wait(for: "job", "done", timeout: .seconds(90))
                #expect(site.lines("effects") == ["job"])
                try await worker.end(SIGTERM)
            }
        }
        try await redis.stop(SIGKILL)
    }

    /// Scripts forgotten, connections killed, memory full, a replica, a script that hangs: every job has its effect once.
    @Test func oneThingAfterTheOther() async throws {
        try await withSite { site in
            try site.recipe("backup", "echo $HOISTWAY_JOB_ID >> \(site.directory.path)/effects; sleep 0.2")
            let worker = try await site.worker(["--slots", "3", "--fence-after", "20s"])
            let faults: [[[RedisArgument]]] = [
                [["SCRIPT", "FLUSH"]],
                [["CLIENT", "KILL", "TYPE", "normal"]],
                [["CONFIG", "SET", "maxmemory", "1"]],
                [["CONFIG", "SET", "maxmemory", "0"], ["REPLICAOF", "127.0.0.1", "1"]],
                [["REPLICAOF", "NO", "ONE"], ["CLIENT", "PAUSE", "500"]],
                [["CONFIG", "SET", "lua-time-limit", "50"], ["EVAL", "while true do end", "0"]],
                [["SCRIPT", "KILL"]],
            ]
            for (index, fault) in faults.enumerated() {
                if index != 3, index != 4, index != 6 {
                    try await site.push(
                        "backup",
                        all: (0..<12).map { #"{"id":"j\#(index)-\#($0)","backupId":"r\#($0 % 5)"}"# }
                    )
                    try await eventually("some to run") {
                        site.lines("effects").contains { $0.hasPrefix("j\(index)-") }
                    }
                }
                for command in fault {
                    // A client of its own: the first fault to connections would end a common one.
                    let client = try await site.redis.client(commandTimeout: .seconds(2))
                    _ = try? await client.send(command)
                    await client.close()
                }
                try await Task.sleep(for: .milliseconds(500))
            }
            let indexes = [0, 1, 2, 5]
            for index in indexes {
                for job in 0..<12 {
                    try await eventually("the end of j\(index)-\(job)", timeout: .seconds(60)) {
                        (try? await site.field("j\(index)-\(job)", "status")) == "done"
                    }
                }
            }
            #expect(site.lines("effects").count == indexes.count * 12)
            #expect(Set(site.lines("effects")).count == indexes.count * 12)
            try await worker.end(SIGTERM)
        }
    }
}

extension Site {
    fileprivate func push(_ type: String, all documents: [String]) async throws {
        for document in documents { try await push(type, document) }
    }
}
