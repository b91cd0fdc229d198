import Glibc
import HoistwayModel
import RESP
import RedisClient
import TestSupport
import Testing

/// The users of the guide, with its very lines: what they need is allowed, and nothing else.
@Suite(.timeLimit(.minutes(5))) struct AccessTests {
    /// A Redis with the users of the guide; whoever gives no name may do everything.
    private static func withRedis(_ body: (RedisServer) async throws -> Void) async throws {
        let directory = try TemporaryDirectory()
        let lines = try RedisArticle.users() + ["user default on nopass ~* &* +@all", ""]
        #expect(lines.count == 6)
        let path = "\(directory.path)/users.acl"
        let file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        let text = lines.joined(separator: "\n")
        write(file, text, text.utf8.count)
        close(file)
        let server = try await RedisServer.start(
            RedisServer.Options(arguments: [
                "--aclfile", path, "--slowlog-log-slower-than", "0", "--slowlog-max-len", "100000",
            ])
        )
        do {
            try await body(server)
        } catch {
            try await server.stop(SIGKILL)
            throw error
        }
        try await server.stop(SIGKILL)
    }

    private static func url(_ server: RedisServer, _ name: String) -> String {
        "redis+unix://hoistway-\(name):\(name)-password@\(server.socketPath)"
    }

    private static func client(_ server: RedisServer, _ name: String) throws -> RedisClient {
        RedisClient(url: try RedisURL(url(server, name)), name: "test", scripts: [], logger: .silent)
    }

    /// What users were refused, in the words of Redis.
    private static func refusals(_ site: Site) async throws -> [String] {
        let entries =
            try await site.send(["ACL", "LOG"]).array?.map { "\($0.array?.compactMap(\.string) ?? [])" } ?? []
        // As the guide says.
        return entries.filter { !$0.contains("config|get") }
    }

    @Test func theUsersOfTheGuideDoTheirWork() async throws {
        try await Self.withRedis { server in
            let worker = Self.url(server, "worker")
            let site = try await Site(
                redis: server,
                prefix: "hoistway",
                url: worker,
                reading: "unix://\(server.socketPath)"
            )
            try await Site.with(site) { site in
                try site.recipe(
                    "backup",
                    "echo begun; case $HOISTWAY_RESOURCE_ID in long*) sleep 60;; bad*) exit 1;; esac"
                )
                let daemon = try await site.worker(["--types", "backup"])
                try await produce(site, server)
                try await operate(site, server)
                try await stop(site, server, daemon)
                #expect(try await Self.refusals(site) == [])
                try await expectOnlyOldOptions(site)
            }
        }
    }

    /// No client has used a word that Redis 6.2 does not know. (Commands: `scripts/test` runs the store as a user without
    /// the newer ones; words in scripts: `ScriptTests`.)
    private func expectOnlyOldOptions(_ site: Site) async throws {
        let newer = try await site.redis.newer()
        #expect(newer.options.contains { $0 == ("EXPIRE", "NX") })
        let commands = try await site.send(["SLOWLOG", "GET", -1]).array?.compactMap { $0.array?[3].array } ?? []
        #expect(commands.count > 1000)
        for words in commands.map({ $0.compactMap { $0.string?.uppercased() } }) {
            for (command, word) in newer.options where words.first == command && words.contains(word) {
                Issue.record("\(words.joined(separator: " ")) says \(word)")
            }
        }
    }

    private func produce(_ site: Site, _ server: RedisServer) async throws {
        let producer = try Self.client(server, "producer")
        for (name, text) in [("backup", #""id":"pushed""#), ("backup", #""id":"""#), ("unknown", #""id":"no""#)] {
            let document = #"{"resourceId":"r",\#(text),"replyTo":"hoistway-answers:me"}"#
            _ = try await producer.send(["RPUSH", "hoistway:inbox:\(name)", .string(document)])
            let answer = try await producer.send(["BLPOP", "hoistway-answers:me", 20], timeout: .seconds(30)).array
            #expect(
                answer?.last?.string?.contains(name == "backup" && text.contains("pushed") ? "true" : "false") == true
            )
        }
        #expect(try await site.ended("pushed")["status"] == "done")
        await producer.close()
    }

    private func operate(_ site: Site, _ server: RedisServer) async throws {
        let cli = Self.url(server, "cli")
        func run(_ line: String, _ status: Int = 0) async throws {
            let words = line.split(separator: " ").map(String.init)
            let result = try await Program.run(words + ["--redis", cli])
            #expect(result.status == status, "\(line): \(result)")
            #expect(!result.errors.contains("NOPERM"), "\(line): \(result)")
        }
        try await run("enqueue backup one --id one --wait --label a=b --idempotency-key k")
        try await run("enqueue backup two --id two --follow")
        try await run("enqueue backup bad --id bad --wait", 1)
        try await run("enqueue backup long --id long")
        try await site.wait(for: "long", "running")
        try await run("enqueue backup long --id behind")
        try await run("enqueue backup long --id newer --on-conflict supersede")
        try await run("enqueue backup three --id late --delay 1h --depends-on long --start-deadline 2h")
        try await run("kill long --wait --why enough")
        try await run("enqueue backup four --id four --delay 1h")
        try await run("promote four")
        try await run("wait four")
        try await run("retry bad")
        for line in [
            "list", "list --status done --type backup --json", "list --label a=b", "status one", "history one",
            "logs one", "events", "queues", "workers", "quarantine list", "pause backup", "resume backup", "pause *",
            "resume *", "remove one", "schedule add s @daily backup db", "schedule list", "schedule show s",
            "schedule run s", "schedule pause s", "schedule resume s", "schedule remove s", "drain backup",
        ] {
            try await run(line)
        }
        let doctor = try await Program.run(["doctor", "--redis", cli])
        #expect(!doctor.output.contains("NOPERM") && !doctor.errors.contains("NOPERM"), "\(doctor)")
        // What an operator does through the control list the worker does.
        for command in [
            #""command":"kill","type":"backup""#, #""command":"remove","id":"two""#, #""command":"nonsense""#,
            #""command":"retry","id":"pushed","requestId":"r""#,
        ] {
            try await site.control("{\(command),\"replyTo\":\"hoistway-answers:op\"}")
            _ = try await site.answer(in: "hoistway-answers:op")
        }
    }

    private func stop(_ site: Site, _ server: RedisServer, _ daemon: RunningProgram) async throws {
        let id = try #require(Site.text("\(site.data)/worker-id"))
        let result = try await Program.run(["worker", "stop", id, "--redis", Self.url(server, "cli")])
        #expect(result.status == 0, "\(result)")
        #expect(try await daemon.waitForEnd() == 0)
        let forgotten = try await Program.run(["worker", "forget", id, "--redis", Self.url(server, "cli")])
        #expect(forgotten.status == 0, "\(forgotten)")
    }

    @Test(arguments: ["worker", "cli", "producer", "reader"])
    func whatIsOutsideIsRefused(_ name: String) async throws {
        try await Self.withRedis { server in
            let client = try Self.client(server, name)
            let outside: [[RedisArgument]] = [
                ["FLUSHALL"], ["FLUSHDB"], ["KEYS", "*"], ["CONFIG", "GET", "*"], ["SHUTDOWN"], ["ACL", "LIST"],
                ["CLIENT", "KILL", "TYPE", "normal"], ["SET", "elsewhere", "x"],
                ["SUBSCRIBE", "anything"], ["SELECT", 1], ["ROLE"], ["WAIT", 0, 0], ["SCRIPT", "FLUSH"], ["MONITOR"],
                ["REPLICAOF", "NO", "ONE"],
            ]
            for command in outside {
                let error = await #expect(throws: RedisError.self) { try await client.send(command) }
                #expect(error?.serverCode == "NOPERM", "\(command): \(error?.message ?? "")")
            }
            await client.close()
        }
    }

    @Test func aReaderReadsAndNoMore() async throws {
        try await Self.withRedis { server in
            let cli = Self.url(server, "cli")
            let enqueued = try await Program.run(["enqueue", "backup", "a", "--id", "a", "--redis", cli])
            #expect(enqueued.status == 0, "\(enqueued)")
            let reader = try Self.client(server, "reader")
            #expect(try await reader.send(["HGET", "hoistway:job:a", "status"]).string == "pending")
            #expect(try await reader.send(["LRANGE", "hoistway:job:a:history", 0, -1]).array?.count == 1)
            #expect(try await reader.send(["LRANGE", "hoistway:queue:backup", 0, -1]).array?.first?.string == "a")
            #expect(try await reader.send(["XRANGE", "hoistway:events", "-", "+"]).array?.isEmpty == false)
            #expect(try await reader.send(["SMEMBERS", "hoistway:workers"]).array == [])
            for command: [RedisArgument] in [
                ["HSET", "hoistway:job:a", "status", "done"], ["RPUSH", "hoistway:inbox:backup", "{}"],
                ["DEL", "hoistway:job:a"], ["EVAL", "return 1", 0],
            ] {
                let error = await #expect(throws: RedisError.self) { try await reader.send(command) }
                #expect(error?.serverCode == "NOPERM", "\(command)")
            }
            await reader.close()
        }
    }

    /// What the guide says to add: `+select`, `+role`, `+wait`.
    @Test func whatOtherSetupsAdd() async throws {
        try await Self.withRedis { server in
            let url = "\(Self.url(server, "cli"))?db=1"
            let refused = try await Program.run(["list", "--redis", url])
            #expect(refused.status == 1 && refused.errors.contains("NOPERM"), "\(refused)")
            let admin = try await server.client()
            _ = try await admin.send(["ACL", "SETUSER", "hoistway-cli", "+select", "+role", "+wait"])
            await admin.close()
            let list = try await Program.run(["list", "--redis", url])
            #expect(list.status == 0, "\(list)")
            let alone = try await Program.run([
                "enqueue", "backup", "a", "--redis", url, "--durability", "replicated",
            ])
            #expect(alone.status == 69 && alone.errors.contains("no replica"), "\(alone)")
            let client = RedisClient(url: try RedisURL(url), name: "test", scripts: [], logger: .silent)
            #expect(try await client.send(["ROLE"]).array?.first?.string == "master")
            await client.close()
        }
    }

    @Test func aCommandSaysThatItsUserMayNot() async throws {
        try await Self.withRedis { server in
            let result = try await Program.run(["list", "--redis", Self.url(server, "producer")])
            #expect(result.status == 1)
            #expect(result.errors.contains("NOPERM") && result.errors.contains("Running Redis for Hoistway"))
            #expect(result.errors.split(separator: "\n").count == 1)
            let wrong = try await Program.run(["list", "--redis", "redis+unix://hoistway-cli:no@\(server.socketPath)"])
            #expect(wrong.status == 69 && wrong.errors.contains("WRONGPASS"), "\(wrong)")
        }
    }
}
