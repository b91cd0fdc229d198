import Glibc
import HoistwayModel
import TestSupport
import Testing

/// No recipe can take its worker down.
@Suite(.redis, .timeLimit(.minutes(2)))
struct HostileRecipeTests {
    @Test(arguments: ["1e300", "-1e300", "9223372036854775808"])
    func progressOfAnySize(number: String) async throws {
        try await Site.with { site in
            try site.recipe("backup", #"printf '{"progress":\#(number)}\n' >&3"#)
            let worker = try await site.worker()
            let job = try await site.run("backup", "job")
            #expect(job["status"] == "done" && job["progress"] == "100")
            #expect(isAlive(worker.pid))
            try await worker.end(SIGTERM)
        }
    }
}
