import Glibc
import RESP
import RedisClient
import TestSupport
import Testing

/// Workers, monitors and Redis die, freeze and lose their connections at random while jobs run; `HistoryChecker` judges what
/// is left. `scripts/chaos` runs it for longer, with another seed.
@Suite(.timeLimit(.minutes(ChaosRun.minutes + 5)), .serialized)
struct ChaosRunTests {
    @Test func everythingIsAccountedFor() async throws {
        print("chaos: seed \(ChaosRun.seed)")
        let redis = try await RedisServer.start(RedisServer.Options(appendOnly: true))
        try await RedisServer.$current.withValue(redis) {
            try await Site.with { site in
                let run = ChaosRun(site: site)
                let violations = try await run.run()
                #expect(violations == [], "seed \(ChaosRun.seed): \(run.done.joined(separator: ", "))")
            }
        }
        try await redis.stop(SIGKILL)
    }
}

private final class ChaosRun {
    static let seconds = getenv("HOISTWAY_CHAOS_SECONDS").flatMap { Int(String(cString: $0)) } ?? 20
    static let minutes = seconds / 60
    static let seed = getenv("HOISTWAY_CHAOS_SEED").flatMap { UInt64(String(cString: $0)) } ?? 1

    private let site: Site
    private var random = SeededGenerator(state: ChaosRun.seed)
    private var workers: [RunningProgram] = []
    private var accepted: [String] = []
    /// The faults, in their order.
    private(set) var done: [String] = []

    private static let count = 3

    init(site: Site) {
        self.site = site
    }

    private var folder: String { site.directory.path }
    private func data(_ index: Int) -> String { "\(folder)/data-\(index)" }

    func run() async throws -> [String] {
        try site.recipe(
            "backup",
            """
            key=$HOISTWAY_RESOURCE_ID
            alive=0
            for past in \(folder)/holder.$key.*; do
                [ -e $past ] && kill -0 $(cat $past) 2>/dev/null && alive=1
            done
            mine=\(folder)/holder.$key.$HOISTWAY_JOB_ID.$HOISTWAY_ATTEMPT
            echo $$ > $mine
            echo begin $HOISTWAY_JOB_ID $HOISTWAY_ATTEMPT $HOISTWAY_FENCE $key $alive >> \(folder)/markers
            sleep $((HOISTWAY_FENCE % 3)).$((HOISTWAY_FENCE % 7))
            echo end $HOISTWAY_JOB_ID $HOISTWAY_ATTEMPT >> \(folder)/markers
            rm $mine
            """
        )
        for index in 0..<ChaosRun.count { workers.append(try await worker(index)) }
        let clock = ContinuousClock()
        let end = clock.now + .seconds(ChaosRun.seconds)
        while clock.now < end {
            await send(Int.random(in: 1...4, using: &random))
            try await harm()
            try await Task.sleep(for: .milliseconds(Int.random(in: 50...800, using: &random)))
        }
        try await eventually("every job to end", timeout: .seconds(150)) {
            for id in self.accepted where (try? await self.site.field(id, "completedAt")) == nil { return false }
            return true
        }
        try await eventually("every attempt to be settled", timeout: .seconds(30)) { self.leftFolders.isEmpty }
        for worker in workers {
            worker.send(SIGTERM)
            _ = try await worker.waitForEnd()
        }
        return try await judge()
    }

    private func worker(_ index: Int) async throws -> RunningProgram {
        try await site.worker(
            leases + ["--slots", "3"],
            data: data(index),
            environment: margin,
            awaitsReadiness: false
        )
    }

    private func send(_ number: Int) async {
        for _ in 0..<number {
            let id = "j\(accepted.count)"
            let resource = Int.random(in: 0..<6, using: &random)
            let document =
                #"{"id":"\#(id)","backupId":"r\#(resource)","maxAttempts":3,"payload":{"n":\#(accepted.count)},"backoff":{"type":"fixed","delay":0.1}}"#
            // What was not sent for sure is sent again: an id is taken once.
            var tries = 0
            while tries < 50, (try? await site.push("backup", document)) == nil { tries += 1 }
            accepted.append(id)
        }
    }

    private func harm() async throws {
        let index = Int.random(in: 0..<ChaosRun.count, using: &random)
        switch Int.random(in: 0..<10, using: &random) {
        case 0, 1:
            done.append("worker \(index) killed")
            try await workers[index].end(SIGKILL)
            workers[index] = try await worker(index)
        case 2, 3:
            let length = Int.random(in: 100...5000, using: &random)
            done.append("worker \(index) frozen for \(length) ms")
            workers[index].send(SIGSTOP)
            try await Task.sleep(for: .milliseconds(length))
            workers[index].send(SIGCONT)
        case 4:
            done.append("redis killed")
            try await site.redis.stop(SIGKILL)
            try await Task.sleep(for: .milliseconds(Int.random(in: 0...1500, using: &random)))
            try await site.redis.restart()
        case 5:
            done.append("connections killed")
            _ = try? await site.client.send(["CLIENT", "KILL", "TYPE", "normal"])
        case 6:
            done.append("scripts forgotten")
            _ = try? await site.client.send(["SCRIPT", "FLUSH"])
        case 7:
            let id = accepted.randomElement(using: &random) ?? "none"
            done.append("\(id) killed by command")
            try? await site.control(#"{"command":"kill","id":"\#(id)"}"#)
        default:
            guard let id = accepted.randomElement(using: &random), let monitor = monitor(of: id, index) else { return }
            done.append("monitor of \(id) killed")
            kill(monitor, SIGKILL)
        }
    }

    /// The monitor of a job's first attempt while that is not settled.
    private func monitor(of id: String, _ index: Int) -> pid_t? {
        let folder = "\(data(index))/jobs/\(id)/1"
        guard let state = Site.text("\(folder)/monitor.jsonl"), !state.contains(#""on":"exit""#),
            access("\(folder)/settled.json", F_OK) != 0, let range = state.firstRange(of: "\"monitorPid\":")
        else { return nil }
        let pid = pid_t(state[range.upperBound...].prefix { $0.isNumber })
        return pid.flatMap { Site.text("/proc/\($0)/comm")?.hasPrefix("hoistway-mon") == true ? $0 : nil }
    }

    private var leftFolders: [String] {
        (0..<ChaosRun.count).flatMap { index in
            accepted.flatMap { id in
                (1...9).compactMap { number -> String? in
                    let folder = "\(data(index))/jobs/\(id)/\(number)"
                    return access("\(folder)/attempt.json", F_OK) == 0 ? folder : nil
                }
            }
        }
    }

    private func judge() async throws -> [String] {
        var checker = HistoryChecker()
        checker.accepted = accepted
        checker.markers = site.lines("markers")
        for id in accepted {
            let fields = try await strings(["HGETALL", "\(site.prefix):job:\(id)"])
            let pairs = stride(from: 0, to: fields.count - 1, by: 2).map { (fields[$0], fields[$0 + 1]) }
            if !pairs.isEmpty { checker.jobs[id] = Dictionary(pairs) { first, _ in first } }
            checker.histories[id] = try await strings(["LRANGE", "\(site.prefix):job:\(id):history", 0, -1])
        }
        let homes = [
            "queue:", "turns", "claimed:", "renewals", "delayed", "waiting:", "later:", "inbox:", "index:running",
        ]
        for key in try await strings(["KEYS", "\(site.prefix):*"]) {
            let name = String(key.dropFirst(site.prefix.utf8.count + 1))
            let isHome = homes.contains { name.hasPrefix($0) } || name.hasPrefix("worker:") && name.hasSuffix(":jobs")
            if isHome { checker.leftKeys.append(name) }
        }
        checker.leftFolders = leftFolders
        checker.leftProcesses = processes(with: "HOISTWAY_PAYLOAD", beginning: folder).map(String.init)
        return checker.violations()
    }

    private func strings(_ command: [RedisArgument]) async throws -> [String] {
        try await site.client.send(command).array?.compactMap(\.string) ?? []
    }
}

/// The same numbers for the same seed (SplitMix64, prng.di.unimi.it).
private struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
