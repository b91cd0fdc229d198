import Glibc
import RESP
import RedisClient
import TestSupport

/// Four workers on two nodes, of which the second reaches Redis through a proxy; jobs; faults, one to four at a time.
actor ChaosRun {
    static let seconds = getenv("HOISTWAY_CHAOS_SECONDS").flatMap { Int(String(cString: $0)) } ?? 30
    static let seed = getenv("HOISTWAY_CHAOS_SEED").flatMap { UInt64(String(cString: $0)) } ?? 1

    let site: Site
    private var random = SeededGenerator(state: ChaosRun.seed)
    var workers: [RunningProgram] = []
    var proxies: [FaultProxy] = []
    private(set) var accepted: [String] = []
    private var faults: [String: Int] = [:]
    private var counts: [String] = []
    private var deaths: [String] = []

    static let count = 4

    init(site: Site) async throws {
        self.site = site
        for _ in 0..<ChaosRun.count {
            proxies.append(try await FaultProxy.start(backend: .unix(path: site.redis.socketPath)))
        }
    }

    var folder: String { site.directory.path }
    func data(_ index: Int) -> String { "\(folder)/data-\(index)" }

    func run() async throws -> [String] {
        mkdir("\(folder)/locks", 0o700)
        try site.recipe("backup", ChaosRecipe.text(folder: folder))
        // Every job is judged at the end: none is pruned before.
        let settings = open("\(folder)/hoistway.yaml", O_CREAT | O_WRONLY, 0o600)
        let text = "retention: {backup: {count: 1000000, logBytes: 100GiB}}\n"
        Glibc.write(settings, text, text.utf8.count)
        close(settings)
        for index in 0..<ChaosRun.count { workers.append(try await worker(index)) }
        let clock = ContinuousClock()
        let end = clock.now + .seconds(ChaosRun.seconds)
        while clock.now < end {
            try await replaceTheStopped()
            await send(Int.random(in: 2...14, using: &random))
            try await harm()
            try await Task.sleep(for: .milliseconds(Int.random(in: 50...800, using: &random)))
            try await eventually("the backlog to shrink", timeout: .seconds(180)) { await self.backlog < 100 }
        }
        try await replaceTheStopped()
        try await eventually("every job to end", timeout: .seconds(240)) { await self.backlog == 0 }
        try await eventually("every attempt to be settled", timeout: .seconds(60)) { self.leftFolders.isEmpty }
        for worker in workers {
            worker.send(SIGTERM)
            _ = try await worker.waitForEnd(timeout: .seconds(60))
        }
        let violations = try await judge()
        for proxy in proxies { try await proxy.stop() }
        return violations
    }

    func worker(_ index: Int) async throws -> RunningProgram {
        try await site.worker(
            [
                "--config", "\(folder)/hoistway.yaml", "--slots", "4", "--node", index < 2 ? "a" : "b", "--fence-after",
                "4s",
            ],
            data: data(index),
            redis: index < 2 ? nil : proxies[index].url,
            environment: ["HOISTWAY_WORKER_FENCE_MARGIN": "2s"],
            awaitsReadiness: false
        )
    }

    private func send(_ number: Int) async {
        for _ in 0..<number {
            let id = "j\(accepted.count)"
            let document = ChaosRecipe.document(id, number: accepted.count, using: &random)
            // What was not sent for sure is sent again: an id is taken once.
            while (try? await site.push("backup", document)) == nil {
                try? await Task.sleep(for: .milliseconds(100))
            }
            accepted.append(id)
        }
    }

    private func harm() async throws {
        var drawn: [String: ChaosFault] = [:]
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let fault = ChaosFault.random(workers: ChaosRun.count, jobs: accepted.count, using: &random)
            if drawn[fault.victim] == nil { drawn[fault.victim] = fault }
        }
        print("chaos: " + drawn.values.map(\.description).sorted().joined(separator: "; "))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for fault in drawn.values {
                faults[fault.name, default: 0] += 1
                group.addTask { try await self.carryOut(fault) }
            }
            try await group.waitForAll()
        }
    }

    func replace(_ index: Int) async throws { workers[index] = try await worker(index) }

    /// A command to stop that was heard late stops the successor of whom it was meant for. Nothing else may end a worker.
    private func replaceTheStopped() async throws {
        for index in workers.indices {
            var status: Int32 = 0
            guard waitpid(workers[index].pid, &status, WNOHANG) == workers[index].pid else { continue }
            if status != 0 { deaths.append("worker \(index) died by itself with status \(status)") }
            try await replace(index)
        }
    }

    /// Jobs that have not ended, and documents that nobody took yet; many while Redis does not say.
    private var backlog: Int {
        get async {
            let waiting = try? await site.client.send(["LLEN", .string("\(site.prefix):inbox:backup")])
            guard case .integer(let waiting) = waiting else { return .max }
            var left = Int(waiting)
            for id in unended {
                guard let hash = try? await site.client.send(["HMGET", .string("\(site.prefix):job:\(id)"), "status"])
                else { return .max }
                let status = hash.array?.first?.string
                if status == "done" || status == "error" { closed.insert(id) } else { left += 1 }
            }
            return left
        }
    }

    private var closed: Set<String> = []
    private var unended: [String] { accepted.filter { !closed.contains($0) } }

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
        checker.leftProcesses = ChaosProcesses.holding("\(folder)/locks/").map(String.init)
        let doctor = try await site.hoistway("doctor")
        if doctor.status != 0 { checker.leftKeys.append("doctor: \(doctor.output)") }
        counts = [
            "\(accepted.count) jobs, \(checker.markers.filter { $0.hasPrefix("begin") }.count) attempts begun",
            "ended: " + Self.tally(accepted.map { checker.jobs[$0].map(Self.end) ?? "gone" }),
        ]
        return checker.violations() + deaths
    }

    private static func end(_ job: [String: String]) -> String {
        job["status"] == "done" ? "done" : job["reason"] ?? "without a reason"
    }

    private static func tally(_ values: [String]) -> String {
        Dictionary(grouping: values, by: \.self).sorted { $0.value.count > $1.value.count }
            .map { "\($0.value.count) \($0.key)" }.joined(separator: ", ")
    }

    var summary: String {
        let sorted = faults.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        return (counts + ["faults: " + sorted.map { "\($0.value) \($0.key)" }.joined(separator: ", ")])
            .map { "chaos: \($0)" }.joined(separator: "\n")
    }

    private func strings(_ command: [RedisArgument]) async throws -> [String] {
        try await site.client.send(command).array?.compactMap(\.string) ?? []
    }
}
