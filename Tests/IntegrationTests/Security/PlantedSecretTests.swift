import Glibc
import HoistwayModel
import RedisClient
import TestSupport
import Testing

/// Secrets are planted wherever one can come from, and then looked for wherever they must not be.
@Suite(.timeLimit(.minutes(3)))
struct PlantedSecretTests {
    private static let password = "planted-redis-44817"
    private static let file = "planted-file-20931"
    private static let variable = "planted-env-77120"
    private static let command = "planted-command-1192"
    private static let learnt = "planted-learnt-50336"
    private static let all = [password, file, variable, command, learnt]

    @Test func nowhereButInTheRecipe() async throws {
        let redis = try await RedisServer.start(RedisServer.Options(password: Self.password))
        try await RedisServer.$current.withValue(redis) {
            try await Site.with { site in
                let configuration = try configuration(site)
                try site.recipe(
                    "backup",
                    """
                    ulimit -c > \(site.directory.path)/core-limit
                    printf '{"mask":"\(Self.learnt)"}\\n' >&3
                    sleep 0.2
                    echo "$F $E $C \(Self.learnt)"; echo "$F" >&2
                    printf '{"message":"%s","stage":"%s","error":{"code":"E","message":"%s"}}\\n' "$F" "$E" "$C" >&3
                    \(site.awaiting("gate"))
                    case $HOISTWAY_JOB_ID in crash) kill -SEGV $$ ;; esac
                    exit 1
                    """
                )
                let options = ["--prefix", site.prefix, "--data", site.data, "--recipes", site.recipes]
                let worker = try await Program.start(
                    ["worker", "--config", configuration] + options,
                    environment: [
                        "DEPLOY_KEY": Self.variable, "HOISTWAY_REDIS": "unix://:\(Self.password)@\(redis.socketPath)",
                    ],
                    log: "\(site.directory.path)/workers.log"
                )
                let secrets =
                    #""secrets":{"F":"file:\#(site.directory.path)/secret","E":"env:DEPLOY_KEY","C":"command:vault"}"#
                for id in ["crash", "fail", "kill"] {
                    try await site.push("backup", #"{"id":"\#(id)","backupId":"\#(id)",\#(secrets)}"#)
                }
                for id in ["crash", "fail", "kill"] { try await site.wait(for: id, "running") }
                try await eventually("what they print") { try await site.log("kill").contains("[REDACTED]") }
                expectNoneOf(try await Program.run(["-eo", "args"], of: "/bin/ps").output, "ps")
                _ = try await site.order(#""command":"kill","id":"kill""#)
                site.touch("gate")
                for id in ["crash", "fail", "kill"] { try await site.wait(for: id, "error") }
                expectNoneOf(try await site.everything(), "Redis")
                expectNoneOf(site.printed, "the worker's output")
                // Attempts, logs, workspaces, and core files, should there be any.
                let found = try await Program.run(
                    ["-rlaE", Self.all.joined(separator: "|"), site.data],
                    of: "/bin/grep"
                )
                #expect(found.output == "")
                #expect(Site.text("\(site.directory.path)/core-limit")?.contains("unlimited") == false)
                try await worker.end(SIGTERM)
            }
        }
        try await redis.stop()
    }

    private func configuration(_ site: Site) throws -> String {
        _ = try site.write(Self.file + "\n", to: "secret", mode: 0o600)
        return try site.write(
            """
            worker:
              secrets:
                allow: ["file:\(site.directory.path)/*", "env:DEPLOY_*"]
                commands: {vault: [sh, -c, "echo planted-command''-1192"]}
            """,
            to: "hoistway.yaml",
            mode: 0o600
        )
    }

    private func expectNoneOf(_ text: String, _ place: String) {
        for secret in Self.all { #expect(!text.contains(secret), "\(secret) stands in \(place)") }
    }
}
