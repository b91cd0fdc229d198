import TestSupport
import Testing

@testable import Remote

struct FailureTests {
    @Test(arguments: [
        (255, "ssh: connect to host h port 22: Connection refused", true, "cannot be reached"),
        (255, "ssh: Could not resolve hostname h: Name or service not known", true, "cannot be reached"),
        (255, "u@h: Permission denied (publickey).", false, "does not accept the key"),
        (255, "Host key verification failed.", false, "its host key is not known"),
        (
            255, "@@@@\n@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\n@@@@\nHost key verification failed.",
            false,
            "is another than the one that is known"
        ),
        (127, "sh: 1: exec: ssh: not found", false, "install openssh-client"),
        (1, "This account is currently not available.", false, "This account is currently not available."),
        (255, "", true, "no answer"),
    ])
    func sayings(status: Int32, text: String, isRepeatable: Bool, message: String) {
        let failure = RemoteFailure(place: "eu-1 (h:22)", status: status, text: text)
        #expect(failure.isRepeatable == isRepeatable && failure.message.contains(message), "\(failure.message)")
    }

    /// A combining mark makes another character of what is before it, but not for a shell.
    @Test(arguments: ["plain", "it's", "'", "", "a\nb", "$HOME `id` \\", "'\u{301}; echo no; '\u{301}"])
    func quoting(text: String) async throws {
        let result = try await Program.run(["-c", "printf %s \(Shell.quoted(text))"], of: "/bin/sh")
        #expect(result.status == 0 && Array(result.output.utf8) == Array(text.utf8), "\(result)")
    }

    @Test(arguments: [
        RemoteServer.HostKeys.ofUser, .firstSeen, .known(["ssh-ed25519 AAAA", "ssh-rsa AAAB"]),
    ])
    func planKeepsEverything(keys: RemoteServer.HostKeys) {
        for recipe: RemotePlan.Recipe in [.folder("/a b"), .file("/r"), .program("/p", ["recipe", "x"])] {
            let plan = RemotePlan(
                serverID: "eu-1",
                server: RemoteServer(host: "h", port: 23, user: "u", identityFile: "/k", hostKeys: keys),
                name: "job.7",
                fence: 7,
                guardKey: "p job \"x\"",
                recipe: recipe,
                workspace: "backup/db",
                limit: 15,
                grace: 10,
                knownHosts: "/d/known_hosts"
            )
            #expect(RemotePlan(plan.text) == plan)
            #expect(!plan.text.contains(plan.nonce) && !plan.text.contains(plan.mark))
            #expect(!plan.nonce.contains(plan.mark) && !plan.mark.contains(plan.nonce))
        }
    }
}
