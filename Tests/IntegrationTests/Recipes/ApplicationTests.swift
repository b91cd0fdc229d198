import Glibc
import HoistwayModel
import TestSupport
import Testing

/// The built-in recipes, from a document to what is deployed.
@Suite(.redis, .timeLimit(.minutes(3)))
struct ApplicationTests {
    private func git(_ site: Site, _ script: String) async throws {
        let path = try site.write(
            """
            set -e
            export GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
            mkdir -p \(site.directory.path)/origin && cd \(site.directory.path)/origin
            \(script)
            """,
            to: "git.sh"
        )
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        var argv = [strdup("sh"), strdup(path), nil]
        defer { argv.forEach { free($0) } }
        var pid: pid_t = 0
        #expect(posix_spawn(&pid, "/bin/sh", &actions, nil, &argv, environ) == 0)
        var status: Int32 = 0
        try await eventually("git") { waitpid(pid, &status, WNOHANG) == pid }
        #expect(status == 0)
    }

    @Test func buildReleaseKillAndNext() async throws {
        try await Site.with { site in
            let target = "\(site.directory.path)/target"
            try await git(site, "git init -q -b main; echo one > page; git add page; git commit -qm one")
            let worker = try await site.worker()
            func deploy(_ id: String, build: String) async throws {
                try await site.push(
                    "application",
                    #"{"id":"\#(id)","applicationId":"shop","payload":{"source":{"type":"git","url":"file://\#(site.directory.path)/origin","ref":"main"},"#
                        + #""build":{"type":"command","command":["sh","-c","\#(build)"]},"release":{"type":"files","path":"\#(target)"}}}"#
                )
            }
            try await deploy("one", build: "cp page built")
            let first = try await site.ended("one")
            let log = try await site.log("one")
            #expect(first["status"] == "done", "\(first) \(log)")
            #expect(Site.text("\(target)/current/built") == "one")
            let result = try await site.document("one", "result")
            #expect(result["commit"]?.stringValue?.count == 40)
            #expect(first["stage"] != nil && first["resources"] != nil)

            try await git(site, "echo two > page; git commit -qam two")
            try await deploy("two", build: "touch \(site.directory.path)/building; sleep 1000")
            try await eventually("the build") { access("\(site.directory.path)/building", F_OK) == 0 }
            _ = try await site.order(#""command":"kill","id":"two""#)
            #expect(try await site.ended("two")["reason"] == "killed")
            #expect(site.processes(of: "two").isEmpty)
            #expect(Site.text("\(target)/current/built") == "one")

            try await deploy("three", build: "cp page built; false")
            let failed = try await site.ended("three")
            #expect(failed["reason"] == "failed" && failed["error"] != nil)
            #expect(Site.text("\(target)/current/built") == "one")

            try await deploy("four", build: "cp page built")
            #expect(try await site.ended("four")["status"] == "done")
            #expect(Site.text("\(target)/current/built") == "two")
            try await worker.end(SIGTERM)
        }
    }

    @Test func wrongPayloadNamesItsFields() async throws {
        try await Site.with { site in
            let worker = try await site.worker()
            let job = try await site.run("application", "job", #""payload":{"sorce":{}},"maxAttempts":3"#)
            #expect(job["status"] == "error" && job["attempt"] == "1", "a wrong payload is not tried again")
            let error = try await site.document("job", "error")
            #expect(error["details"]?["fieldErrors"]?.objectValue?.isEmpty == false, "\(error.text)")
            try await worker.end(SIGTERM)
        }
    }

    @Test func schedules() async throws {
        try await Site.with { site in
            let worker = try await site.worker()
            let command = try await site.run("schedule", "a", #""payload":{"command":["sh","-c","echo hi; exit 4"]}"#)
            #expect(command["exitCode"] == "4" && command["reason"] == "failed", "\(command)")
            #expect(try await site.log("a").contains("INFO hi"))
            let script = try await site.run(
                "schedule",
                "b",
                #""payload":{"script":"echo $HOISTWAY_JOB_ID $EXTRA","env":{"EXTRA":"more"}}"#
            )
            #expect(script["status"] == "done")
            #expect(try await site.log("b").contains("INFO b more"))
            try await worker.end(SIGTERM)
        }
    }
}
