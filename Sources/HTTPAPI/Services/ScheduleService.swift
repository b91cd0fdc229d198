import HoistwayModel
import HoistwayStore

/// Jobs that are enqueued again and again.
package struct ScheduleService: Sendable {
    let store: Store

    /// Every schedule, next first.
    package func list() async throws -> [StoredSchedule] {
        try await OutagePatience.insist { try await store.schedules() }
    }

    /// - Throws: `Refusal` when there is none.
    package func get(_ id: String) async throws -> StoredSchedule {
        try await OutagePatience.insist { try await store.schedule(id) }
    }

    /// Writes a schedule that may be there as it is.
    /// - Throws: `Refusal`: `idInUse` for another one of its id.
    package func add(_ schedule: Schedule) async throws -> (stored: StoredSchedule, isNew: Bool) {
        let isNew = try await OutagePatience.insist { try await store.put(schedule) }
        return (try await get(schedule.id), isNew)
    }

    /// Writes a schedule, in place of another one of its id.
    package func replace(_ schedule: Schedule) async throws -> StoredSchedule {
        _ = try await OutagePatience.insist { try await store.put(schedule, replacing: true) }
        return try await get(schedule.id)
    }

    /// - Throws: `Refusal` when there is none.
    package func remove(_ id: String) async throws { try await store.removeSchedule(id) }

    /// - Throws: `Refusal` when there is none.
    package func pause(_ id: String, _ pausing: Bool) async throws -> StoredSchedule {
        try await OutagePatience.insist { try await store.pauseSchedule(id, pausing) }
        return try await get(id)
    }

    /// Enqueues a job of it now.
    /// - Returns: the job.
    /// - Throws: `Refusal` when there is none, or the job cannot be accepted.
    package func run(_ id: String, requestID: String) async throws -> Job {
        let job = try await OutagePatience.insist { try await store.runSchedule(id, requestID: requestID) }
        guard let found = try await store.job(job) else { throw Refusal.noJob(job) }
        return found
    }
}
