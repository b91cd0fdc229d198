import Glibc
import HoistwayModel
import RESP
import RedisClient
import TestSupport
import Testing

/// What happens to commands that cannot be carried out, and to kills that come early.
@Suite(.redis, .timeLimit(.minutes(2)))
struct ControlListTests {
    @Test func commandThatCannotBeCarriedOutBlocksNobody() async throws {
        try await Site.with { site in
            let worker = try await site.worker()
            try await site.send(["SET", "\(site.prefix):job:broken", "no hash"])
            let answer = try await site.order(#""command":"kill","id":"broken""#)
            #expect(answer["ok"] == false && answer["error"]?["code"] == "internal")
            #expect(try await site.order(#""command":"pause","type":"backup""#)["ok"] == true)
            try await worker.end(SIGTERM)
        }
    }

    @Test func killedBeforeItBegan() async throws {
        try await Site.with { site in
            let folder = site.directory.path
            let configuration = try site.write(
                """
                worker:
                  secrets:
                    commands: {slow: [sh, -c, "touch \(folder)/asked; \(site.awaiting("gate")); echo a-long-secret"]}
                """,
                to: "hoistway.yaml"
            )
            try site.recipe("backup", "echo ran > \(folder)/ran")
            let worker = try await site.worker(["--config", configuration])
            try await site.push("backup", #"{"id":"job","backupId":"db","secrets":{"TOKEN":"command:slow"}}"#)
            try await eventually("the secret to be asked for") { access("\(folder)/asked", F_OK) == 0 }
            #expect(try await site.order(#""command":"kill","id":"job","why":"early""#)["ok"] == true)
            // Two beats later the worker has heard of it.
            let id = try #require(Site.text("\(site.data)/worker-id"))
            for _ in 1...2 {
                let heard = try await site.hash("worker:\(id)")["heartbeatAt"]
                try await eventually("a beat") { try await site.hash("worker:\(id)")["heartbeatAt"] != heard }
            }
            site.touch("gate")
            let job = try await site.ended("job")
            #expect(job["status"] == "error" && job["reason"] == "killed")
            #expect(try await site.history("job") == ["accepted", "claimed", "killRequested", "killed"])
            #expect(site.lines("ran").isEmpty)
            try await worker.end(SIGTERM)
        }
    }
}
