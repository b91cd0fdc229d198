import Glibc
import HoistwayModel
import TestSupport
import Testing

/// What a recipe finds around itself: what the contract names, and nothing of the worker's.
@Suite(.redis, .timeLimit(.minutes(3)))
struct EnvironmentTests {
    @Test func variables() async throws {
        try await Site.with { site in
            try site.recipe("compose", "env -0 > \(site.directory.path)/environment; pwd > \(site.directory.path)/cwd")
            let worker = try await site.worker(
                ["--node", "eu-1"],
                environment: ["LEAKED": "secret-of-the-worker", "LD_LIBRARY_PATH": "/nowhere"]
            )
            let job = try await site.run(
                "compose",
                "one",
                #""env":{"OWN":"a=b c","PATH":"/bin:/usr/bin"},"node":"eu-1""#
            )
            #expect(job["status"] == "done")
            let text = try #require(Site.text("\(site.directory.path)/environment"))
            var found: [String: String] = [:]
            for pair in text.split(separator: "\0") {
                let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                found[String(parts[0])] = String(parts[1])
            }
            for name in ["PWD", "OLDPWD", "SHLVL", "_"] { found[name] = nil }
            let folder = "\(site.data)/jobs/one/1"
            let workspace = try #require(found["HOISTWAY_WORKSPACE"])
            let expected = [
                "PATH": "/bin:/usr/bin", "LANG": "C.UTF-8", "TMPDIR": "\(folder)/tmp", "OWN": "a=b c",
                "HOISTWAY_JOB_ID": "one", "HOISTWAY_JOB_TYPE": "compose", "HOISTWAY_RESOURCE_ID": "one",
                "HOISTWAY_ATTEMPT": "1", "HOISTWAY_FENCE": job["fence"] ?? "", "HOISTWAY_EVENTS": "3",
                "HOISTWAY_ACTION": "update", "HOISTWAY_NODE": "eu-1",
            ]
            for (name, value) in expected { #expect(found[name] == value, "\(name)") }
            #expect(
                Set(found.keys)
                    == Set(expected.keys)
                    .union(["HOME", "USER", "LOGNAME", "SHELL", "HOISTWAY_PAYLOAD", "HOISTWAY_WORKSPACE"])
            )
            #expect(workspace.hasPrefix(site.data) && access(workspace, F_OK) == 0)
            #expect(site.lines("cwd").first?.hasPrefix(folder) == true)
            try await worker.end(SIGTERM)
        }
    }

    @Test func payloadKeepsItsBytes() async throws {
        try await Site.with { site in
            let folder = site.directory.path
            try site.recipe("backup", #"cat > \#(folder)/stdin; cp "$HOISTWAY_PAYLOAD" \#(folder)/file"#)
            let worker = try await site.worker()
            let payload = #"{ "z" : 1.0e+2,"a":[ ],  "big":12345678901234567890123, "u":"\u00e9é\/", "z2":{}  }"#
            let job = try await site.run("backup", "one", #""payload":\#(payload)"#)
            #expect(job["status"] == "done" && job["payload"] == payload)
            #expect(Site.text("\(folder)/stdin") == payload)
            #expect(Site.text("\(folder)/file") == payload)
            _ = try await site.run("backup", "two")
            #expect(Site.text("\(folder)/stdin") == "{}")
            try await worker.end(SIGTERM)
        }
    }

    @Test func descriptorsSignalsAndFolder() async throws {
        try await Site.with { site in
            let folder = site.directory.path
            try site.recipe(
                "backup",
                """
                #!/usr/bin/python3 -S
                import os, sys, json
                out = {"fds": sorted(int(f) for f in os.listdir("/proc/self/fd") if os.path.exists("/proc/self/fd/" + f)),
                       "cwd": sorted(os.listdir(".")), "argv": sys.argv, "pgid": os.getpgid(0) == os.getpid()}
                for line in open("/proc/self/status"):
                    if line.startswith(("SigBlk", "SigIgn")): out[line[:6]] = line.split()[1]
                open("\(folder)/found", "w").write(json.dumps(out))
                open("left-behind", "w").write("x")
                """
            )
            // Whoever starts a worker may ignore every signal, the two that glibc keeps to itself too.
            let deaf = """
                import ctypes, os, platform, sys
                number = 13 if platform.machine() == "x86_64" else 134
                action = (ctypes.c_ulong * 4)(1, 0, 0, 0)
                for signal in range(1, 65):
                    if signal not in (9, 15, 17, 19):
                        ctypes.CDLL(None).syscall(number, signal, ctypes.byref(action), None, 8)
                os.execv(sys.argv[1], sys.argv[1:])
                """
            let worker = try await site.worker(wrapper: ["python3", "-S", "-c", deaf])
            for id in ["one", "two"] {
                let job = try await site.run("backup", id)
                #expect(job["status"] == "done", "\(job)")
                let found = try JSON(parsing: try #require(Site.text("\(folder)/found")))
                // The listing itself takes one descriptor, which is gone when it is looked at.
                #expect(found["fds"] == [0, 1, 2, 3])
                #expect(found["cwd"] == [] && found["argv"] == [.string("\(site.recipes)/backup")])
                #expect(found["SigBlk"] == "0000000000000000")
                // Python itself ignores SIGPIPE and SIGXFSZ.
                let ignored = try #require(found["SigIgn"]?.stringValue.flatMap { UInt64($0, radix: 16) })
                #expect(ignored == 0x100_1000)
                #expect(found["pgid"] == true)
            }
            try await worker.end(SIGTERM)
        }
    }

    @Test func workspaceIsKeptAndLocked() async throws {
        try await Site.with { site in
            let folder = site.directory.path
            try site.recipe(
                "backup",
                #"echo x >> "$HOISTWAY_WORKSPACE/count"; echo "$HOISTWAY_WORKSPACE" > \#(folder)/$HOISTWAY_JOB_ID; [ "$HOISTWAY_JOB_ID" != held ] || \#(site.awaiting("gate"))"#
            )
            let worker = try await site.worker()
            func workspace(_ id: String) -> String { site.lines(id).first ?? "none" }
            for id in ["a", "b"] {
                try await site.push("backup", #"{"id":"\#(id)","backupId":"db"}"#)
                try await site.wait(for: id, "done")
            }
            #expect(workspace("a") == workspace("b"))
            #expect(Site.text("\(workspace("a"))/count") == "x\nx")
            try await site.push("backup", #"{"id":"held","backupId":"db"}"#)
            try await eventually("the first") { site.lines("held").count == 1 }
            try await site.push("backup", #"{"id":"beside","backupId":"db","concurrencyKey":"other"}"#)
            try await site.wait(for: "beside", "done")
            #expect(workspace("held") == workspace("a"))
            #expect(workspace("beside") == workspace("a") + ".2")
            site.touch("gate")
            try await site.wait(for: "held", "done")
            try await site.push("backup", #"{"id":"other","backupId":"../../etc"}"#)
            try await site.wait(for: "other", "done")
            #expect(!workspace("other").contains("/../") && workspace("other").hasPrefix(site.data))
            try await worker.end(SIGTERM)
        }
    }
}
