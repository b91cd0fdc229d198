import HoistwayModel
import RESP
import RedisClient

/// Which jobs to list.
package struct JobFilter: Sendable, Hashable {
    package var type: JobType?
    package var resourceID: String?
    package var status: JobStatus?
    /// Only jobs with one of these reasons.
    package var reasons: Set<JobReason>?
    package var server: String?
    /// Only jobs that this schedule made, or that are deployments of it.
    package var schedule: String?
    package var label: KillSelection.Label?
    package var limit = 50
    /// Where an earlier page ended.
    package var cursor: String?
    /// The fields that are read of each job; nil for all.
    package var wanted: [String]?

    package init() {}

    /// What of a job's hash decides whether it fits.
    static let fields = ["type", "resourceId", "status", "reason", "serverId", "labels", "scheduleId"]

    func matches(_ job: Job) -> Bool {
        if let type, job.type != type { return false }
        if let resourceID, job.resourceID != resourceID { return false }
        if let status, job.fields["status"] != status.rawValue { return false }
        if let reasons, !(job.reason.map(reasons.contains) ?? false) { return false }
        if let server, job.serverID != server { return false }
        if let schedule, job.fields["scheduleId"] != schedule, job.type != .schedule || job.resourceID != schedule {
            return false
        }
        if let label, job.labels[label.key]?.stringValue != label.value { return false }
        return true
    }
}

/// A page of jobs, newest first.
package struct JobPage: Sendable {
    package var jobs: [Job]
    /// For the next page; nil when this is the last.
    package var nextCursor: String?
}

extension Store {
    /// How many records one call looks at.
    private static let mostLooked = 2000
    private static let batchSize = 100

    /// A page of jobs by their order of acceptance, from the shortest index that holds all that fit. What the index does
    /// not answer is filtered; one call looks at no more than 2,000 records and may so return a short page with a cursor.
    /// - Throws: `Refusal` for a cursor that is none.
    package func list(_ filter: JobFilter) async throws -> JobPage {
        if let text = filter.cursor, Int64(text) == nil {
            throw Refusal(.invalidDocument, field: "cursor", "must be one that an earlier page ended with")
        }
        let index = try await shortestIndex(filter)
        var page = JobPage(jobs: [], nextCursor: filter.cursor)
        var looked = 0
        while looked < Store.mostLooked {
            let found = try await entries(of: index, before: page.nextCursor, count: Store.batchSize + 1)
            let entries = found.prefix(Store.batchSize)
            let fitting = try await fitting(Array(entries), filter)
            let taken = fitting.prefix(filter.limit - page.jobs.count)
            page.jobs += try await jobs(taken.map(\.id), filter.wanted)
            looked += entries.count
            let isFull = fitting.count >= taken.count && taken.count > 0 && page.jobs.count >= filter.limit
            let last = isFull ? taken.last : entries.last
            let isLast = found.count <= Store.batchSize && last?.sequence == entries.last?.sequence
            page.nextCursor = isLast ? nil : last?.sequence
            if isFull || isLast { return page }
        }
        return page
    }

    private func jobs(_ ids: [String], _ wanted: [String]?) async throws -> [Job] {
        guard let wanted else { return try await jobs(ids) }
        return try await fields(wanted, of: ids).compactMap { $0.map { Job(fields: $0) } }
    }

    private struct Entry {
        var id: String
        var sequence: String
    }

    /// Those of some entries whose jobs fit, judged without reading payloads.
    private func fitting(_ entries: [Entry], _ filter: JobFilter) async throws -> [Entry] {
        let replies = try await redis.pipeline(
            entries.map { ["HMGET", .string(keys.job($0.id))] + JobFilter.fields.map { .string($0) } }
        )
        return try zip(entries, replies).compactMap { entry, reply in
            let values = try reply.get().array ?? []
            var fields: [String: String] = [:]
            for (name, value) in zip(JobFilter.fields, values) { fields[name] = value.string }
            return fields["status"] != nil && filter.matches(Job(fields: fields)) ? entry : nil
        }
    }

    /// Of the indexes that hold every job that fits, the one with the fewest entries. An index may be the union of several
    /// keys.
    private func shortestIndex(_ filter: JobFilter) async throws -> [String] {
        let types = try await knownTypes()
        var candidates: [[String]] = []
        if let resource = filter.resourceID {
            candidates.append((filter.type.map { [$0] } ?? types).map { keys.ofResource($0, resource) })
        }
        if let server = filter.server { candidates.append([keys.ofServer(server)]) }
        if let schedule = filter.schedule {
            candidates.append([keys.ofSchedule(schedule), keys.ofResource(.schedule, schedule)])
        }
        if let label = filter.label { candidates.append([keys.ofLabel(label.key, label.value)]) }
        switch filter.status {
        case .running: candidates.append([keys.running])
        case .pending: candidates.append((filter.type.map { [$0] } ?? types).map { keys.pending($0) })
        case .done, .error: candidates.append([keys.ended(filter.status ?? .done)])
        case nil: break
        }
        if let type = filter.type { candidates.append([keys.ofType(type)]) }
        guard candidates.count > 1 else { return candidates.first ?? [keys.index] }
        let counts = try await redis.pipeline(candidates.flatMap { $0.map { ["ZCARD", .string($0)] } })
        var sizes = try counts.map { try $0.get().int ?? 0 }[...]
        let totals = candidates.map { names in
            defer { sizes = sizes.dropFirst(names.count) }
            return sizes.prefix(names.count).reduce(0, +)
        }
        let best = totals.indices.min { totals[$0] < totals[$1] } ?? 0
        return candidates[best]
    }

    /// The newest entries of an index before a sequence number.
    private func entries(of index: [String], before cursor: String?, count: Int) async throws -> [Entry] {
        let from = cursor.map { "(\($0)" } ?? "+inf"
        let replies = try await redis.pipeline(
            index.map {
                ["ZREVRANGEBYSCORE", .string($0), .string(from), "-inf", "WITHSCORES", "LIMIT", 0, .int(count)]
            }
        )
        var entries: [Entry] = []
        for reply in replies {
            let page = try reply.get().strings
            entries += stride(from: 0, to: page.count - 1, by: 2).map { Entry(id: page[$0], sequence: page[$0 + 1]) }
        }
        guard index.count > 1 else { return entries }
        // A job may stand in several of them.
        var seen: Set<String> = []
        entries = entries.filter { seen.insert($0.id).inserted }
        entries.sort { (Int($0.sequence) ?? 0) > (Int($1.sequence) ?? 0) }
        return Array(entries.prefix(count))
    }
}
