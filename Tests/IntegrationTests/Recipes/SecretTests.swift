import Glibc
import HoistwayModel
import TestSupport
import Testing

/// Secrets reach the recipe and nobody else.
@Suite(.redis, .timeLimit(.minutes(3)))
struct SecretTests {
    static let planted = ["hunter2-file-90871", "hunter2-env-55120", "hunter2-command-7710"]

    private func configuration(_ site: Site) throws -> String {
        _ = try site.write(Self.planted[0] + "\n", to: "secret", mode: 0o600)
        return try site.write(
            """
            worker:
              secrets:
                allow: ["file:\(site.directory.path)/*", "env:DEPLOY_*"]
                commands: {vault: [sh, -c, "echo \(Self.planted[2])"]}
            """,
            to: "hoistway.yaml"
        )
    }

    @Test func everyKindIsRedactedEverywhere() async throws {
        try await Site.with { site in
            let seen = "\(site.directory.path)/seen"
            try site.recipe(
                "backup",
                """
                printf '%s %s %s' "$F" "$E" "$C" > \(seen)
                echo "out $F $E $C"; echo "err $F$E$C" >&2
                printf '{"message":"m %s","result":{"r":"%s"},"stage":"s %s","log":{"level":"INFO","message":"%s"}}\\n' "$F" "$E" "$C" "$F" >&3
                printf '{"error":{"code":"E","message":"e %s"}}\\n' "$C" >&3
                exit 1
                """
            )
            let worker = try await site.worker(
                ["--config", configuration(site)],
                environment: ["DEPLOY_KEY": Self.planted[1]]
            )
            let secrets =
                #""secrets":{"F":"file:\#(site.directory.path)/secret","E":"env:DEPLOY_KEY","C":"command:vault"}"#
            let job = try await site.run("backup", "job", secrets)
            #expect(Site.text(seen) == Self.planted.joined(separator: " "))
            #expect(job["reason"] == "failed" && job["stage"] == "s [REDACTED]")
            #expect(try await site.document("job", "error")["message"] == "e [REDACTED]")
            let log = try await site.log("job")
            #expect(log.contains("INFO out [REDACTED] [REDACTED] [REDACTED]"))
            let everything = try await site.everything()
            for secret in Self.planted {
                #expect(!log.contains(secret) && !everything.contains(secret) && !site.printed.contains(secret))
            }
            try await worker.end(SIGTERM)
        }
    }

    @Test func policy() async throws {
        try await Site.with { site in
            try site.recipe("backup", "echo ran > \(site.directory.path)/ran")
            _ = try site.write("abc", to: "short")
            let worker = try await site.worker(
                ["--config", configuration(site)],
                environment: ["OTHER": "not-for-you", "DEPLOY_SHORT": "abc"]
            )
            let folder = site.directory.path
            let refused = [
                "file:/etc/passwd", "file:\(folder)/../../etc/passwd", "file:\(folder)/absent", "env:OTHER",
                "env:DEPLOY_ABSENT", "command:unknown", "file:\(folder)/short", "env:DEPLOY_SHORT",
                "file:\(folder)/recipes/backup",
            ]
            for (index, reference) in refused.enumerated() {
                let job = try await site.run("backup", "job\(index)", #""secrets":{"TOKEN":"\#(reference)"}"#)
                #expect(job["status"] == "error" && job["reason"] == "spawn", "\(reference)")
                #expect(job["message"]?.contains("TOKEN") == true, "\(job["message"] ?? "no message")")
                #expect(job["attempt"] == "1")
            }
            #expect(site.lines("ran").isEmpty)
            try await worker.end(SIGTERM)
        }
    }

    @Test func nothingIsAllowedByDefault() async throws {
        try await Site.with { site in
            try site.recipe("backup", "true")
            let worker = try await site.worker(environment: ["DEPLOY_KEY": "something"])
            let job = try await site.run("backup", "job", #""secrets":{"TOKEN":"env:DEPLOY_KEY"}"#)
            #expect(job["reason"] == "spawn")
            try await worker.end(SIGTERM)
        }
    }
}
