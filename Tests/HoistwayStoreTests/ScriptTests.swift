import Glibc
import HoistwayModel
import HoistwayStore
import RESP
import RedisClient
import TestSupport
import Testing

/// The generated scripts themselves, and that broken data is found.
@Suite(.redis, .timeLimit(.minutes(3))) struct ScriptTests {
    @Test func codesInLuaAreThoseOfStoreCode() throws {
        let source = try #require(Scripts.all.first { $0.name == "admit" }).source
        let lines = source.split(separator: "\n").drop { !$0.hasPrefix("local OK") }
        let statement = lines.prefix(1 + (lines.firstIndex { $0.contains("=") } ?? 0) - lines.startIndex)
        let sides = statement.joined(separator: " ").dropFirst("local ".count).split(separator: "=")
        let names = sides[0].split(separator: ",")
        let words = names.map { $0.filter { $0.isLetter || $0 == "_" } }
        let cases = (0...).lazy.map { StoreCode(rawValue: $0) }.prefix { $0 != nil }.map {
            "\($0.map { "\($0)" } ?? "")"
        }
        func normal(_ text: some StringProtocol) -> String { text.lowercased().filter { $0 != "_" } }
        #expect(words.map(normal) == Array(cases).map(normal))
        #expect(sides[1].split(separator: ",").map { Int($0.filter(\.isNumber)) } == Array(words.indices))
    }

    @Test func noScriptSaysWhatRedis62DoesNotKnow() async throws {
        let newer = try await RedisServer.required().newer()
        #expect(newer.commands.contains("lmpop") && newer.options.contains { $0 == ("EXPIRE", "NX") })
        for script in Scripts.all {
            for line in script.source.split(separator: "\n") where line.contains("redis.") {
                for command in newer.commands {
                    #expect(!line.contains("'\(command.uppercased())'"), "\(script.name): \(line)")
                }
                for (command, word) in newer.options where line.contains("'\(command)'") {
                    #expect(!line.contains("'\(word)'"), "\(script.name): \(line)")
                }
            }
        }
    }

    /// A script runs with the rights of whoever runs it.
    @Test func usersOfTheGuideMayDoWhatScriptsDo() throws {
        let users = try RedisArticle.users().filter { $0.contains(" +evalsha ") }
        #expect(users.count == 2)
        for user in users {
            let rights = Set(user.split(separator: " "))
            for script in Scripts.all {
                for part in script.source.split(separator: "redis.").dropFirst() {
                    // The first word in capitals, or both of `x and 'A' or 'B'`.
                    let call = part.prefix { $0 != "," && $0 != ")" }
                    let words = call.split(separator: "'").filter { $0.allSatisfy { "A"..."Z" ~= $0 } }
                    for word in words {
                        #expect(rights.contains("+\(word.lowercased())"), "\(script.name): \(user.prefix(25))")
                    }
                }
            }
        }
    }

    @Test func everyScriptLoadsUnderItsDigest() async throws {
        try await withStore { store async throws in
            for script in Scripts.all {
                #expect(try await store.redis.send(["SCRIPT", "LOAD", .string(script.source)]).string == script.sha1)
            }
        }
    }

    /// Each breaks one thing; the checker has to name it.
    static let damages: [(name: String, command: [String])] = [
        ("a lost queue", ["DEL", "queue:application"]),
        ("a lost turn", ["HDEL", "turns", "application:resource-of-q"]),
        ("a turn of nobody", ["HSET", "turns", "application:x", "nobody"]),
        ("too many holders", ["HSET", "turns", "application:r", "run block"]),
        ("a lost line", ["DEL", "waiting:application:r"]),
        ("a lost delay", ["ZREM", "delayed", "late"]),
        ("a second home", ["ZADD", "index:done", "1", "q"]),
        ("a wrong status", ["HSET", "job:q", "status", "running"]),
        ("a lost job", ["DEL", "job:q"]),
        ("a lost claim", ["SREM", "worker:w1:jobs", "run"]),
        ("a claim of nobody", ["SADD", "worker:w1:jobs", "nobody"]),
        ("an empty lane", ["ZADD", "lanes", "1", "backup"]),
        ("a forgotten lane", ["DEL", "lanes"]),
        ("a wrong sum", ["HSET", "logs:bytes", "", "5"]),
        ("a wrong revision", ["HSET", "job:run", "revision", "1"]),
        ("a history cut off", ["RPOP", "job:run:history"]),
        ("a history without a job", ["RPUSH", "job:nobody:history", "x"]),
        ("a token that is not listed", ["HSET", "token:x", "id", "x"]),
        ("a token that is gone", ["SADD", "tokens", "x"]),
        ("a resource that is not listed", ["HSET", "resource:application:x", "id", "x"]),
        ("a resource that is gone", ["SADD", "resources", "application:x"]),
        ("an open dependency", ["SADD", "job:q:dependencies", "run"]),
    ]

    @Test(arguments: damages.indices) func theCheckerFindsEveryDamage(index: Int) async throws {
        let client = try await RedisServer.required().client(scripts: Scripts.all)
        let store = Store(redis: client, prefix: randomPrefix())
        try await store.add("run", "r")
        try await store.run()
        try await store.add("q")
        try await store.add("block", "r")
        try await store.add("late") { $0.delay = .seconds(60) }
        #expect(try await store.violations() == [])
        var command = Self.damages[index].command
        command[1] = "\(store.keys.prefix):\(command[1])"
        _ = try await store.redis.send(command.map { .string($0) })
        #expect(try await store.violations() != [], "\(Self.damages[index].name)")
        await client.close()
    }
}
