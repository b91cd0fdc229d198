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

    /// The job one of whose attempts has its log at a path, and the attempt; `nil` for every other path.
    package func job(withLogAt path: String) async throws -> (job: Job, attempt: Int)? {
        // The job's id is one of the folders' names; only what the job itself says counts.
        let names = Set(path.split(separator: "/").suffix(8).map(String.init).filter(Identifier.isJobID))
        let jobs = try await get(Array(names))
        if let job = jobs.first(where: { $0.logPath == path }) { return (job, job.attempt) }
        for job in jobs {
            if let attempt = job.earlierAttempt(withLogAt: path) { return (job, attempt) }
        }
        return nil
    }
}

extension Job {
    /// Where an attempt has its log, if that is in the folder in which the newest attempt has its own.
    func logPath(ofAttempt number: Int) -> String? {
        let own = "/\(id)/\(attempt)/log"
        guard let logPath, logPath.hasSuffix(own) else { return nil }
        return "\(logPath.dropLast(own.utf8.count))/\(id)/\(number)/log"
    }

    /// The attempt before the newest one whose log a path may be of. Where others ran is known only of those that ran in one
    /// folder with the newest.
    fileprivate func earlierAttempt(withLogAt path: String) -> Int? {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard path.hasPrefix("/"), !parts.contains(".."), parts.count > 3, parts[parts.count - 3] == id,
            let number = Int(parts[parts.count - 2]), number > 0, number < attempt,
            path.hasSuffix("/\(id)/\(number)/log")
        else { return nil }
        let mayBeElsewhere = logPath == nil || fields["pastWorkers"] != nil
        return mayBeElsewhere || logPath(ofAttempt: number) == path ? number : nil
    }
}
