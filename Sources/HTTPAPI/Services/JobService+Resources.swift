import Hoistway
import HoistwayModel
import HoistwayStore

/// Jobs by what they deploy and by where their log is.
extension JobService {
    /// Whether anybody ever deployed a resource, or the registry knows it.
    package func knows(_ type: JobType, _ resourceID: String) async throws -> Bool {
        if try await resources.find(type, resourceID) != nil { return true }
        var filter = JobFilter()
        filter.type = type
        filter.resourceID = resourceID
        filter.limit = 1
        filter.wanted = []
        return try await !list(filter).jobs.isEmpty
    }

    /// Cancels every job of a resource that waits; what runs goes on.
    /// - Returns: how many.
    package func cancelWaiting(_ type: JobType, _ resourceID: String, _ order: KillOrder) async throws -> Int {
        var filter = JobFilter()
        filter.type = type
        filter.resourceID = resourceID
        filter.status = .pending
        filter.limit = 100
        filter.wanted = []
        var count = 0
        repeat {
            // The newest first: none of them gets the turn of one that was cancelled before it.
            let page = try await list(filter)
            for job in page.jobs {
                do {
                    try await OutagePatience.insist { try await store.cancel(job.id, order) }
                    count += 1
                } catch is Refusal {
                    // It has ended or started meanwhile.
                    continue
                }
            }
            filter.cursor = page.nextCursor
        } while filter.cursor != nil
        return count
    }

    /// The cursor of the page that begins behind a job.
    /// - Throws: `Refusal` when there is no such job.
    package func cursor(behind id: String) async throws -> String {
        guard let cursor = try await OutagePatience.insist({ try await store.cursor(behind: id) }) else {
            throw Refusal.noJob(id)
        }
        return cursor
    }

    /// The job whose newest attempt writes its log at a path; `nil` for every other path.
    package func job(withLogAt path: String) async throws -> Job? {
        // The job's id is one of the folders' names; only what the job itself says counts.
        let names = Set(path.split(separator: "/").suffix(8).map(String.init).filter(Identifier.isJobID))
        return try await get(Array(names)).first { $0.logPath == path }
    }
}
