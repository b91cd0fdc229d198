import HoistwayModel
import HoistwayStore
import RedisClient

extension HoistwayClient {
    /// A job as it stands.
    /// - Throws: ``HoistwayError``: `notFound`, `unreachable`.
    public func job(_ id: String) async throws(HoistwayError) -> Job {
        try await insisting {
            guard let job = try await store.job(id) else { throw Refusal.noJob(id) }
            return job
        }
    }

    /// Why a job waits, in a sentence; `nil` when it does not wait.
    /// - Throws: ``HoistwayError``: `notFound`, `unreachable`.
    public func whyWaiting(_ id: String) async throws(HoistwayError) -> String? {
        try await insisting {
            guard let job = try await store.job(id) else { throw Refusal.noJob(id) }
            return try await store.waiting(job)?.sentence
        }
    }

    /// Every transition of a job, oldest first, as `{"at","event","status","reason","workerId","attempt","fence","data"}`.
    /// - Throws: ``HoistwayError``: `notFound`, `unreachable`.
    public func history(of id: String) async throws(HoistwayError) -> [JSON] {
        try await insisting {
            guard let history = try await store.history(id) else { throw Refusal.noJob(id) }
            return history
        }
    }

    /// Waits until a job has ended.
    /// - Parameter timeout: how long at most; `nil` waits for ever.
    /// - Returns: the ended job; whether it is `done` is for the caller to look at.
    /// - Throws: ``HoistwayError``: `timeout`, `notFound`, `unreachable`, `cancelled`.
    public func wait(for id: String, timeout: Duration? = nil) async throws(HoistwayError) -> Job {
        try await wait(for: [id], timeout: timeout)[0]
    }

    /// Waits until all of some jobs have ended.
    /// - Parameter timeout: how long at most; `nil` waits for ever.
    /// - Returns: the ended jobs in the order of the ids.
    /// - Throws: ``HoistwayError`` as ``wait(for:timeout:)-(String,_)`` does.
    public func wait(for ids: [String], timeout: Duration? = nil) async throws(HoistwayError) -> [Job] {
        let deadline = timeout.map { ContinuousClock.now + $0 }
        let jobs = try await translating {
            try await JobWait.ended(ids, store, redis, deadline: deadline, patience: Patience(limit: patience))
        }
        guard let jobs else {
            let what = ids.count == 1 ? "job \(ids[0]) has" : "some of the \(ids.count) jobs have"
            throw HoistwayError(.timeout, "\(what) not ended within \(timeout ?? .zero)")
        }
        return jobs
    }

    /// The log of a job while it grows, until the job has ended.
    /// - Parameter position: where to begin; `nil` begins with the attempt that is the newest now.
    public func log(of id: String, from position: LogPosition? = nil) -> JobLog {
        JobLog(id: id, store: store, client: redis, patience: patience, start: position, tail: nil)
    }

    /// The log of a job while it grows, from its last lines on.
    /// - Parameter lines: begin with so many of the lines that are there.
    public func log(of id: String, last lines: Int) -> JobLog {
        JobLog(id: id, store: store, client: redis, patience: patience, start: nil, tail: max(0, lines))
    }

    /// What happens to all jobs, queues and workers.
    /// - Parameter position: of the last event that was seen; `nil` begins with what happens from the first look on.
    public func events(after position: String? = nil) -> HoistwayEvents {
        HoistwayEvents(store: store, client: redis, patience: patience, start: position)
    }

    /// The place behind the newest event, for ``events(after:)``.
    /// - Throws: ``HoistwayError``: `unreachable`.
    public func eventPosition() async throws(HoistwayError) -> String {
        try await insisting { try await store.recentEvents(1).last?.id ?? "0-0" }
    }
}
