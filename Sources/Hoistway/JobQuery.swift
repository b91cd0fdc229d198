import HoistwayModel
import HoistwayStore

/// Which jobs to list: those that fit every member that is set.
public struct JobQuery: Sendable, Hashable {
    public var type: JobType?
    public var resourceID: String?
    public var serverID: String?
    public var status: JobStatus?
    /// A label and the value it has.
    public var label: KillSelection.Label?

    public init(
        type: JobType? = nil,
        resourceID: String? = nil,
        serverID: String? = nil,
        status: JobStatus? = nil,
        label: KillSelection.Label? = nil
    ) {
        self.type = type
        self.resourceID = resourceID
        self.serverID = serverID
        self.status = status
        self.label = label
    }

    /// Some of the jobs that fit, newest first.
    public struct Page: Sendable, Hashable {
        public var jobs: [Job]
        /// Names the next page; `nil` when this is the last. A page may be short and have a next one all the same.
        public var nextCursor: String?
    }

    func filter(limit: Int, cursor: String?) -> JobFilter {
        var filter = JobFilter()
        filter.type = type
        filter.resourceID = resourceID
        filter.server = serverID
        filter.status = status
        filter.label = label
        filter.limit = limit
        filter.cursor = cursor
        return filter
    }
}

extension HoistwayClient {
    /// A page of jobs, newest first.
    /// - Parameters:
    ///   - limit: jobs of the page, from 1 to 1,000.
    ///   - cursor: of an earlier page.
    /// - Throws: ``HoistwayError``: `invalid`, `unreachable`.
    public func list(
        _ query: JobQuery = JobQuery(),
        limit: Int = 50,
        cursor: String? = nil
    ) async throws(HoistwayError) -> JobQuery.Page {
        guard (1...1000).contains(limit) else { throw HoistwayError(.invalid, "the limit must be from 1 to 1000") }
        return try await insisting {
            let page = try await store.list(query.filter(limit: limit, cursor: cursor))
            return JobQuery.Page(jobs: page.jobs, nextCursor: page.nextCursor)
        }
    }
}
