import HoistwayModel
import RESP
import RedisClient

extension Store {
    /// What is wrong with the live data, a sentence each, at most 1,000: every job has exactly one home, which fits its
    /// status; turns are held by those that should; lanes match queues; no key outlives its job; sums match; histories are
    /// paths of `Transition`; fences grow. Reads 100 items at a time and judges each of them in one script, so that changes
    /// in between are no violations.
    package func violations() async throws -> [String] {
        var inspection = Inspection(store: self)
        return try await inspection.run()
    }
}

private struct Inspection {
    let store: Store
    var found: [String] = []
    var fences: Set<Int64> = []

    init(store: Store) {
        self.store = store
    }

    private var prefix: String { store.keys.prefix + ":" }

    mutating func run() async throws -> [String] {
        var jobs: [String] = []
        var queues: [String] = []
        var parts: [String] = []
        var memberships: [String] = []
        for name in Set(try await scan("SCAN", nil, match: Inspection.escaped(prefix) + "*")).sorted() {
            let rest = String(name.dropFirst(prefix.count))
            if rest.hasPrefix("job:") {
                let id = String(rest.dropFirst(4))
                if id.contains(":") { parts.append(id) } else { jobs.append(id) }
            } else if rest.hasPrefix("queue:") {
                queues.append(String(rest.dropFirst(6)))
            } else if Inspection.holdsJobs(rest) {
                memberships.append(name)
            }
        }
        try await inspect("parts", key: "", parts)
        try await inspect("queues", key: "", queues)
        for key in memberships {
            try await inspect("jobs", key: key, try await members(of: key))
        }
        try await inspect("turns", key: store.keys.turns, try await members(of: store.keys.turns))
        for key in try await scan("SCAN", nil, match: Inspection.escaped(prefix) + "lanes*") {
            try await inspect("lanes", key: key, try await members(of: key))
        }
        try await inspect(jobs, queued: try await queued(in: queues))
        try await checkHistories(of: jobs)
        return Array(found.prefix(1000))
    }

    private static func holdsJobs(_ key: String) -> Bool {
        let exact: Set = ["index", "delayed", "deadlines", "settling", "logs:bytes", "logs:ended"]
        if exact.contains(key) { return true }
        if ["index:", "waiting:", "later:", "paused:", "claimed:"].contains(where: { key.hasPrefix($0) }) { return true }
        return key.hasPrefix("worker:") && (key.hasSuffix(":jobs") || key.hasSuffix(":kills"))
    }

    private mutating func inspect(_ family: String, key: String, _ entries: [String]) async throws {
        for page in entries.pages() {
            let arguments: [RedisArgument] = [.string(family), .string(key)] + page.map { .string($0) }
            found += try await store.run(Scripts.inspectMembers, arguments).strings
        }
    }

    private mutating func inspect(_ jobs: [String], queued: Set<String>) async throws {
        for page in jobs.pages() {
            let arguments: [RedisArgument] = page.flatMap { id -> [RedisArgument] in
                [.string(id), queued.contains(id) ? 1 : 0]
            }
            found += try await store.run(Scripts.inspectJobs, arguments).strings
        }
    }

    /// The ids that stand in the queue of their lane, read in pages: to look for each of them alone would take a walk
    /// through a long list.
    private func queued(in queues: [String]) async throws -> Set<String> {
        var seen: Set<String> = []
        for queue in queues {
            var offset = 0
            while true {
                let key = RedisArgument.string("\(prefix)queue:\(queue)")
                let page = try await store.redis.send(["LRANGE", key, .int(offset), .int(offset + 999)]).strings
                for job in try await store.jobs(page) where job.lane == queue { seen.insert(job.id) }
                guard page.count == 1000 else { break }
                offset += 1000
            }
        }
        return seen
    }

    private mutating func checkHistories(of jobs: [String]) async throws {
        for page in jobs.pages() {
            let replies = try await store.redis.pipeline(
                page.map { ["LRANGE", .string(store.keys.history($0)), 0, -1] }
            )
            for (id, reply) in zip(page, replies) {
                let entries = try reply.get().array ?? []
                check(history: entries.compactMap { $0.bytes.flatMap { try? JSON(parsing: $0) } }, of: id)
            }
        }
    }

    private mutating func check(history: [JSON], of id: String) {
        // What was trimmed off its beginning is not known any more.
        var state = history.count < 1000 ? nil : history.first.flatMap { JobState($0) }
        var last: Int64 = 0
        for entry in history.count < 1000 ? history[...] : history.dropFirst() {
            let name = entry["event"]?.stringValue ?? "?"
            guard let event = JobEvent(rawValue: name), let next = JobState(entry),
                Transition.targets(from: state, on: event).contains(next)
            else {
                let from = state.map { "\($0)" } ?? "nothing"
                found.append("job \(id) went from \(from) by \(name) to \(JobState(entry).map { "\($0)" } ?? "?")")
                return
            }
            if event == .claimed, let fence = entry["fence"]?.intValue.map(Int64.init) {
                if fence <= last { found.append("job \(id) was given the fence \(fence) after \(last)") }
                if !fences.insert(fence).inserted { found.append("the fence \(fence) was given to \(id) and another") }
                last = fence
            }
            state = next
        }
    }

    private func members(of key: String) async throws -> [String] {
        let type = try await store.redis.send(["TYPE", .string(key)]).string ?? "none"
        switch type {
        case "zset": return try await scan("ZSCAN", key).pairedKeys
        case "hash": return try await scan("HSCAN", key).pairedKeys
        case "set": return try await scan("SSCAN", key)
        default: return []
        }
    }

    private func scan(_ command: String, _ key: String?, match: String? = nil) async throws -> [String] {
        var found: [String] = []
        var cursor = "0"
        repeat {
            var arguments: [RedisArgument] = [.string(command)]
            if let key { arguments.append(.string(key)) }
            arguments.append(.string(cursor))
            if let match { arguments += ["MATCH", .string(match)] }
            let reply = try await store.redis.send(arguments + ["COUNT", 500]).array ?? []
            found += reply.last?.strings ?? []
            cursor = reply.first?.string ?? "0"
        } while cursor != "0"
        return found
    }

    private static func escaped(_ text: String) -> String {
        text.map { "*?[]\\".contains($0) ? "\\\($0)" : String($0) }.joined()
    }
}

extension JobState {
    /// The state that an entry of a history leads to.
    package init?(_ entry: JSON) {
        guard let status = entry["status"]?.stringValue.flatMap(JobStatus.init) else { return nil }
        self.init(status, entry["reason"]?.stringValue.flatMap(JobReason.init))
    }
}

extension Job {
    fileprivate var lane: String {
        let priority = integer("priority") ?? JobDocument.defaultPriority
        let suffix = priority == JobDocument.defaultPriority ? "" : ":p\(priority)"
        return type.name + Scope(node: node, server: serverID).suffix + suffix
    }
}

extension [String] {
    fileprivate func pages() -> [ArraySlice<String>] {
        stride(from: 0, to: count, by: 100).map { self[$0..<Swift.min($0 + 100, count)] }
    }

    /// The first of each pair.
    fileprivate var pairedKeys: [String] {
        stride(from: 0, to: count - 1, by: 2).map { self[$0] }
    }
}
