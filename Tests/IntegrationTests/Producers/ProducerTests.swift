import Glibc
import TestSupport
import Testing

/// The programs of the article "Producers in other languages", as they stand there.
@Suite(.redis(RedisServer.Options(tcp: true)), .serialized, .timeLimit(.minutes(3)))
struct ProducerTests {
    struct Language: Sendable, CustomTestStringConvertible {
        /// The name of the language in the article's code blocks.
        var name: String
        var interpreter: String

        var testDescription: String { name }
    }

    static let languages = [
        Language(name: "sh", interpreter: "/bin/sh"),
        Language(name: "python", interpreter: "/usr/bin/python3"),
        Language(name: "javascript", interpreter: "/usr/bin/node"),
        Language(name: "php", interpreter: "/usr/bin/php"),
    ]

    private static let article = "Sources/Hoistway/Hoistway.docc/Producers.md"

    @Test func everyProgramOfTheArticleIsRun() throws {
        let opened = try Repository.text(Self.article).split(separator: "\n").filter {
            $0.hasPrefix("```") && $0 != "```"
        }
        #expect(opened.map { String($0.dropFirst(3)) } == Self.languages.map(\.name))
    }

    @Test(arguments: languages)
    func itEnqueuesWaitsAndKills(_ language: Language) async throws {
        let programs = Repository.blocks(of: try Repository.text(Self.article), from: "```\(language.name)", to: "```")
        let program = try #require(programs.first)
        try await Site.with(prefix: "hoistway") { site in
            try site.recipe("application", #"case "$(cat)" in *feature*) exec sleep 100 ;; esac"#)
            let worker = try await site.worker()
            let path = try site.write(program, to: "program")
            let result = try await Program.run(
                [path],
                of: language.interpreter,
                environment: [
                    "REDIS_URL": "redis://127.0.0.1:\(site.redis.port)",
                    // Where Debian has its modules, for a Node that is not Debian's.
                    "NODE_PATH": "/usr/share/nodejs",
                ]
            )
            let lines = result.output.split(separator: "\n")
            #expect(result.status == 0, "\(result)")
            #expect(lines.count { $0.hasPrefix("done") } == 1, "\(result)")
            #expect(["error killed", "error cancelled"].contains(lines.last), "\(result)")
            try await worker.end(SIGTERM)
        }
    }
}
