import Glibc
import HoistwayModel
import TestSupport
import Testing

/// A worker that is root runs recipes as somebody who cannot touch its records.
@Suite(.redis, .timeLimit(.minutes(3)), .enabled(if: getuid() == 0, "needs root"))
struct RecipeUserTests {
    @Test func dropsToTheUser() async throws {
        try await Site.with { site in
            chmod(site.directory.path, 0o755)
            let path = try site.write("worker: {user: nobody}\n", to: "hoistway.yaml")
            try site.recipe(
                "backup",
                """
                echo "$(id -un) $(id -u) $(id -G) $HOME $USER $LOGNAME"
                folder=${TMPDIR%/tmp}
                touch mine "$TMPDIR/mine" "$HOISTWAY_WORKSPACE/mine" || exit 11
                [ -w . ] && [ -r "$HOISTWAY_PAYLOAD" ] || exit 12
                for file in log attempt.json monitor.jsonl control void events.jsonl; do
                  (echo x >> "$folder/$file") 2>/dev/null && exit 13
                done
                mv "$folder/log" "$folder/gone" 2>/dev/null && exit 14
                rm -rf "$folder/monitor.jsonl" 2>/dev/null; [ -e /proc/$PPID/fd/0 ] && exit 15
                kill -0 $PPID 2>/dev/null && exit 16
                cat > /dev/null
                """
            )
            let worker = try await site.worker(["--config", path])
            let job = try await site.run("backup", "job")
            let log = try await site.log("job")
            #expect(job["status"] == "done", "\(job["exitCode"] ?? "?") \(log)")
            #expect(log.contains("INFO nobody 65534 65534 "), "\(log)")
            #expect(log.hasSuffix(" nobody nobody"))
            try await worker.end(SIGTERM)
        }
    }

    @Test func unknownUserIsRefused() async throws {
        try await Site.with { site in
            let path = try site.write("worker: {user: nobody-knows}\n", to: "hoistway.yaml")
            let result = try await Program.run(
                ["worker", "--config", path, "--redis", site.url, "--data", site.data])
            #expect(result.status != 0 && result.errors.contains("nobody-knows"), "\(result)")
        }
    }
}
