import ArgumentParser
import Glibc
import RedisClient

struct RedisCLICommand: AsyncParsableCommand {
    static let name = "redis-cli"
    static let configuration = CommandConfiguration(
        commandName: name,
        abstract: "Run redis-cli on the Redis that the other commands use.",
        discussion: """
            --redis URL and --config FILE count when they come first; all other arguments are redis-cli's. Where no Redis
            can be reached the exit code is 69.

            Example: hoistway redis-cli LRANGE hoistway:rejected 0 -1
            """
    )

    @Option(help: ArgumentHelp("Where Redis is.", valueName: "url"))
    var redis: String?

    @Option(help: ArgumentHelp("The configuration.", valueName: "file"))
    var config: String?

    @Argument(parsing: .captureForPassthrough, help: "What redis-cli is to do.")
    var arguments: [String] = []

    init() {}

    /// - Parameter all: what follows the command's name. Leading options of ours are taken, the rest is passed on as it is.
    init(arguments all: [String]) throws {
        // Nobody parses this one: what stays unset could not be read.
        redis = nil
        config = nil
        var rest = all[...]
        while let first = rest.first {
            let parts = first.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard GlobalOptions.withValue.contains(parts[0]) else { break }
            rest = rest.dropFirst()
            guard let value = parts.count == 2 ? parts[1] : rest.popFirst() else {
                throw CommandFailure(.usage, "\(first) needs a value; see \"hoistway redis-cli --help\"")
            }
            switch parts[0] {
            case "--redis": redis = value
            case "--config": config = value
            default: break
            }
        }
        arguments = Array(rest)
    }

    func run() async throws {
        let console = Console.current
        let configuration = try ConfigurationFile.load(config, console: console)
        var url = try await RedisLocation.resolve(redis, configuration, console: console)
        if url.sentinels != nil { url.address = try await RedisCLICommand.master(url) }
        guard let program = SystemFile.find("redis-cli", in: console.environment["PATH"] ?? "/usr/bin:/bin") else {
            throw CommandFailure(.failed, "redis-cli is not installed: apt-get install redis-tools")
        }
        if url.sentinels == nil { try await RedisCLICommand.requireAnswer(of: url, to: arguments) }
        var environment = console.environment
        environment["REDISCLI_AUTH"] = url.password
        let words = ["redis-cli"] + RedisCLICommand.address(of: url) + arguments
        throw CommandFailure(.failed, "\(program) cannot be run: \(execute(program, words, environment))")
    }

    /// The words that lead redis-cli to a Redis. The password is no part of them: others could read it.
    static func address(of url: RedisURL) -> [String] {
        var words: [String]
        switch url.address {
        case .tcp(let host, let port): words = ["-h", host, "-p", String(port)]
        case .unix(let path): words = ["-s", path]
        }
        if let tls = url.tls {
            words.append("--tls")
            if let path = tls.authorities { words += ["--cacert", path] }
            if let path = tls.certificate { words += ["--cert", path] }
            if let path = tls.key { words += ["--key", path] }
        }
        if let user = url.username { words += ["--user", user] }
        if url.database != 0 { words += ["-n", String(url.database)] }
        return words
    }

    /// redis-cli would say that nobody is there by an exit code that commands have too.
    /// - Throws: `RedisError` when there is nobody. One that only loads its data answers some commands.
    private static func requireAnswer(of url: RedisURL, to arguments: [String]) async throws {
        let elsewhere: Set = ["-h", "-p", "-s", "-u", "--help", "--version"]
        guard elsewhere.isDisjoint(with: arguments) else { return }
        let client = RedisLocation.client(url)
        let error = await client.probe()
        await client.close()
        if let error, error.code == .unreachable, !error.message.hasSuffix("is loading its data") { throw error }
    }

    /// Where the sentinels say that the master is.
    private static func master(_ url: RedisURL) async throws -> RedisURL.Address {
        let client = RedisLocation.client(url)
        try await client.connect()
        let address = client.address ?? url.address
        await client.close()
        return address
    }

    /// Becomes another program; returns only to say why not.
    private func execute(_ program: String, _ words: [String], _ environment: [String: String]) -> String {
        var argv: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        execve(program, &argv, &variables)
        return String(cString: strerror(errno))
    }
}
