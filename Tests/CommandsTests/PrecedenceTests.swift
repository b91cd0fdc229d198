import Glibc
import RedisClient
import TestSupport
import Testing

@testable import Commands

@Suite(.timeLimit(.minutes(1))) struct PrecedenceTests {
    private func write(_ text: String, to path: String) throws {
        try SystemFile.write(text, to: path)
    }

    @Test func theNearestFileCounts() throws {
        let here = try TemporaryDirectory()
        let home = try TemporaryDirectory()
        try SystemFile.makeFolder("\(home.path)/.config/hoistway")
        try write("prefix: home", to: "\(home.path)/.config/hoistway/hoistway.yaml")
        let console = CapturedConsole().console(environment: ["HOME": home.path], directory: here.path)
        #expect(try ConfigurationFile.load(nil, console: console).prefix == "home")
        try write("prefix: here", to: "\(here.path)/hoistway.yaml")
        #expect(try ConfigurationFile.load(nil, console: console).prefix == "here")
        try write("prefix: named", to: "\(here.path)/other.yaml")
        #expect(try ConfigurationFile.load("other.yaml", console: console).prefix == "named")
        #expect(throws: ConfigurationError.self) { try ConfigurationFile.load("missing.yaml", console: console) }
    }

    @Test func aRedisThatIsNamedCountsBeforeOneThatIsFound() async throws {
        let console = CapturedConsole().console(environment: ["HOME": "/nonexistent"])
        var configuration = Configuration()
        configuration.data = "/nonexistent"
        #expect(try await RedisLocation.resolve(nil, configuration, console: console) == RedisLocation.standard)
        configuration.redis = "redis://configured:1"
        let configured = try await RedisLocation.resolve(nil, configuration, console: console)
        #expect(configured.address == .tcp(host: "configured", port: 1))
        let option = try await RedisLocation.resolve("redis://option:2", configuration, console: console)
        #expect(option.address == .tcp(host: "option", port: 2))
    }

    @Test func aRunningUpIsFoundOnlyWhileItsRedisAnswers() async throws {
        let server = try await RedisServer.start(RedisServer.Options(tcp: true, password: "secret"))
        let data = try TemporaryDirectory()
        try write(RedisURLFile.text(port: server.port, password: "secret") + "\n", to: RedisURLFile.path(in: data.path))
        var configuration = Configuration()
        configuration.data = data.path
        let console = CapturedConsole().console()
        let found = try await RedisLocation.resolve(nil, configuration, console: console)
        #expect(found.address == server.tcpURL.address && found.password == "secret")
        // A URL with a password alone is none to redis-cli.
        #expect(found.username == "default")
        try await server.stop()
        #expect(try await RedisLocation.resolve(nil, configuration, console: console) == RedisLocation.standard)
    }

    @Test func dataIsWhereThePersonsDataIs() throws {
        let console = CapturedConsole().console(environment: ["XDG_DATA_HOME": "/x"], directory: "/srv")
        var configuration = Configuration()
        let standard = geteuid() == 0 ? "/var/lib/hoistway" : "/x/hoistway"
        #expect(try DataLocation.path(nil, configuration, console: console) == standard)
        configuration.data = "relative"
        #expect(try DataLocation.path(nil, configuration, console: console) == "/srv/relative")
        #expect(try DataLocation.path("../other/.", configuration, console: console) == "/other")
    }

    @Test func redisCLIGetsNoPasswordAsAnArgument() throws {
        let url = try RedisURL("redis://me:secret@db:7000/3")
        #expect(RedisCLICommand.address(of: url) == ["-h", "db", "-p", "7000", "--user", "me", "-n", "3"])
        #expect(RedisCLICommand.address(of: try RedisURL("unix:///run/r.sock")) == ["-s", "/run/r.sock"])
        let command = try RedisCLICommand(arguments: ["--redis", "redis://a", "--json", "-h", "--redis", "x"])
        #expect(command.redis == "redis://a")
        #expect(command.arguments == ["--json", "-h", "--redis", "x"])
    }
}
