import Glibc
import HoistwayModel
import HoistwayStore
import RESP
import RedisClient
import TestSupport
import Testing

/// Random operations through several connections, held against a model, then every invariant over all keys.
///
/// `HOISTWAY_RANDOM_STEPS` asks for more steps, `HOISTWAY_RANDOM_SEED` for the run of a failure again.
@Suite(.redis, .timeLimit(.minutes(30))) struct RandomOperationsTests {
    static func setting(_ name: String) -> Int? { getenv(name).flatMap { Int(String(cString: $0)) } }

    @Test func storeDoesWhatTheModelDoes() async throws {
        let seed = Self.setting("HOISTWAY_RANDOM_SEED") ?? Int.random(in: 1...1_000_000)
        let steps = Self.setting("HOISTWAY_RANDOM_STEPS") ?? 6000
        print("random operations: HOISTWAY_RANDOM_SEED=\(seed)")
        try await withStore { store async throws in
            let second = try await RedisServer.required().client(scripts: Scripts.all)
            let third = try await RedisServer.required().client()
            var run = RandomRun(seed: seed, stores: [store, store.through(second), store.through(third)])
            do {
                for step in 1...steps {
                    try await run.step()
                    guard step % 500 == 0 || step == steps else { continue }
                    let violations = try await store.violations() + run.differences()
                    try #require(
                        violations == [],
                        "seed \(seed), step \(step): \(run.log.suffix(60).joined(separator: "; "))"
                    )
                }
            }
            await second.close()
            await third.close()
        }
    }
}

/// A generator that gives the same numbers for the same seed (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: Int) {
        state = UInt64(truncatingIfNeeded: seed)
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}

private struct RandomRun {
    var random: SeededGenerator
    let stores: [Store]
    var model = RandomModel()
    var log: [String] = []
    private var made = 0
    private var lastFence: Int64 = 0
    private let types: [JobType] = [.application, .backup, .compose]

    init(seed: Int, stores: [Store]) {
        random = SeededGenerator(seed: seed)
        self.stores = stores
    }

    private mutating func any<Element>(_ elements: [Element]) -> Element? { elements.randomElement(using: &random) }
    private mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    mutating func step() async throws {
        let store = any(stores) ?? stores[0]
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<28: try await enqueue(store)
        case 28..<45: try await claim(store)
        case 45..<58: try await start(store)
        case 58..<74: try await finish(store)
        case 74..<78: try await release(store)
        case 78..<83: try await kill(store)
        case 83..<89: try await promote(store)
        case 89..<91: try await pause(store)
        case 91..<95: try await remove(store)
        case 95..<97: try await retry(store)
        default: try await report(store)
        }
    }

    private mutating func enqueue(_ store: Store) async throws {
        made += 1
        let resource = "r\(Int.random(in: 0..<12, using: &random))"
        var document = JobDocument.of("j\(made)", resource, type: any(types) ?? .application)
        document.payload = Array(#"{"number":\#(made)}"#.utf8)
        document.priority = any([5, 5, 5, 1, 9]) ?? 5
        if chance(15) { document.concurrencyKey = "shared" }
        document.concurrencyLimit = document.concurrencyKey == "shared" ? 3 : chance(10) ? 2 : 1
        document.maxAttempts = any([1, 1, 2, 4]) ?? 1
        document.onConflict = any([.queue, .queue, .queue, .supersede, .supersedeRunning, .reject]) ?? .queue
        if chance(15) { document.delay = .seconds(86_400) }
        while chance(15), let other = any(Array(model.order.suffix(30))), !document.dependsOn.contains(other) {
            document.dependsOn.append(other)
        }
        log.append("add \(document.id ?? "") \(document.concurrencyKey) \(document.onConflict) \(document.dependsOn)")
        let isRefused = document.onConflict == .reject && model.isBusy(document.concurrencyKey)
        let id = document.id ?? ""
        if chance(50) {
            let answer = try await refusal { _ = try await store.enqueue(document) }
            #expect(answer == (isRefused ? .conflict : nil))
        } else if !isRefused {
            try await store.push("inbox:\(document.type)", document.text)
            #expect(try await store.admitAll(document.type) == 1)
        } else {
            return
        }
        if !isRefused { model.accept(document, id: id) }
    }

    private mutating func claim(_ store: Store) async throws {
        let served = types.filter { _ in chance(70) }
        let count = Int.random(in: 1...3, using: &random)
        let jobs = try await store.claim(
            .worker("w\(Int.random(in: 1...3, using: &random))", types: served),
            count: count
        )
        let startable = model.ids { $0 == .queued }.filter { id in
            model.jobs[id].map { served.contains($0.type) } ?? false
        }
        #expect(jobs.count == min(count, startable.count))
        for job in jobs {
            log.append("claim \(job.id)")
            #expect(startable.contains(job.id))
            #expect(model.head(job.id) == job.id)
            let fence = try #require(job.fence)
            #expect(fence > lastFence)
            lastFence = fence
            model.claim(job.id, fence: fence)
        }
    }

    private mutating func start(_ store: Store) async throws {
        guard let id = any(model.ids { $0 == .starting }), let fence = model.jobs[id]?.fence else { return }
        log.append("start \(id)")
        let stale = chance(10)
        let code = try await store.started(id, fence: stale ? fence - 1 : fence, pid: 7, startTime: 8, log: "/l")
        #expect(code == (stale ? .staleFence : .ok))
        if !stale { model.start(id) }
    }

    private mutating func finish(_ store: Store) async throws {
        let living = model.ids { $0 == .running || $0 == .starting }
        guard let id = any(living), let entry = model.jobs[id], let fence = entry.fence else { return }
        if entry.state == .starting, !chance(20) { return }
        let kind: Outcome.Kind =
            entry.isKilled ? .killed : any([.done, .done, .failed, .timeout, .idle, .spawn, .lost]) ?? .done
        let outcome = Outcome(kind, isRepeatable: chance(85), isTemporary: chance(15), wait: .seconds(86_400))
        log.append("finish \(id) \(kind) \(outcome.isRepeatable) \(outcome.isTemporary)")
        if chance(10) {
            let code = try await store.finish(id, fence: fence - 1, outcome)
            #expect(code == .staleFence)
            return
        }
        #expect(try await store.finish(id, fence: fence, outcome) == .ok)
        #expect(try await store.finish(id, fence: fence, outcome) == .already)
        model.finish(id, outcome)
    }

    private mutating func release(_ store: Store) async throws {
        guard let id = any(model.ids { $0 == .starting || $0 == .running }), let entry = model.jobs[id],
            let fence = entry.fence
        else { return }
        log.append("release \(id)")
        let code = try await store.release(id, fence: fence)
        #expect(code == (entry.state == .running ? .wrongState : .ok))
        if code == .ok { model.release(id) }
    }

    private mutating func kill(_ store: Store) async throws {
        guard let id = any(Array(model.order.suffix(80))), let entry = model.jobs[id] else { return }
        log.append("kill \(id)")
        let answer = try await refusal { _ = try await store.kill(id, KillOrder(by: "me", why: "\"why\"")) }
        #expect(answer == (entry.state.status.isTerminal ? .alreadyEnded : nil))
        if answer == nil { model.kill(id) }
    }

    private mutating func promote(_ store: Store) async throws {
        let late = model.ids { $0 == .delayed || $0 == .retrying }
        guard let id = chance(80) ? any(late) : any(model.order) else { return }
        log.append("promote \(id)")
        let answer = try await refusal { try await store.promote(id) }
        #expect(answer == (late.contains(id) ? nil : .wrongState))
        if answer == nil { model.promote(id) }
    }

    private mutating func pause(_ store: Store) async throws {
        let type = any(types) ?? .application
        let pausing = !model.paused.contains(type)
        log.append("\(pausing ? "pause" : "resume") \(type)")
        try await store.pause(type.name, pausing)
        model.pause(type, pausing)
    }

    private mutating func remove(_ store: Store) async throws {
        guard let id = any(Array(model.order.suffix(200))), let entry = model.jobs[id] else { return }
        log.append("remove \(id)")
        let isHeld = entry.state == .running || entry.state == .starting
        let answer = try await refusal { try await store.remove(id) }
        #expect(answer == (isHeld ? .wrongState : nil))
        if answer == nil { model.remove(id) }
    }

    private mutating func retry(_ store: Store) async throws {
        guard let id = any(model.ids { $0.status.isTerminal }), let old = try await store.job(id) else { return }
        log.append("retry \(id)")
        guard case .accepted(let new) = try await store.retry(id) else { return }
        var document = JobDocument.of(new, old.resourceID, type: old.type)
        document.concurrencyKey = old.concurrencyKey
        document.concurrencyLimit = old.integer("concurrencyLimit") ?? 1
        document.priority = old.integer("priority") ?? 5
        document.maxAttempts = old.maxAttempts
        model.accept(document, id: new)
    }

    private mutating func report(_ store: Store) async throws {
        guard let id = any(model.ids { $0 == .running || $0 == .starting }), let fence = model.jobs[id]?.fence else {
            return
        }
        let progress = Int.random(in: 0...100, using: &random)
        let before = try #require(try await store.job(id)).progress
        let code = try await store.report(id, fence: fence, fields: [("progress", "\(progress)")], data: nil)
        #expect(code == .ok)
        #expect(try #require(try await store.job(id)).progress == max(before, min(progress, 99)))
        model.report(id)
    }

    /// Where store and model differ, job by job, lane by lane.
    func differences() async throws -> [String] {
        var found: [String] = []
        let all = try await stores[0].jobs(model.order)
        let jobs = Dictionary(all.map { ($0.id, $0) }) { first, _ in first }
        for id in model.order {
            guard let entry = model.jobs[id] else { continue }
            guard let job = jobs[id] else {
                found.append("\(id) is missing")
                continue
            }
            if job.state != entry.state { found.append("\(id) is \(job.state), not \(entry.state)") }
            if job.revision != entry.revision {
                found.append("\(id) has revision \(job.revision), not \(entry.revision)")
            }
            if job.attempt != entry.attempt { found.append("\(id) has attempt \(job.attempt), not \(entry.attempt)") }
            if job.failures != entry.failures {
                found.append("\(id) has failures \(job.failures), not \(entry.failures)")
            }
        }
        for (lane, ids) in model.lanes {
            let parts = lane.split(separator: ":")
            let suffix = parts[1] == "5" ? "" : ":p\(parts[1])"
            let queue = try await stores[0].list("queue:\(parts[0])\(suffix)")
            if queue != ids { found.append("the lane \(lane) holds \(queue), not \(ids)") }
        }
        return found
    }
}

extension JobDocument {
    /// The document as a producer would push it.
    fileprivate var text: String {
        var object: JSONObject = [
            "id": .string(id ?? ""), "resourceId": .string(resourceID), "priority": .int(priority),
            "concurrencyKey": .string(concurrencyKey), "concurrencyLimit": .int(concurrencyLimit),
            "maxAttempts": .int(maxAttempts), "onConflict": .string(onConflict.rawValue), "delay": delay.json,
        ]
        object["payload"] = try? JSON(parsing: payload)
        object["dependsOn"] = .strings(dependsOn)
        return JSON.object(object).text
    }
}
