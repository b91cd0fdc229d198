import HoistwayModel
import HoistwayStore
import RESP
import RedisClient
import TestSupport
import Testing

/// Every operation there is, from several connections at once, none of which knows what the others do; then every invariant
/// over all keys.
@Suite(.redis, .timeLimit(.minutes(10))) struct OperationsAtOnceTests {
    @Test func everythingIsInOrderAfterwards() async throws {
        let seed = RandomOperationsTests.setting("HOISTWAY_RANDOM_SEED") ?? Int.random(in: 1...1_000_000)
        let steps = RandomOperationsTests.setting("HOISTWAY_RANDOM_STEPS") ?? 20_000
        print("operations at once: HOISTWAY_RANDOM_SEED=\(seed)")
        try await withStore { store async throws in
            let counts = try await withThrowingTaskGroup { group in
                for number in 0..<8 {
                    group.addTask {
                        let client = try await RedisServer.required().client(scripts: Scripts.all)
                        var actor = RandomActor(seed: seed &* 7 + number, store: store.through(client))
                        for _ in 0..<steps / 8 { try await actor.step() }
                        await client.close()
                        return actor.counts
                    }
                }
                return try await group.reduce(into: [:]) { $0.merge($1, uniquingKeysWith: +) }
            }
            print("operations at once: \(counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" })")
            while try await store.tick(process: "last", canListen: true).hasMoreDue {}
            #expect(try await store.exists("superseding") == false)
            #expect(try await store.exists("giving") == false)
        }
    }
}

private struct RandomActor {
    /// How often an operation had an effect, or was refused.
    var counts: [String: Int] = [:]
    private var random: SeededGenerator
    private let store: Store
    private let name: String
    private var made = 0
    private var mine: [Job] = []
    private let types: [JobType] = [.application, .backup, .compose]

    init(seed: Int, store: Store) {
        random = SeededGenerator(seed: seed)
        self.store = store
        name = "s\(seed)"
    }

    private mutating func any<Element>(_ elements: [Element]) -> Element? { elements.randomElement(using: &random) }
    private mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    private mutating func count(_ what: String, _ body: (Store) async throws -> Void) async throws {
        do {
            try await body(store)
            counts[what, default: 0] += 1
        } catch is Refusal {
            counts["\(what), refused", default: 0] += 1
        }
    }

    mutating func step() async throws {
        switch Int.random(in: 0..<200, using: &random) {
        case 0..<44: try await enqueue()
        case 44..<50: try await admit()
        case 50..<80: try await claim()
        case 80..<100: try await start()
        case 100..<132: try await finish()
        case 132..<138: try await release()
        case 138..<146: try await tell()
        case 146..<154: try await onSome("kill") { _ = try await $0.kill($1, KillOrder(by: "me")) }
        case 154..<160: try await onSome("promote") { try await $0.promote($1) }
        case 160..<170: try await onSome("remove") { try await $0.remove($1) }
        case 170..<178: try await onSome("retry") { _ = try await $0.retry($1) }
        case 178..<190:
            let worker = name
            try await count("tick") {
                let tick = try await $0.tick(process: worker, canListen: true, worker: (worker, [("running", "1")]))
                if tick.mustRegister { _ = try await $0.register(types: [], worker: (worker, [])) }
                if !tick.removed.isEmpty { try await $0.forget(tick.removed, worker: worker) }
            }
        default: try await operate()
        }
    }

    private mutating func enqueue() async throws {
        let document = document()
        try await count("enqueue \(document.onConflict)") { _ = try await $0.enqueue(document) }
    }

    private mutating func document() -> JobDocument {
        made += 1
        var document = JobDocument.of(
            "\(name)-\(made)",
            "r\(Int.random(in: 0..<6, using: &random))",
            type: any(types) ?? .application
        )
        if chance(20) {
            document.concurrencyKey = "shared"
            document.concurrencyLimit = any([1, 2, 5]) ?? 1
        }
        document.onConflict = any([.queue, .queue, .queue, .supersede, .supersedeRunning, .reject]) ?? .queue
        document.maxAttempts = any([1, 3]) ?? 1
        document.priority = any([5, 5, 2]) ?? 5
        if chance(80) { document.payload = Array(#"{"number":\#(made)}"#.utf8) }
        if chance(15) { document.delay = TimeSpan(milliseconds: Int64.random(in: 1...200, using: &random)) }
        if chance(10) { document.startDeadline = TimeSpan(milliseconds: Int64.random(in: 1...500, using: &random)) }
        if chance(10) { document.node = "n" }
        if chance(20) { document.serverID = any(["s1", "s2"]) }
        if chance(5) { document.idempotencyKey = any(["k1", "k2", "k3"]) }
        if chance(20), made > 1 {
            document.dependsOn = ["\(name)-\(Int.random(in: max(1, made - 5)...made - 1, using: &random))"]
        }
        return document
    }

    private mutating func admit() async throws {
        let type = any(types) ?? .application
        made += 1
        let documents = [
            #"{"id":"\#(name)-\#(made)","resourceId":"r1","onConflict":"supersede"}"#,
            #"{"resourceId":"r2","delay":0.01}"#, "nonsense",
        ]
        let pushed = documents.filter { _ in chance(60) }
        guard !pushed.isEmpty else { return }
        try await count("admit") { store in
            let list = RedisArgument.string(store.keys.inbox(type))
            _ = try await store.redis.send(["RPUSH", list] + pushed.map { .string($0) })
            _ = try await store.admitAll(type)
        }
    }

    private mutating func claim() async throws {
        let scopes = Scope.served(node: chance(30) ? "n" : nil, servers: chance(50) ? ["s1", "s2"] : [])
        let claimant = Claimant.worker(name, types: types.filter { _ in chance(80) }, scopes: scopes)
        let taken: [Job]
        if chance(50), let job = mine.popLast(), let fence = job.fence {
            taken = try await store.finish(job.id, fence: fence, outcome(), thenClaim: claimant, count: 1).1
        } else {
            taken = try await store.claim(claimant, count: Int.random(in: 1...3, using: &random))
        }
        counts["claimed", default: 0] += taken.count
        mine += taken
        mine.shuffle(using: &random)
    }

    private mutating func outcome() -> Outcome {
        Outcome(
            any(Outcome.Kind.allCases + [.done, .done, .done]) ?? .done,
            isRepeatable: chance(80),
            isTemporary: chance(10),
            wait: TimeSpan(milliseconds: Int64.random(in: 0...100, using: &random))
        )
    }

    private mutating func start() async throws {
        guard let job = any(mine), let fence = job.fence else { return }
        _ = try await store.started(job.id, fence: fence, pid: 1, startTime: 2, log: "/l")
    }

    private mutating func finish() async throws {
        guard let job = mine.popLast(), let fence = job.fence else { return }
        let outcome = outcome()
        counts["\(outcome.kind)", default: 0] += 1
        let code = try await store.finish(job.id, fence: fence, outcome)
        if code == .ok { #expect(try await store.finish(job.id, fence: fence, outcome) != .ok) }
    }

    private mutating func release() async throws {
        guard let job = mine.popLast(), let fence = job.fence else { return }
        if try await store.release(job.id, fence: fence) == .wrongState { mine.append(job) }
    }

    private mutating func tell() async throws {
        guard let job = any(mine), let fence = job.fence else { return }
        _ = try await store.report(job.id, fence: fence, fields: [("progress", "50")], data: ["progress": 50])
        let piece = LogPiece(offset: 0, bytes: Array("text\n".utf8))
        _ = try await store.appendLog(job.id, fence: fence, piece, most: 100, all: 1000)
    }

    private mutating func onSome(_ what: String, _ body: (Store, String) async throws -> Void) async throws {
        let newest = try await store.redis.send(["ZREVRANGE", .string(store.keys.index), 0, chance(80) ? 60 : 2000])
        guard let id = any(newest.array?.compactMap(\.string) ?? []) else { return }
        try await count(what) { try await body($0, id) }
    }

    private mutating func operate() async throws {
        let type = any(types.map(\.name) + ["*"]) ?? "*"
        switch Int.random(in: 0..<16, using: &random) {
        case 0: try await count("pause") { try await $0.pause(type, true) }
        case 1..<6:
            try await count("resume") {
                try await $0.pause("*", false)
                try await $0.configure(Limits(running: [:], rate: [:], waiting: [:]))
            }
        case 6: if chance(20) { try await count("drain") { _ = try await $0.drain(type) } }
        case 7:
            var selection = KillSelection()
            selection.resourceID = "r5"
            selection.type = "compose"
            try await count("bulk kill") { _ = try await $0.kill(selection, KillOrder()) }
        case 8, 9:
            let worker = any(["s1", "s2", name]) ?? name
            try await count("forget") { try await $0.forgetWorker(worker) }
        case 10..<14:
            let limits = Limits(
                running: any([nil, [:], ["application": 2, "server:s1": 1], ["backup": 1]]) ?? nil,
                rate: any([nil, [:], [.compose: Rate(count: 5, period: .seconds(1))]]) ?? nil,
                waiting: any([nil, [:], [.application: 20]]) ?? nil
            )
            try await count("limits") { try await $0.configure(limits) }
        case 14: try await count("quarantine") { try await $0.releaseQuarantine(type: "backup", resourceID: "r1") }
        default: try await count("leave") { [name] in try await $0.leave(name, state: "draining") }
        }
    }
}
