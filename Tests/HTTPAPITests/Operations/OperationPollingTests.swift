import HTTPAPI
import HoistwayModel
import HoistwayStore
import Synchronization
import TestSupport
import Testing

/// Operations are right at every poll, whatever happens to their jobs meanwhile.
@Suite(.redis, .timeLimit(.minutes(5))) struct OperationPollingTests {
    /// What the pollers saw.
    private final class Sightings: Sendable {
        private let state = Mutex((breaches: [String](), statuses: [String: Int](), isOver: false))

        var breaches: [String] { state.withLock { $0.breaches } }
        var statuses: [String: Int] { state.withLock { $0.statuses } }
        var isOver: Bool {
            get { state.withLock { $0.isOver } }
            set { state.withLock { $0.isOver = newValue } }
        }

        func add(_ operation: JSON, after earlier: JSON?) {
            var found = OperationInvariants.breaches(of: operation)
            if let earlier {
                let (old, new) = (earlier["updatedAt"]?.stringValue ?? "", operation["updatedAt"]?.stringValue ?? "")
                if old > new { found.append("updatedAt fell from \(old) to \(new)") }
                if earlier["completedAt"] != .null, earlier != operation {
                    found.append("it changed after its end: \(earlier.text) \(operation.text)")
                }
            }
            state.withLock { state in
                state.breaches += found.prefix(3)
                state.statuses[operation["status"]?.stringValue ?? "?", default: 0] += 1
            }
        }
    }

    private static let jobs = 60

    @Test func theInvariantsHoldAtEveryPoll() async throws {
        try await API.with { api async throws in
            let sightings = Sightings()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for start in [0, 20, 40] { group.addTask { try await poll(api, from: start, sightings) } }
                group.addTask { try await pollAll(api, sightings) }
                do {
                    for index in 0..<OperationPollingTests.jobs {
                        try await api.enqueue("j\(index)", nil, index % 3 == 0 ? ["maxAttempts": 2] : [:])
                    }
                    try await work(api)
                } catch {
                    sightings.isOver = true
                    throw error
                }
                sightings.isOver = true
                try await group.waitForAll()
            }
            #expect(sightings.breaches == [])
            for status in ["pending", "running", "succeeded", "failed", "cancelled"] {
                #expect(sightings.statuses[status] ?? 0 > 0, "\(status) was never seen: \(sightings.statuses)")
            }
        }
    }

    /// Asks for one job after another until all is over, then once more for each.
    private func poll(_ api: API, from start: Int, _ sightings: Sightings) async throws {
        var seen: [String: JSON] = [:]
        var isLast = false
        while !isLast {
            isLast = sightings.isOver
            for index in 0..<OperationPollingTests.jobs {
                let id = "j\((start + index) % OperationPollingTests.jobs)"
                let answer = try await api.http(.read).get("/operations/\(id)")
                guard answer.status == 200 else { continue }
                sightings.add(answer.json, after: seen[id])
                seen[id] = answer.json
            }
        }
        #expect(seen.count == OperationPollingTests.jobs)
    }

    private func pollAll(_ api: API, _ sightings: Sightings) async throws {
        while !sightings.isOver {
            for query in ["limit=100", "limit=100&status=running", "limit=100&status=failed"] {
                let answer = try await api.http(.read).get("/operations?\(query)")
                for operation in answer["items"].arrayValue ?? [] { sightings.add(operation, after: nil) }
            }
        }
    }

    /// Plays a worker whose jobs tell, fail, are tried again, are killed, get lost and end well.
    private func work(_ api: API) async throws {
        let claimant = Claimant(workerID: "w1", host: "h1", types: JobType.builtIn, scopes: [.any])
        var ended = 0
        var turn = 0
        while ended < OperationPollingTests.jobs {
            turn += 1
            for index in [turn * 7, turn * 11] where turn % 5 == 0 {
                // Those that wait are cancelled; those that ended or run are left to the others.
                let id = "j\(index % OperationPollingTests.jobs)"
                if try await api.store.job(id)?.status == .pending,
                    try await api.store.kill(id, KillOrder(by: "somebody")) == .cancelled
                {
                    ended += 1
                }
            }
            for job in try await api.store.claim(claimant, count: 3) {
                if try await run(job, turn, api) { ended += 1 }
            }
            if turn % 3 == 0 { _ = try await api.store.tick(process: "p1", canListen: false) }
        }
    }

    /// - Returns: whether the job has ended.
    private func run(_ job: Job, _ turn: Int, _ api: API) async throws -> Bool {
        let fence = try #require(job.fence)
        _ = try await api.store.started(job.id, fence: fence, pid: 4711, startTime: 99, log: "/log/\(job.id)")
        func resources(_ statuses: [String]) -> JSON {
            .array(statuses.enumerated().map { ["urn": .string("u\($0)"), "status": .string($1)] })
        }
        for statuses in [["pending", "pending"], ["running", "pending"], ["succeeded", "running", "pending"]] {
            try await api.tell(job, ["resources": resources(statuses), "stage": "s", "result": ["early": true]])
        }
        try await api.tell(job, ["error": ["code": "early", "message": "m"]])
        let kinds: [Outcome.Kind] = [.done, .failed, .lost, .killed, .timeout]
        let kind = kinds[turn % kinds.count]
        if kind == .killed { _ = try await api.store.kill(job.id, KillOrder(by: "somebody")) }
        _ = try await api.store.finish(job.id, fence: fence, Outcome(kind, fields: [("message", "m")]))
        return try await api.store.job(job.id)?.status.isTerminal ?? true
    }
}
