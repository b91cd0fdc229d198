import Glibc
import RESP
import TestSupport
import Testing

/// Workers, hosts, monitors, Redis and what lies between them die, freeze and break at random while jobs of all kinds run;
/// `HistoryChecker` judges what is left. `scripts/chaos` runs it for longer, with another seed.
@Suite(.timeLimit(.minutes(ChaosRun.seconds / 60 + 8)), .serialized)
struct ChaosRunTests {
    @Test func everythingIsAccountedFor() async throws {
        let options = RedisServer.Options(appendOnly: true, arguments: ["--busy-reply-threshold", "100"])
        let redis = try await RedisServer.start(options)
        let (seed, seconds) = (ChaosRun.seed, ChaosRun.seconds)
        try await RedisServer.$current.withValue(redis) {
            try await Site.with { site in
                print("chaos: seed \(seed), \(seconds) s")
                let run = try await ChaosRun(site: site)
                let violations = try await run.run()
                print(await run.summary)
                for violation in violations.prefix(50) { print("chaos: VIOLATION: \(violation)") }
                print(
                    "chaos: seed \(seed): \(violations.isEmpty ? "every promise held" : "\(violations.count) violations")"
                )
                #expect(violations.isEmpty)
            }
        }
        try await redis.stop(SIGKILL)
    }
}

/// The same numbers for the same seed (SplitMix64, prng.di.unimi.it).
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
