import Glibc
import Hoistway
import RESP
import RedisClient
import TestSupport
import Testing

/// What a producer notices of a Redis that is away.
@Suite(.timeLimit(.minutes(2)))
struct OutageTests {
    @Test func nobodyThere() async throws {
        let folder = try TemporaryDirectory()
        await #expect(throws: HoistwayError.self) {
            try await HoistwayClient.connect(to: "unix://\(folder.path)/nothing").close()
        }
        do {
            _ = try await HoistwayClient.connect(to: "unix://\(folder.path)/nothing")
        } catch {
            #expect(error.code == .unreachable && "\(error)".contains("cannot be reached"))
        }
        do {
            _ = try await HoistwayClient.connect(to: "http://localhost")
        } catch {
            #expect(error.code == .invalid)
        }
        do {
            _ = try await HoistwayClient.connect(prefix: "")
        } catch {
            #expect(error.code == .invalid)
        }
    }

    @Test func aShortOutageIsBorneAndALongOneTold() async throws {
        let redis = try await RedisServer.start(RedisServer.Options(appendOnly: true))
        let url = "unix://\(redis.socketPath)"
        try await withHoistway(url, patience: .seconds(60)) { hoistway in
            let id = try await hoistway.enqueue(.backup("db"))
            let waiting = Task { try await hoistway.wait(for: id) }
            try await redis.stop()
            let late = Task { try await hoistway.enqueue(.backup("late")) }
            try await redis.restart()
            #expect(try await hoistway.job(try await late.value).resourceID == "late")
            try await hoistway.kill(id)
            #expect(try await waiting.value.state == .error(.cancelled))
        }
        let hoistway = try await HoistwayClient.connect(to: url, patience: .zero)
        try await redis.stop()
        do {
            try await hoistway.enqueue(.backup("db").with { $0.id = "mine" })
            Issue.record("a job was accepted without Redis")
        } catch {
            #expect(error.code == .unreachable && "\(error)".contains("mine"), "\(error)")
        }
        await hoistway.close()
    }

    @Test func keysOfANewerVersion() async throws {
        let redis = try await RedisServer.start()
        let client = try await redis.client()
        _ = try await client.send(["HSET", "hoistway:meta", "schema", "99", "minReader", "99"])
        do {
            _ = try await HoistwayClient.connect(to: "unix://\(redis.socketPath)")
            Issue.record("it works with keys of a newer version")
        } catch {
            #expect(error.code == .newerSchema && "\(error)".contains("99"))
        }
        await client.close()
        try await redis.stop()
    }

    @Test func aTaskThatIsCancelledEnds() async throws {
        let redis = try await RedisServer.start()
        let client = try await redis.client()
        try await withHoistway("unix://\(redis.socketPath)") { hoistway in
            let id = try await hoistway.enqueue(.backup("db"))
            let waiting = Task { try await hoistway.wait(for: id) }
            let following = Task { for try await _ in hoistway.log(of: id) {} }
            let watching = Task { for try await _ in hoistway.events() {} }
            try await eventually("the three to wait inside Redis") {
                let list = try await client.send(["CLIENT", "LIST"]).string ?? ""
                return list.split(separator: "\n").count { $0.contains("cmd=xread") && $0.contains("flags=b") } == 3
            }
            waiting.cancel()
            following.cancel()
            watching.cancel()
            #expect(await isCancelled { _ = try await waiting.value })
            #expect(await isCancelled { try await following.value })
            #expect(await isCancelled { try await watching.value })
            #expect(try await hoistway.job(id).status == .pending)
            try await eventually("their connections to be closed") {
                let list = try await client.send(["CLIENT", "LIST"]).string ?? ""
                return list.split(separator: "\n").count { $0.contains("name=hoistway-producer") } == 1
            }
        }
        await client.close()
        try await redis.stop()
    }

    private func isCancelled(_ operation: () async throws -> Void) async -> Bool {
        do {
            try await operation()
            return false
        } catch {
            return (error as? HoistwayError)?.code == .cancelled
        }
    }
}
