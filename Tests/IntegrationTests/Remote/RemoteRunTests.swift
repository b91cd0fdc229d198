import Glibc
import HoistwayModel
import TestSupport
import Testing

/// A job with `serverId` runs there as others do here.
@Suite(.redis, .timeLimit(.minutes(5)))
struct RemoteRunTests {
    @Test func everythingARecipeHas() async throws {
        try await RemoteSite.with { remote in
            let site = remote.site
            mkdir("\(site.recipes)/backup", 0o755)
            mkdir("\(site.recipes)/backup/lib", 0o755)
            _ = try site.write("from the library\n", to: "recipes/backup/lib/a file.txt")
            try site.recipe(
                "backup/run",
                """
                \(RemoteSite.event(#"{"mask":"learnt-late-7731","progress":10,"stage":"begin"}"#))
                cat; echo
                cat "$0" >/dev/null && cat "${0%/*}/lib/a file.txt"
                echo "learnt-late-7731 and $TOKEN"
                echo "value=$VALUE"
                echo "server=$HOISTWAY_SERVER_ID type=$HOISTWAY_JOB_TYPE id=$HOISTWAY_JOB_ID attempt=$HOISTWAY_ATTEMPT"
                echo "payload=$(cat "$HOISTWAY_PAYLOAD")"
                echo "home=$HOME mask=$(umask)"
                echo "mine=$(stat -c %a "$HOISTWAY_PAYLOAD" "${HOISTWAY_PAYLOAD%/*}" "${HOISTWAY_PAYLOAD%/*}/environment" | tr '\\n' ' ')"
                ls -A; [ -z "$(ls -A)" ] && echo empty
                ls /proc/self/fd | tr '\\n' ' '; echo
                grep -E 'Sig(Ign|Blk)' /proc/self/status
                printf '%s' "$TOKEN" >pattern
                cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' | grep -c -F -f pattern
                echo kept >"$HOISTWAY_WORKSPACE/kept"
                echo warned >&2
                \(RemoteSite.event(#"{"result":{"url":"http://y"}}"#))
                printf 'no line break'
                \(site.awaiting("gate"))
                """
            )
            let token = try site.write("s3cret' \"value\"", to: "token")
            let worker = try await remote.worker(
                more: "worker: {secrets: {allow: [\"file:\(site.directory.path)/*\"]}}"
            )
            try await remote.push(
                "backup",
                "job",
                #""payload":{"a":"b"},"env":{"VALUE":"it's \"so\" $HOME"},"secrets":{"TOKEN":"file:\#(token)"}"#
            )
            try await eventually("the result") { try await site.field("job", "result") != nil }
            let running = try await site.job("job")
            #expect(running["status"] == "running" && running["progress"] == "10" && running["stage"] == "begin")
            let pid = try #require(running["remotePid"].flatMap { pid_t($0) })
            #expect(remote.server.processes(of: "job").contains(pid))
            #expect(running["pid"] != nil && running["pid"] != running["remotePid"])
            site.touch("gate")
            let job = try await site.ended("job")
            #expect(job["status"] == "done" && job["exitCode"] == "0" && job["remotePid"] == nil, "\(job)")
            let log = try await site.log("job")
            for line in [
                #"INFO {"a":"b"}"#, "INFO from the library", "INFO [REDACTED] and [REDACTED]",
                "INFO value=it's \"so\" $HOME", "INFO server=far type=backup id=job attempt=1",
                #"INFO payload={"a":"b"}"#, "INFO home=\(remote.server.home) mask=0022", "INFO mine=600 700 600",
                "INFO empty", "INFO 0 1 2 3", "INFO 0\n", "WARN warned", "INFO no line break",
            ] {
                #expect(log.contains(line), "\(line) in \(log)")
            }
            // Of the numbers that are not the C library's own.
            for field in ["SigIgn", "SigBlk"] {
                let line = try #require(log.split(separator: "\n").first { $0.contains("\(field):\t") })
                #expect(UInt64(line.suffix(16), radix: 16).map { $0 & 0x7FFF_FFFF } == 0, "\(line)")
            }
            #expect(!log.contains("::hoistway:"))
            #expect(try await !site.everything().contains("s3cret"))
            #expect(remote.server.attempts.isEmpty && remote.server.processes(of: "job").isEmpty)
            #expect(Site.text("\(remote.server.home)/.hoistway/workspaces/backup/job/kept") == "kept")
            #expect(site.processes(of: "job").isEmpty)
            try await worker.end(SIGTERM)
        }
    }

    @Test func exitCodes() async throws {
        try await RemoteSite.with { remote in
            try remote.site.recipe("backup", "echo out; exit 3")
            try remote.site.recipe("schedule", "kill -9 $$")
            try remote.site.recipe("compose", "trap : TERM; kill -s TERM 0; exit 6")
            let worker = try await remote.worker()
            let failed = try await remote.run("backup", "failed")
            #expect(failed["reason"] == "failed" && failed["exitCode"] == "3" && failed["message"] == "exit code 3")
            let killed = try await remote.run("schedule", "signalled")
            #expect(killed["reason"] == "failed" && killed["exitCode"] == "137")
            let group = try await remote.run("compose", "group")
            #expect(group["reason"] == "failed" && group["exitCode"] == "6")
            let workers = try await remote.site.hoistway("workers", "--json")
            #expect(workers.output.contains(#""servers":["far"]"#), "\(workers.output)")
            try await worker.end(SIGTERM)
        }
    }

    @Test func floodComesWhole() async throws {
        try await RemoteSite.with { remote in
            try remote.site.recipe("backup", "seq 1 200000; seq 1 1000 >&2; printf '\\036not a frame\\n'")
            let worker = try await remote.worker()
            let job = try await remote.run("backup", "job")
            #expect(job["status"] == "done")
            let lines = try await remote.site.log("job").split(separator: "\n")
            let told = lines.filter { $0.contains(" INFO ") }.compactMap { Int($0.split(separator: " ")[2]) }
            #expect(told == Array(1...200_000))
            #expect(lines.filter { $0.contains(" WARN ") }.count == 1000)
            #expect(lines.contains { $0.hasSuffix("not a frame") }, "\(lines.suffix(3))")
            try await worker.end(SIGTERM)
        }
    }

    @Test(arguments: [true, false])
    func killEndsTheFarTree(hasSetsid: Bool) async throws {
        let path = try hasSetsid ? nil : SSHServer.programs(without: "setsid")
        try await RemoteSite.with(path: path?.path) { remote in
            let site = remote.site
            try site.recipe(
                "backup",
                """
                trap '' TERM
                PATH=$PATH:/usr/bin
                (setsid sleep 1000 &)
                (sleep 1000 &)
                setsid sh -c 'trap "" TERM; sleep 1000; :' &
                env -i sleep 1000 &
                kill -STOP $! 
                \(RemoteSite.event(#"{"progress":1}"#))
                while :; do sleep 1; done
                """
            )
            try site.recipe("compose", site.awaiting("gate"))
            let worker = try await remote.worker()
            try await remote.push("compose", "bystander")
            try await remote.push("backup", "job", #""killGrace":1"#)
            try await eventually("it to run") { try await site.field("job", "progress") == "1" }
            #expect(remote.server.processes(of: "job").count >= 4)
            #expect(try await site.order(#""command":"kill","id":"job","by":"ann""#)["ok"] == true)
            let job = try await site.ended("job")
            #expect(job["reason"] == "killed" && job["remotePid"] == nil)
            #expect(remote.server.processes(of: "job").isEmpty)
            #expect(remote.server.attempts.count == 1)
            let signals = try await site.document("job", "kill")["signals"]?.arrayValue
            #expect(signals?.map { $0["signal"] } == ["TERM", "KILL"])
            #expect(try await site.field("bystander", "status") == "running")
            site.touch("gate")
            try await site.wait(for: "bystander", "done")
            try await worker.end(SIGTERM)
        }
    }

    @Test func politeRecipeMayTidyUp() async throws {
        try await RemoteSite.with { remote in
            let site = remote.site
            try site.recipe(
                "backup",
                "trap 'echo tidied; exit 0' TERM\n\(RemoteSite.event(#"{"progress":1}"#))\nwhile :; do sleep 0.05; done"
            )
            let worker = try await remote.worker()
            try await remote.push("backup", "job")
            try await eventually("it to run") { try await site.field("job", "progress") == "1" }
            _ = try await site.order(#""command":"kill","id":"job""#)
            let job = try await site.ended("job")
            #expect(job["reason"] == "killed" && job["exitCode"] == "0")
            #expect(try await site.log("job").contains("tidied"))
            #expect(remote.server.attempts.isEmpty)
            try await worker.end(SIGTERM)
        }
    }

    @Test(arguments: [("timeout", #""timeout":1,"killGrace":1"#), ("idle", #""idleTimeout":1,"killGrace":1"#)])
    func limits(reason: String, members: String) async throws {
        try await RemoteSite.with { remote in
            try remote.site.recipe("backup", "trap '' TERM; setsid sleep 1000 & while :; do sleep 1; done")
            let worker = try await remote.worker()
            let job = try await remote.run("backup", "job", members)
            #expect(job["reason"] == reason)
            #expect(remote.server.processes(of: "job").isEmpty && remote.server.attempts.isEmpty)
            try await worker.end(SIGTERM)
        }
    }

    @Test func whatIsLeftBehindEnds() async throws {
        try await RemoteSite.with { remote in
            try remote.site.recipe("backup", "(setsid sleep 1000 >/dev/null 2>&1 &)\nexit 0")
            let worker = try await remote.worker()
            let job = try await remote.run("backup", "job", #""killGrace":1"#)
            #expect(job["status"] == "done")
            #expect(remote.server.processes(of: "job").isEmpty)
            #expect(try await remote.site.log("job").contains("was left behind and is ended: sleep 1000"))
            try await worker.end(SIGTERM)
        }
    }

    @Test func cleanupRunsThere() async throws {
        try await RemoteSite.with { remote in
            let command = #"{"cleanup":["sh","-c","echo \"$HOISTWAY_SERVER_ID it's $0\" >>$HOME/cleaned","a b"]}"#
            try remote.site.recipe(
                "backup",
                "\(RemoteSite.event(command.replacing("'", with: "'\\''")))\nsleep 1\nexit 4"
            )
            let worker = try await remote.worker()
            let job = try await remote.run("backup", "job")
            #expect(job["exitCode"] == "4")
            #expect(Site.text("\(remote.server.home)/cleaned") == "far it's a b")
            try await worker.end(SIGTERM)
        }
    }

    @Test func builtInRecipe() async throws {
        try await RemoteSite.with { remote in
            let worker = try await remote.worker()
            for id in ["first", "second"] {
                let script = #""payload":{"script":"echo on $HOISTWAY_SERVER_ID in $HOME"}"#
                let job = try await remote.run("schedule", id, script)
                #expect(job["status"] == "done" && job["result"] == #"{"exitCode":0}"#, "\(job)")
                #expect(try await remote.site.log(id).contains("INFO on far in \(remote.server.home)"))
            }
            try await worker.end(SIGTERM)
        }
    }

    @Test func waitsForAWorkerThatKnowsTheServer() async throws {
        try await RemoteSite.with { remote in
            let site = remote.site
            try site.recipe("backup", "exit 0")
            let other = try await site.worker(data: "\(site.directory.path)/other")
            try await remote.push("backup", "job")
            try await eventually("it to wait") { try await site.queue("backup!far") == ["job"] }
            let status = try await site.hoistway("status", "job")
            #expect(status.output.contains("far"), "\(status.output)")
            let worker = try await remote.worker()
            #expect(try await site.ended("job")["status"] == "done")
            try await worker.end(SIGTERM)
            try await other.end(SIGTERM)
        }
    }

    @Test func workspaceIsLockedThere() async throws {
        try await RemoteSite.with { remote in
            let site = remote.site
            try site.recipe("backup", "echo \"workspace=$HOISTWAY_WORKSPACE\"\n\(site.awaiting("gate"))")
            let worker = try await remote.worker()
            let base = "\(remote.server.home)/.hoistway/workspaces/backup/db"
            for (id, place) in [("first", base), ("second", "\(base).2")] {
                let document = #"{"id":"\#(id)","backupId":"db","serverId":"far","concurrencyKey":"\#(id)"}"#
                try await site.push("backup", document)
                try await eventually("\(id) to run") { try await site.field(id, "remotePid") != nil }
                try await eventually("\(id) in \(place)") { try await site.log(id).hasSuffix("workspace=\(place)") }
            }
            // Whoever dies gives its lock up.
            let pid = try #require(try await site.field("first", "pid").flatMap { pid_t($0) })
            kill(pid, SIGKILL)
            #expect(try await site.ended("first", timeout: .seconds(60))["reason"] == "lost")
            try await site.push("backup", #"{"id":"third","backupId":"db","serverId":"far","concurrencyKey":"third"}"#)
            try await eventually("the third to run") { try await site.field("third", "remotePid") != nil }
            try await eventually("it in \(base)") { try await site.log("third").hasSuffix("workspace=\(base)") }
            site.touch("gate")
            for id in ["second", "third"] { #expect(try await site.ended(id)["status"] == "done") }
            try await worker.end(SIGTERM)
        }
    }
}
