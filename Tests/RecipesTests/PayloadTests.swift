import HoistwayModel
import Testing

@testable import Recipes

@Suite("Application payloads")
struct PayloadTests {
    private let valid: JSONObject = [
        "source": ["type": "git", "url": "https://example.org/a.git", "ref": "main"],
        "release": ["type": "files", "path": "/srv/a"],
    ]

    private func errors(_ change: (inout JSONObject) -> Void) -> [String: String] {
        var payload = valid
        change(&payload)
        do throws(RecipeFailure) {
            _ = try ApplicationPayload(parsing: JSON.object(payload).utf8)
            return [:]
        } catch {
            #expect(error.code == "invalid_payload" && error.retryable == false && error.exitCode == 1)
            return Dictionary(uniqueKeysWithValues: error.fieldErrors.map { ($0.path, $0.message) })
        }
    }

    private func source(_ members: JSONObject) -> [String: String] {
        errors { $0["source"] = .object(members) }
    }

    @Test("A complete payload is taken")
    func complete() {
        #expect(errors { _ in } == [:])
    }

    @Test("An unknown field is an error that names the nearest known one")
    func unknownField() {
        #expect(errors { $0["sorce"] = 1 }["sorce"] == "unknown field; did you mean source?")
        #expect(errors { $0["zzzzzzzz"] = 1 }["zzzzzzzz"]?.hasPrefix("unknown field; known are source") == true)
        let nested = source(["type": "git", "url": "https://example.org/a.git", "ref": "main", "sub_dir": "x"])
        #expect(nested["source.sub_dir"] == "unknown field; did you mean subdir?")
    }

    @Test(
        "Addresses that git must not be given are refused",
        arguments: [
            "-uhttps://x", "--upload-pack=id", "ext::sh -c id", "http://example.org/a.git", "ftp://example.org/a",
            "ssh://-oProxyCommand=id/x", "a b", "https:///a.git", "",
        ]
    )
    func badURL(url: String) {
        #expect(source(["type": "git", "url": .string(url), "ref": "main"])["source.url"] != nil)
    }

    @Test(
        "Addresses of every allowed kind are taken",
        arguments: [
            "https://example.org/a.git", "http://127.0.0.1:80/a", "http://localhost/a", "http://[::1]:8080/a",
            "ssh://git@example.org:22/a.git", "git@example.org:team/a.git", "git://example.org/a", "file:///srv/a.git",
            "/srv/a.git",
        ]
    )
    func goodURL(url: String) {
        #expect(source(["type": "git", "url": .string(url), "ref": "main"]) == [:])
    }

    @Test(
        "Refs that would be options or refspecs are refused",
        arguments: ["-f", "--upload-pack=id", "a:b", "+main", "a..b", "a b", "refs/heads/*", "a\nb", "x.lock", "@{1}"]
    )
    func badRef(ref: String) {
        #expect(source(["type": "git", "url": "/a", "ref": .string(ref)])["source.ref"] != nil)
    }

    @Test("A commit is hexadecimal, a subfolder stays within")
    func commitAndSubfolder() {
        let base: JSONObject = ["type": "git", "url": "/a", "ref": "main"]
        for commit in ["-abcdef0", "abc", "zzzzzzz"] {
            var members = base
            members["commit"] = .string(commit)
            #expect(source(members)["source.commit"] != nil)
        }
        for folder in ["../x", "/etc", "a/../../b", "a/../../\u{301}b", "/\u{301}b"] {
            var members = base
            members["subdir"] = .string(folder)
            #expect(source(members)["source.subdir"] != nil)
        }
    }

    @Test("Every error is told at once")
    func allErrors() {
        let found = errors {
            $0["source"] = ["type": "svn"]
            $0["release"] = ["type": "files", "path": "relative", "keep": 0]
            $0["healthCheck"] = ["http": "gopher://x", "interval": "soon"]
        }
        let paths = ["source.type", "release.path", "release.keep", "healthCheck.http", "healthCheck.interval"]
        #expect(Set(found.keys) == Set(paths))
    }

    @Test("A container needs a Dockerfile, files cannot have one")
    func buildFitsRelease() {
        #expect(errors { $0["release"] = ["type": "container", "name": "a"] }["release.type"] != nil)
        #expect(errors { $0["build"] = ["type": "dockerfile"] }["build.type"] != nil)
    }

    @Test("Durations are numbers of seconds or texts with a unit")
    func durations() throws {
        let reader = PayloadReader()
        let root = try reader.root(
            Array(#"{"a":1.5,"b":"30s","c":"5m","d":"250ms","e":"x"}"#.utf8),
            keys: ["a", "b", "c", "d", "e"]
        )
        #expect(root.duration("a", default: .zero) == .milliseconds(1500))
        #expect(root.duration("b", default: .zero) == .seconds(30))
        #expect(root.duration("c", default: .zero) == .seconds(300))
        #expect(root.duration("d", default: .zero) == .milliseconds(250))
        #expect(root.duration("f", default: .seconds(7)) == .seconds(7))
        #expect(reader.errors.isEmpty)
        _ = root.duration("e", default: .zero)
        #expect(reader.errors.map(\.path) == ["e"])
    }

    @Test("Ports clash when both stand on one address of the host")
    func ports() throws {
        let web = try #require(ContainerOptions.port("127.0.0.1:80:8080"))
        #expect(web == ContainerOptions.Port(address: "127.0.0.1", hostPort: 80, protocolName: "tcp"))
        #expect(try web.clashes(with: #require(ContainerOptions.port("80:9090"))))
        #expect(try !web.clashes(with: #require(ContainerOptions.port("127.0.0.2:80:8080"))))
        #expect(try !web.clashes(with: #require(ContainerOptions.port("80:8080/udp"))))
        #expect(try !web.clashes(with: #require(ContainerOptions.port("8080"))))
        #expect(try #require(ContainerOptions.port("[::1]:80:8080")).address == "::1")
        for text in ["", "x", "0:80", "1:2:3:4", "80/sctpx", "99999"] { #expect(ContainerOptions.port(text) == nil) }
    }

    @Test("Passwords in URLs are found, as written and decoded")
    func passwords() {
        let payload: JSON = ["a": [["b": "https://u:p%40ss@h/x"]], "c": "https://user@h/", "d": "no:url@x"]
        #expect(URLPasswords.within(payload) == ["p%40ss", "p@ss"])
        // A combining mark makes another character of the delimiter before it.
        #expect(URLPasswords.within("https://u:\u{301}pass@h/x") == ["\u{301}pass"])
    }

    @Test("Base64 has its padding")
    func base64() {
        #expect(
            ["", "f", "fo", "foo", "foob"].map { Base64.encode(Array($0.utf8)) } == [
                "", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==",
            ]
        )
    }
}
