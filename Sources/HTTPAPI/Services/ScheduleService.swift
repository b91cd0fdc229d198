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

    /// Writes a schedule.
    /// - Throws: `Refusal`: `idInUse` for one that is there already, unless it may be replaced.
    package func put(_ schedule: Schedule, replacing: Bool) async throws -> StoredSchedule {
        try await OutagePatience.insist { try await store.put(schedule, replacing: replacing) }
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
