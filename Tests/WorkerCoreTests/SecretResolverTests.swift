import Glibc
import HoistwayModel
import TestSupport
import Testing

@testable import WorkerCore

/// Which secrets a job gets, and how they are read.
@Suite(.timeLimit(.minutes(1)))
struct SecretResolverTests {
    private let folder: TemporaryDirectory

    init() throws {
        folder = try TemporaryDirectory()
    }

    private func resolver(
        _ commands: [String: [String]] = [:],
        limit: Duration = .seconds(30)
    ) -> SecretResolver {
        SecretResolver(
            allow: ["file:\(folder.path)/*", "env:HW_REVIEW_*"],
            commands: commands,
            commandLimit: limit
        )
    }

    private func write(_ text: String, _ name: String = "secret") throws -> String {
        try SmallFile.write(text, to: "\(folder.path)/\(name)")
        return "file:\(folder.path)/\(name)"
    }

    private func failure(_ reference: String, _ resolver: SecretResolver) async -> SecretFailure? {
        do {
            _ = try await resolver.value(of: "TOKEN", reference)
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: [
        ("file:/a/b", ["file:/a/*"], true), ("file:/a/b/c", ["file:/a/*"], false),
        ("file:/a/../b", ["file:/*/*/*"], false),
        ("file:/a/./b", ["file:/a/*/b"], false), ("file:/anything/at/all", ["file:*"], true),
        ("file:/a/../etc/passwd", ["file:*"], false), ("env:DEPLOY_A", ["env:DEPLOY_*"], true),
        ("env:DEPLOY", ["env:DEPLOY_*"], false), ("env:A", ["file:*"], false), ("file:/a", ["env:*"], false),
        ("command:vault", [], true), ("command:other", ["command:*"], false), ("env:A", [], false),
    ])
    func policy(reference: String, allow: [String], isAllowed: Bool) throws {
        let resolver = SecretResolver(allow: allow, commands: ["vault": ["/bin/true"]])
        #expect(resolver.isAllowed(try #require(SecretReference(reference))) == isAllowed)
    }

    @Test(arguments: [("secret-1\n", "secret-1"), ("secret-2\r\n", "secret-2"), ("two\nlines\n\n", "two\nlines\n")])
    func oneLineBreakIsTaken(text: String, value: String) async throws {
        let reference = try write(text)
        #expect(try await resolver().value(of: "TOKEN", reference) == value)
    }

    @Test(arguments: ["abc\n", "", "with\0nul", String(repeating: "x", count: 64 * 1024 + 1)])
    func unusableValues(text: String) async throws {
        let reference = try write(text)
        let failure = try #require(await failure(reference, resolver()))
        #expect(failure.description.contains("TOKEN") && !failure.isPassing)
        #expect(text.count < 4 || !failure.description.contains(text))
    }

    @Test func onlyRegularFilesAreRead() async throws {
        #expect(mkfifo("\(folder.path)/pipe", 0o600) == 0)
        for path in ["pipe", "."] {
            let reference = path == "." ? "file:\(folder.path)" : "file:\(folder.path)/\(path)"
            let open = SecretResolver(allow: ["file:*"], commands: [:])
            let failure = try #require(await failure(reference, open))
            #expect(failure.description.contains("no regular file"))
        }
    }

    @Test func linksAreFollowed() async throws {
        _ = try write("the value", "target")
        #expect(symlink("target", "\(folder.path)/link") == 0)
        #expect(try await resolver().value(of: "TOKEN", "file:\(folder.path)/link") == "the value")
    }

    @Test func variables() async throws {
        setenv("HW_REVIEW_SECRET", "from outside", 1)
        #expect(try await resolver().value(of: "TOKEN", "env:HW_REVIEW_SECRET") == "from outside")
        #expect(await failure("env:HW_REVIEW_ABSENT", resolver()) != nil)
    }

    @Test func commands() async throws {
        let resolver = resolver([
            "good": ["sh", "-c", "echo printed"], "bad": ["sh", "-c", "exit 3"], "absent": ["/no/such/program"],
            "none": [],
        ])
        #expect(try await resolver.value(of: "TOKEN", "command:good") == "printed")
        #expect(try #require(await failure("command:bad", resolver)).isPassing)
        #expect(await failure("command:absent", resolver) != nil)
        #expect(await failure("command:none", resolver) != nil)
        #expect(try #require(await failure("command:unknown", resolver)).isPassing == false)
    }

    @Test(arguments: ["exec sleep 600", "trap '' TERM; while :; do sleep 0.1; done"])
    func commandThatDoesNotEnd(script: String) async throws {
        let failure = try #require(
            await failure("command:slow", resolver(["slow": ["sh", "-c", script]], limit: .milliseconds(300)))
        )
        #expect(failure.description.contains("did not end") && failure.isPassing)
    }
}
