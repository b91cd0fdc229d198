import HoistwayModel
import HoistwayStore
import RESP
import RedisClient
import TestSupport
import Testing

/// Holds the scripts to the table: every state, reached by operations, against every event.
@Suite(.redis, .timeLimit(.minutes(2))) struct TransitionConformanceTests {
    static let states: [JobState] =
        [.queued, .delayed, .blocked, .paused, .starting, .retrying, .running, .done]
        + [JobReason.failed, .killed, .timeout, .idle, .spawn, .lost, .cancelled, .superseded, .expired, .skipped]
        .map { .error($0) }

    @Test(arguments: states, JobEvent.allCases)
    func theScriptsDoWhatTheTableSays(state: JobState, event: JobEvent) async throws {
        try await withStore { store async throws in
            let subject = Subject(store: store)
            try await subject.reach(state, for: event)
            let before = try await store.snapshot("subject")
            let job = try #require(try await store.job("subject"))
            #expect(job.state == state)

            try await subject.apply(event, to: job)

            let after = try await store.snapshot("subject")
            let added = (after.history ?? []).dropFirst(before.history?.count ?? 0)
            let steps = try added.map { try JSON(parsing: $0) }.filter { $0["event"]?.stringValue == event.rawValue }
            // An attempt may end before anybody told of its start; the history then has both.
            let isUntold = state == .starting && [.done, .timeout, .idle].contains(event)
            let targets = Transition.targets(from: isUntold ? .running : state, on: event)
            if targets.isEmpty {
                #expect(steps.isEmpty)
                if added.isEmpty { #expect(after == before) }
                if state.status.isTerminal { #expect(after == before) }
            } else {
                #expect(steps.count == 1)
                let reached = try #require(steps.first.flatMap { JobState($0) })
                #expect(targets.contains(reached))
                #expect(try await store.state("subject") == reached)
            }
            let revision = after.fields?["revision"].flatMap { Int($0) } ?? 0
            #expect(revision == job.revision + added.count)
        }
    }
}

/// The job `subject`, brought into a state and then acted on.
private struct Subject {
    let store: Store
    let id = "subject"

    func add(_ change: (inout JobDocument) -> Void = { _ in }) async throws {
        try await store.add(id, "r") { document in
            document.maxAttempts = 9
            document.startDeadline = .seconds(3600)
            document.notify = [["url": "http://127.0.0.1/"]]
            change(&document)
        }
    }

    func reach(_ state: JobState, for event: JobEvent) async throws {
        switch (state, event) {
        case (.blocked, .delayed):
            try await store.add("dependency", type: .backup)
            try await add {
                $0.dependsOn = ["dependency"]; $0.delay = .seconds(3600)
            }
        case (.blocked, .skipped):
            try await store.add("dependency", type: .backup)
            try await add { $0.dependsOn = ["dependency"] }
        case (.blocked, _):
            try await store.add("holder", "r")
            try await add()
        case (.delayed, .skipped), (.delayed, .superseded): try await reachDelayed()
        default: try await reach(state)
        }
    }

    /// Delayed after its dependency, which was open at first.
    private func reachDelayed() async throws {
        try await store.add("dependency", type: .backup)
        try await add {
            $0.dependsOn = ["dependency"]; $0.delay = .seconds(3600)
        }
        try await store.end(try await store.run(.worker("w2", types: [.backup])))
    }

    private func reach(_ state: JobState) async throws {
        switch state {
        case .queued: try await add()
        case .delayed: try await add { $0.delay = .seconds(3600) }
        case .paused:
            try await store.pause("application", true)
            try await add()
        case .starting:
            try await add()
            _ = try await store.takeOne()
        case .running:
            try await add()
            try await store.run()
        case .retrying:
            try await add()
            try await store.end(try await store.run(), Outcome(.failed, wait: .seconds(3600)))
        case .done:
            try await add()
            try await store.end(try await store.run())
        case .error(.cancelled):
            try await add()
            _ = try await store.kill(id, KillOrder())
        case .error(.superseded):
            try await add()
            try await store.add("newer", "r") { $0.onConflict = .supersede }
        case .error(.expired):
            try await add()
            try await expire()
        case .error(.skipped):
            try await store.add("dependency", type: .backup)
            try await add { $0.dependsOn = ["dependency"] }
            _ = try await store.kill("dependency", KillOrder())
        case .error(.killed):
            try await add()
            let job = try await store.run()
            _ = try await store.kill(id, KillOrder())
            try await store.end(job, Outcome(.killed))
        default:
            try await add()
            let kind = try #require(state.reason.flatMap { Outcome.Kind(rawValue: $0.rawValue) })
            let job = try await store.run()
            try await exhaust(kind)
            try await store.end(job, Outcome(kind, isRepeatable: false))
        }
    }

    /// So many losses in a row that there is no further attempt.
    private func exhaust(_ kind: Outcome.Kind) async throws {
        guard kind == .lost else { return }
        _ = try await store.redis.send(["HSET", .string(store.keys.job(id)), "lostFaults", 3])
    }

    private func expire() async throws {
        _ = try await store.redis.send(["ZADD", .string("\(store.keys.prefix):deadlines"), "XX", 1, .string(id)])
        _ = try await store.tick(process: "p", canListen: false)
    }

    /// Redis turns out to have forgotten an attempt of a job, and its worker writes it back.
    private func restore(_ job: Job) async throws {
        let fence = (job.fence ?? 0) + 1000
        let seen = LeaseTerms(window: 0, hold: 1000, highestFence: max(fence, 1 << 52))
        var fields = job.fields
        fields["attempt"] = "1"
        fields["resourceId"] = job.resourceID
        _ = try await store.restore(job.id, fence: fence, worker: "w1", seen, fields: fields)
    }

    func apply(_ event: JobEvent, to job: Job) async throws {
        let fence = job.fence ?? 12345
        switch event {
        case .accepted:
            #expect(try await refusal { try await store.add(id, "other") } == .idInUse)
        case .rejected:
            try await store.push("inbox:application", #"{"id":"subject","applicationId":"r","priority":10}"#)
            #expect(try await store.admitAll() == 1)
        case .queued:
            if job.reason == .blocked {
                _ = try await store.kill("holder", KillOrder())
            } else if job.reason == .paused {
                try await store.pause("application", false)
            } else {
                try? await store.promote(id)
            }
        case .blocked where job.reason == .queued || job.reason == .paused: try await restore(.ghost(of: job))
        case .blocked:
            try await store.add("other", "r")
            try? await store.promote(id)
        case .delayed, .skipped:
            if let dependency = try? await store.claim(.worker("w2", types: [.backup]), count: 1).first {
                try await store.start(dependency)
                try await store.end(dependency, Outcome(event == .delayed ? .done : .failed))
            }
        case .paused: try await store.pause("application", true)
        case .claimed:
            if job.reason == .paused { try await store.pause("application", false) }
            _ = try await store.claim(.worker("w3"), count: 1)
        case .released: _ = try await store.release(id, fence: fence)
        case .restored: try await restore(job)
        case .started: _ = try await store.started(id, fence: fence, pid: 1, startTime: 1, log: "/log")
        case .killRequested, .cancelled: _ = try? await store.kill(id, KillOrder())
        case .retrying: _ = try await store.finish(id, fence: fence, Outcome(.failed, wait: .seconds(60)))
        case .lost:
            if !job.status.isTerminal, job.reason == .starting || job.status == .running { try await exhaust(.lost) }
            _ = try await store.finish(id, fence: fence, Outcome(.lost))
        case .superseded:
            try await store.add("newest", "r") { $0.onConflict = .supersedeRunning }
            _ = try await store.finish(id, fence: fence, Outcome(.killed))
        case .expired: try await expire()
        case .notified, .notifyFailed:
            for notification in try await store.takeNotifications() where notification.jobID == id {
                try await store.settle(notification, delivered: event == .notified, data: [:])
            }
        case .done, .failed, .killed, .timeout, .idle, .spawn:
            let kind = try #require(Outcome.Kind(rawValue: event.rawValue))
            if kind == .killed { _ = try? await store.kill(id, KillOrder()) }
            _ = try await store.finish(id, fence: fence, Outcome(kind, isRepeatable: false))
        }
    }
}

extension Job {
    /// Another job of the same key, which older data know nothing of.
    fileprivate static func ghost(of job: Job) -> Job {
        var fields = job.fields
        fields["id"] = "ghost"
        fields["fence"] = nil
        return Job(fields: fields)
    }
}
