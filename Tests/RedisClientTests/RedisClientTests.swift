import RESP
import RedisClient
import TestSupport
import Testing

/// Commands against a real Redis that stays up.
@Suite(.redis, .timeLimit(.minutes(1))) struct RedisClientTests {
    private let increment = RedisScript(
        name: "increment",
        source: "return redis.call('INCRBY', KEYS[1], ARGV[1])",
        sha1: "8cd00688c05c46bde4a2e60658ef20a2e5c0b248",
        keyCount: 1
    )

    private func withClient(
        scripts: [RedisScript] = [],
        commandTimeout: Duration = .seconds(5),
        _ body: (RedisClient, _ prefix: String) async throws -> Void
    ) async throws {
        let client = try await RedisServer.required().client(scripts: scripts, commandTimeout: commandTimeout)
        do {
            try await body(client, randomPrefix())
        } catch {
            await client.close()
            throw error
        }
        await client.close()
    }

    @Test func sendsCommandsAndThrowsWhatRedisAnswers() async throws {
        try await withClient { client, prefix async throws in
            #expect(client.isConnected)
            #expect(try await client.send(["SET", "\(prefix):a", "x"]) == .status("OK"))
            #expect(try await client.send(["GET", "\(prefix):a"]).string == "x")
            #expect(try await client.send(["GET", "\(prefix):none"]).isNull)
            let error = await #expect(throws: RedisError.self) { try await client.send(["INCR", "\(prefix):a"]) }
            #expect(error?.serverCode == "ERR")
            #expect(error?.isConnectionLoss == false)
        }
    }

    @Test func givesManyTasksTheirOwnReplies() async throws {
        try await withClient { client, prefix async throws in
            try await withThrowingTaskGroup { group in
                for number in 0..<2000 {
                    group.addTask {
                        let reply = try await client.send(["ECHO", "\(prefix)-\(number)"])
                        return reply.string == "\(prefix)-\(number)"
                    }
                }
                for try await isRight in group {
                    #expect(isRight)
                }
            }
        }
    }

    @Test func pipelinesWithAResultForEachCommand() async throws {
        try await withClient { client, prefix async throws in
            let key = RedisArgument("\(prefix):list")
            let results = try await client.pipeline([["RPUSH", key, "a"], ["INCR", key], ["LRANGE", key, 0, -1]])
            #expect(results.count == 3)
            #expect(results[0] == .success(.integer(1)))
            #expect(throws: RedisError.self) { try results[1].get() }
            #expect(results[2] == .success(.array([.string([0x61])])))
            #expect(try await client.pipeline([]).isEmpty)
        }
    }

    @Test func carriesLargeValuesBothWays() async throws {
        try await withClient { client, prefix async throws in
            let value = (0..<5 << 20).map { UInt8(truncatingIfNeeded: $0 &* 7) }
            _ = try await client.send(["SET", "\(prefix):large", .bytes(value)])
            #expect(try await client.send(["GET", "\(prefix):large"]).bytes == value)
        }
    }

    @Test func nestsErrorsInArrays() async throws {
        try await withClient { client, prefix async throws in
            let source: RedisArgument = "return {1, {redis.error_reply('ERR inner')}, false}"
            let reply = try await client.send(["EVAL", source, 0])
            #expect(reply == .array([.integer(1), .array([.error("ERR inner")]), .null]))
        }
    }

    @Test func keepsRepliesApartAfterACancelledCommand() async throws {
        try await withClient { client, prefix async throws in
            for number in 0..<200 {
                let task = Task { try await client.send(["ECHO", "cancelled"]) }
                task.cancel()
                let reply = await task.result
                if case .failure(let error as RedisError) = reply { #expect(error.code == .cancelled) }
                #expect(try await client.send(["ECHO", .int(number)]).int == number)
            }
        }
    }

    @Test func endsTheConnectionWhenAReplyIsOverdue() async throws {
        try await withClient { client, prefix async throws in
            let first = try await client.send(["CLIENT", "ID"]).int
            let block: [RedisArgument] = ["BLPOP", "\(prefix):never", 0]
            let error = await #expect(throws: RedisError.self) {
                try await client.send(block, timeout: .milliseconds(50))
            }
            #expect(error?.code == .timeout)
            #expect(try await client.send(["CLIENT", "ID"]).int != first)
        }
    }

    @Test func namesItselfAndLoadsScripts() async throws {
        try await withClient(scripts: [increment]) { client, _ async throws in
            #expect(try await client.send(["CLIENT", "GETNAME"]).string == "test")
            #expect(try await client.send(["SCRIPT", "EXISTS", .string(increment.sha1)]) == .array([.integer(1)]))
        }
    }

    @Test func selectsTheDatabase() async throws {
        let server = try RedisServer.required()
        let url = RedisURL(.unix(path: server.socketPath), database: 5)
        let client = RedisClient(url: url, name: "a name", scripts: [], logger: .silent)
        try await client.connect()
        #expect(try await client.send(["CLIENT", "INFO"]).string?.contains(" db=5 ") == true)
        #expect(try await client.send(["CLIENT", "GETNAME"]).string == "a-name")
        await client.close()
    }

    @Test func failsCommandsAfterClose() async throws {
        let client = try await RedisServer.required().client()
        await client.close()
        let error = await #expect(throws: RedisError.self) { try await client.send(["PING"]) }
        #expect(error?.code == .notSent)
        await #expect(throws: RedisError.self) { try await client.connect() }
        #expect(!client.isConnected)
    }
}

/// A script that Redis has forgotten. In a suite of its own for it flushes the scripts of the server.
@Suite(.redis, .serialized, .timeLimit(.minutes(1))) struct RedisScriptTests {
    private let increment = RedisScript(
        name: "increment",
        source: "return redis.call('INCRBY', KEYS[1], ARGV[1])",
        sha1: "8cd00688c05c46bde4a2e60658ef20a2e5c0b248",
        keyCount: 1
    )

    @Test func runsAScriptThatRedisHasForgotten() async throws {
        let client = try await RedisServer.required().client(scripts: [increment])
        let key = RedisArgument("\(randomPrefix()):n")
        #expect(try await client.run(increment, keys: [key], arguments: [2]).int == 2)
        _ = try await client.send(["SCRIPT", "FLUSH"])
        #expect(try await client.run(increment, keys: [key], arguments: [3]).int == 5)
        #expect(try await client.send(["SCRIPT", "EXISTS", .string(increment.sha1)]) == .array([.integer(1)]))
        await client.close()
    }

    @Test func runsABatchInOrderThatRedisHasForgotten() async throws {
        let client = try await RedisServer.required().client(scripts: [increment])
        let key = RedisArgument("\(randomPrefix()):n")
        let batch = (1...50).map { _ in (keys: [key], arguments: [RedisArgument(1)]) }
        _ = try await client.send(["SCRIPT", "FLUSH"])
        let results = try await client.run(increment, batch: batch)
        #expect(try results.map { try $0.get().int } == Array(1...50))
        await client.close()
    }

    @Test func throwsTheErrorOfAScript() async throws {
        let client = try await RedisServer.required().client(scripts: [increment])
        let key = RedisArgument("\(randomPrefix()):n")
        let error = await #expect(throws: RedisError.self) {
            try await client.run(increment, keys: [key], arguments: ["many"])
        }
        #expect(error?.serverCode == "ERR")
        await client.close()
    }
}
