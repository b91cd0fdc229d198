import Glibc
import HoistwayModel
import Testing

@testable import Recipes

@Suite("Git sources", .timeLimit(.minutes(3)))
struct GitSourceTests {
    /// An attempt that releases a repository to `<sandbox>/site`.
    private func attempt(
        _ sandbox: Sandbox,
        _ url: String,
        fence: Int = 1,
        ref: String = "main",
        adding members: JSONObject = [:],
        secrets: [String: String] = [:]
    ) -> RecipeRun {
        var source: JSONObject = ["type": "git", "url": .string(url), "ref": .string(ref)]
        for member in members { source[member.key] = member.value }
        let release: JSON = ["type": "files", "path": .string(sandbox.path + "/site")]
        let payload: JSON = ["source": .object(source), "release": release]
        return RecipeRun(sandbox: sandbox, payload: payload, fence: fence, secrets: secrets)
    }

    private let token: JSONObject = ["auth": ["token": "GIT_TOKEN", "username": "deploy"]]

    @Test("A private repository is read with the job's token, which stands nowhere")
    func token() async throws {
        try await Sandbox.with { sandbox in
            try await GitServer.with(sandbox) { server in
                let work = try await server.repository("private/shop.git")
                let commit = try await work.commit(["index.html": "one", "static/a.css": "x"])
                let secrets = ["GIT_TOKEN": GitServer.token]
                let url = server.base + "/private/shop.git"
                let outcome = try await attempt(sandbox, url, adding: token, secrets: secrets).run()
                #expect(outcome.status == 0, "\(outcome.log)")
                #expect(outcome.result?["commit"]?.stringValue == commit)
                #expect(sandbox.read("site/current/index.html") == "one")
                #expect(sandbox.read("site/current/static/a.css") == "x")
                #expect(!Files.exists(sandbox.path + "/site/current/.git"))
                #expect(server.commandLines.contains("git-remote-http"))
                #expect(!server.commandLines.contains(GitServer.token))
                try await expectAbsent(GitServer.token, below: sandbox.path + "/workspace-shop", in: sandbox)
                #expect(!outcome.log.contains(GitServer.token))
                #expect(!outcome.events.contains { $0.text.contains(GitServer.token) })
            }
        }
    }

    /// Fails when a file below a folder holds a text; proves that it would be found.
    private func expectAbsent(_ text: String, below folder: String, in sandbox: Sandbox) async throws {
        func holders() async throws -> String {
            let words = ["grep", "--recursive", "--files-with-matches", "--text", "--fixed-strings", text, folder]
            let command = Command(arguments: words, environment: sandbox.environment, directory: "/")
            return try await command.capture(log: nil).output
        }
        #expect(try await holders() == "")
        try sandbox.write(text, to: folder + "/planted")
        #expect(try await holders().hasSuffix("/planted\n"))
        try Files.remove(folder + "/planted")
    }

    @Test("A password in the address is masked, handed over otherwise, and kept out of the result")
    func passwordInURL() async throws {
        try await Sandbox.with { sandbox in
            try await GitServer.with(sandbox) { server in
                try await server.repository("private/shop.git").commit(["index.html": "one"])
                let url = "http://deploy:\(GitServer.token)@127.0.0.1:\(server.port)/git/private/shop.git"
                let outcome = try await attempt(sandbox, url).run()
                #expect(outcome.status == 0, "\(outcome.log)")
                #expect(outcome.events.first?["mask"]?.stringValue == GitServer.token)
                #expect(!outcome.events.dropFirst().contains { $0.text.contains(GitServer.token) })
                #expect(!outcome.log.contains(GitServer.token))
                #expect(server.commandLines.contains("git-remote-http"))
                #expect(!server.commandLines.contains(GitServer.token))
                try await expectAbsent(GitServer.token, below: sandbox.path + "/workspace-shop", in: sandbox)
            }
        }
    }

    @Test("A wrong token, a missing one and none at all end the job for good")
    func refused() async throws {
        try await Sandbox.with { sandbox in
            try await GitServer.with(sandbox) { server in
                try await server.repository("private/shop.git").commit(["a": "1"])
                let url = server.base + "/private/shop.git"
                let wrong = try await attempt(sandbox, url, adding: token, secrets: ["GIT_TOKEN": "nothing"]).run()
                #expect(wrong.status == 1 && wrong.code == "authentication_failed", "\(wrong.log)")
                #expect(wrong.error?["details"]?["retryable"] == false)
                #expect(
                    wrong.resources == [
                        "source": "failed", "build": "unchanged", "release": "unchanged", "health": "unchanged",
                    ]
                )
                let missing = try await attempt(sandbox, url, adding: token).run()
                #expect(missing.code == "missing_secret")
                let none = try await attempt(sandbox, url).run()
                #expect(none.code == "authentication_failed")
            }
        }
    }

    @Test("What is not there is for good, what cannot be reached is worth another try")
    func unknownAndUnreachable() async throws {
        try await Sandbox.with { sandbox in
            let port = try await GitServer.with(sandbox) { server in
                try await server.repository("shop.git").commit(["a": "1"])
                let ref = try await attempt(sandbox, server.base + "/shop.git", ref: "nowhere").run()
                #expect(ref.status == 1 && ref.code == "unknown_ref", "\(ref.log)")
                #expect(ref.error?["details"]?["retryable"] == false)
                let commit: JSONObject = ["commit": "0123456789012345678901234567890123456789"]
                let pinned = try await attempt(sandbox, server.base + "/shop.git", adding: commit).run()
                #expect(pinned.code == "unknown_ref", "\(pinned.log)")
                let repository = try await attempt(sandbox, server.base + "/nothing.git").run()
                #expect(repository.status == 1 && repository.code == "repository_not_found", "\(repository.log)")
                return server.port
            }
            let gone = try await attempt(sandbox, "http://127.0.0.1:\(port)/git/shop.git").run()
            #expect(gone.status == 75 && gone.code == "network", "\(gone.log)")
            #expect(gone.error?["details"]?["retryable"] == true)
        }
    }

    @Test("A commit is pinned, a tag resolved, and the clone fetched into")
    func pinAndFetch() async throws {
        try await Sandbox.with { sandbox in
            try await GitServer.with(sandbox) { server in
                let work = try await server.repository("shop.git")
                let first = try await work.commit(["a": "1"])
                try await work.git("tag", "--annotate", "--message=one", "v1")
                try await work.git("push", "--quiet", "origin", "v1")
                let second = try await work.commit(["a": "2"])
                let url = server.base + "/shop.git"
                let newest = try await attempt(sandbox, url).run()
                #expect(newest.result?["commit"]?.stringValue == second)
                let clone = sandbox.path + "/workspace-shop/source"
                let identity = Files.status(clone + "/.git")?.st_ino
                let short: JSONObject = ["commit": .string(String(first.prefix(10)))]
                let pinned = try await attempt(sandbox, url, fence: 2, adding: short).run()
                #expect(pinned.result?["commit"]?.stringValue == first, "\(pinned.log)")
                #expect(sandbox.read("site/current/a") == "1")
                let tagged = try await attempt(sandbox, url, fence: 3, ref: "v1").run()
                #expect(tagged.result?["commit"]?.stringValue == first, "\(tagged.log)")
                #expect(Files.status(clone + "/.git")?.st_ino == identity)
            }
        }
    }

    @Test("Submodules and subfolders are taken")
    func submodulesAndSubfolder() async throws {
        try await Sandbox.with { sandbox in
            try await GitServer.with(sandbox) { server in
                try await server.repository("library.git").commit(["lib.js": "library"])
                let work = try await server.repository("shop.git")
                try await work.git("submodule", "--quiet", "add", "../library.git", "web/library")
                try await work.commit(["web/index.html": "shop", "secret.txt": "not this"])
                let members: JSONObject = ["submodules": true, "subdir": "web"]
                let outcome = try await attempt(sandbox, server.base + "/shop.git", adding: members).run()
                #expect(outcome.status == 0, "\(outcome.log)")
                #expect(sandbox.read("site/current/index.html") == "shop")
                #expect(sandbox.read("site/current/library/lib.js") == "library")
                #expect(sandbox.read("site/current/secret.txt") == nil)
                let none = try await attempt(sandbox, server.base + "/shop.git", fence: 2, adding: ["subdir": "no"])
                    .run()
                #expect(none.code == "path_not_found")
            }
        }
    }

    @Test("A submodule of a kind that is not allowed is refused")
    func submoduleElsewhere() async throws {
        try await Sandbox.with { sandbox in
            try await GitServer.with(sandbox) { server in
                let library = try await server.repository("library.git")
                try await library.commit(["lib.js": "library"])
                let work = try await server.repository("shop.git")
                try await work.git("submodule", "--quiet", "add", library.bare, "library")
                try await work.commit(["a": "1"])
                let url = server.base + "/shop.git"
                let outcome = try await attempt(sandbox, url, adding: ["submodules": true]).run()
                #expect(outcome.status == 1 && outcome.code == "protocol_not_allowed", "\(outcome.log)")
            }
        }
    }

    @Test("Locks that a killed git left are cleared, a broken clone is made anew")
    func leftovers() async throws {
        try await Sandbox.with { sandbox in
            try await GitServer.with(sandbox) { server in
                let work = try await server.repository("shop.git")
                try await work.commit(["a": "1"])
                let url = server.base + "/shop.git"
                #expect(try await attempt(sandbox, url).run().status == 0)
                let data = sandbox.path + "/workspace-shop/source/.git"
                for lock in ["index.lock", "HEAD.lock", "refs/hoistway/head.lock"] {
                    try sandbox.write("", to: data + "/" + lock)
                }
                try await work.commit(["a": "2"])
                let locked = try await attempt(sandbox, url, fence: 2).run()
                #expect(locked.status == 0 && !locked.log.contains("made anew"), "\(locked.log)")
                #expect(sandbox.read("site/current/a") == "2")
                try await sandbox.program(
                    "find",
                    data + "/objects",
                    "-type",
                    "f",
                    "-exec",
                    "truncate",
                    "--size=3",
                    "{}",
                    ";"
                )
                let broken = try await attempt(sandbox, url, fence: 3).run()
                #expect(broken.status == 0, "\(broken.log)")
                #expect(broken.log.contains("made anew"))
                #expect(sandbox.read("site/current/a") == "2")
            }
        }
    }

    @Test("Hooks and settings in the kept clone do not run")
    func hooks() async throws {
        try await Sandbox.with { sandbox in
            try await GitServer.with(sandbox) { server in
                let work = try await server.repository("shop.git")
                try await work.commit(["a": "1"])
                let url = server.base + "/shop.git"
                #expect(try await attempt(sandbox, url).run().status == 0)
                let data = sandbox.path + "/workspace-shop/source/.git"
                let script = "#!/bin/sh\ntouch \(sandbox.path)/ran\n"
                try sandbox.write(script, to: data + "/hooks/post-checkout", mode: 0o755)
                try sandbox.write(script, to: "monitor", mode: 0o755)
                try sandbox.write("[core]\n\tfsmonitor = \(sandbox.path)/monitor\n", to: data + "/config")
                try await work.commit(["a": "2"])
                #expect(try await attempt(sandbox, url, fence: 2).run().status == 0)
                #expect(sandbox.read("site/current/a") == "2")
                #expect(!Files.exists(sandbox.path + "/ran"))
            }
        }
    }

    @Test("ssh gets the key and the known hosts as files that only the job reads")
    func ssh() async throws {
        try await Sandbox.with { sandbox in
            try await GitServer.with(sandbox) { server in
                let work = try await server.repository("shop.git")
                let commit = try await work.commit(["a": "1"])
                // In the place of ssh: writes down what it is told, and runs the far command here.
                try sandbox.write(
                    """
                    #!/bin/sh
                    printf '%s\\n' "$@" > \(sandbox.path)/words
                    while [ $# -gt 2 ]; do
                        if [ "$1" = -i ]; then
                            stat -c %a "$2" > \(sandbox.path)/mode
                            cp "$2" \(sandbox.path)/key
                        fi
                        shift
                    done
                    exec sh -c "$2"

                    """,
                    to: "bin/ssh",
                    mode: 0o755
                )
                let auth: JSON = ["sshKey": "DEPLOY_KEY", "knownHosts": "git.example.org ssh-ed25519 AAAA"]
                let url = "deploy@git.example.org:\(work.bare)"
                var run = attempt(sandbox, url, adding: ["auth": auth], secrets: ["DEPLOY_KEY": "private-key-1f"])
                run.variables = ["PATH": sandbox.path + "/bin:/usr/bin:/bin"]
                let outcome = try await run.run()
                #expect(outcome.status == 0, "\(outcome.log)")
                #expect(outcome.result?["commit"]?.stringValue == commit)
                #expect(sandbox.read("key") == "private-key-1f\n" && sandbox.read("mode") == "600\n")
                let words = try #require(sandbox.read("words"))
                for option in [
                    "BatchMode=yes", "StrictHostKeyChecking=yes", "IdentitiesOnly=yes", "UserKnownHostsFile=",
                ] {
                    #expect(words.contains(option))
                }
                #expect(words.contains("deploy@git.example.org") && !words.contains("private-key-1f"))
            }
        }
    }

    @Test("The token is given to the origin that the job names, and to no other")
    func tokenStaysHome() async throws {
        try await Sandbox.with { sandbox in
            try await GitServer.with(sandbox) { server in
                let library = try await server.repository("private/library.git")
                try await library.commit(["lib.js": "library"])
                let work = try await server.repository("private/shop.git")
                try await work.git("submodule", "--quiet", "add", library.bare, "library")
                // The same server by another name stands for a foreign one.
                let foreign = "http://localhost:\(server.port)/git/private/library.git"
                try await work.git("config", "--file", ".gitmodules", "submodule.library.url", foreign)
                try await work.commit(["a": "1"])
                var members = token
                members["submodules"] = true
                let secrets = ["GIT_TOKEN": GitServer.token]
                let url = server.base + "/private/shop.git"
                let outcome = try await attempt(sandbox, url, adding: members, secrets: secrets).run()
                #expect(outcome.status == 1 && outcome.code == "authentication_failed", "\(outcome.log)")
                let home = server.base + "/private/library.git"
                try await work.git("config", "--file", ".gitmodules", "submodule.library.url", home)
                try await work.commit(["a": "2"])
                let again = try await attempt(sandbox, url, fence: 2, adding: members, secrets: secrets).run()
                #expect(again.status == 0, "\(again.log)")
            }
        }
    }
}
