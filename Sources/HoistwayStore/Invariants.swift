import HoistwayModel
import RESP
import RedisClient

extension Store {
    /// What is wrong with the live data, at most 1,000 breaches: every job has exactly one home, which fits its status;
    /// turns are held by those that should; lanes match queues; schedules stand at their next run; no key outlives its
    /// job; sums match; histories are paths of `Transition`; fences grow. Reads 100 items at a time and judges each of them in one script, so that changes in
    /// between are no breaches.
    package func breaches() async throws -> [Breach] {
        var inspection = Inspection(store: self)
        return try await inspection.run()
    }

    /// Those of some breaches that are still there.
    /// - Parameter repairing: repairs what can be repaired; what was is answered with `isRepaired`.
    package func lookAgain(_ breaches: [Breach], repairing: Bool = false) async throws -> [Breach] {
        var inspection = Inspection(store: self, repairing: repairing)
        return try await inspection.run(breaches)
    }

    /// The sentences of ``breaches()``.
    package func violations() async throws -> [String] {
        try await breaches().map(\.sentence)
    }
}

private struct Inspection {
    let store: Store
    let repairing: Bool
    var found: [Breach] = []
    var fences: [Int64: String] = [:]

    init(store: Store, repairing: Bool = false) {
        self.store = store
        self.repairing = repairing
    }

    private static let most = 1000

    private var prefix: String { store.keys.prefix + ":" }

    mutating func run() async throws -> [Breach] {
        let names = try await scan("SCAN", nil, match: Inspection.escaped(prefix) + "*")
        let contents = KeyContents(Set(names).sorted(), prefix: prefix)
        let usable = try await checkTypes(contents)
        try await inspect("parts", key: "", contents.parts)
        try await inspect("queues", key: "", contents.queues.filter { usable.contains("\(prefix)queue:\($0)") })
        for key in contents.memberships where usable.contains(key) {
            try await inspect("jobs", key: key, try await members(of: key))
        }
        let waited = contents.memberships.filter { $0.hasPrefix("\(prefix)waiting:") }
        let turns = Set(waited.map { String($0.dropFirst(prefix.count + 8)) })
        let held = usable.contains(store.keys.turns) ? try await members(of: store.keys.turns) : []
        try await inspect("turns", key: store.keys.turns, turns.union(held).sorted())
        if usable.contains(store.keys.renewals) {
            try await inspect("renewals", key: store.keys.renewals, try await members(of: store.keys.renewals))
        }
        for key in contents.lanes where usable.contains(key) {
            try await inspect("lanes", key: key, try await members(of: key))
        }
        let waiting = usable.contains(store.keys.schedules) ? try await members(of: store.keys.schedules) : []
        let schedules = contents.schedules.filter { usable.contains(store.keys.schedule($0)) }
        try await inspect("schedules", key: store.keys.schedules, Set(schedules).union(waiting).sorted())
        for (set, members) in [(store.keys.tokens, contents.tokens), (store.keys.resources, contents.resources)] {
            let named = usable.contains(set) ? try await self.members(of: set) : []
            try await inspect("named", key: set, Set(members).union(named).sorted())
        }
        for key in [store.keys.notify, store.keys.notifyTries] where usable.contains(key) {
            try await inspect("notifications", key: key, try await members(of: key))
        }
        if contents.hasSums { try await inspect("sums", key: "\(prefix)logs:bytes", [""]) }
        if found.count >= Inspection.most { return Array(found.prefix(Inspection.most)) }
        let jobs = contents.jobs.filter { usable.contains(store.keys.job($0)) }
        try await inspect(jobs, queued: try await queued(in: contents.queues))
        try await checkHistories(of: jobs)
        return Array(found.prefix(Inspection.most))
    }

    /// Looks at the places of some breaches alone.
    mutating func run(_ breaches: [Breach]) async throws -> [Breach] {
        var entries: [Breach.Place: [String]] = [:]
        var jobs: Set<String> = []
        var histories: Set<String> = []
        for breach in breaches {
            switch breach.place {
            case .job: jobs.insert(breach.subject)
            case .history: histories.insert(breach.subject)
            case .entry(let family, let key, let entry):
                entries[.entry(family: family, key: key, entry: ""), default: []].append(entry)
            case .nowhere: found.append(breach)
            }
        }
        // What has no place is gone before turns are given to who is first in a line.
        for family in [
            "parts", "queues", "jobs", "turns", "lanes", "renewals", "schedules", "named", "notifications", "sums",
        ] {
            for (place, members) in entries {
                guard case .entry(family, let key, _) = place else { continue }
                try await inspect(family, key: key, Set(members).sorted())
            }
        }
        try await inspect(jobs.sorted(), queued: [])
        try await checkHistories(of: histories.sorted())
        return found
    }

    /// Tells keys of another kind than they have to be, on which no script can work.
    /// - Returns: the others.
    private mutating func checkTypes(_ contents: KeyContents) async throws -> Set<String> {
        var usable: Set<String> = []
        for page in contents.kinds.pages() {
            let replies = try await store.redis.pipeline(page.map { ["TYPE", .string($0.key)] })
            for (expected, reply) in zip(page, replies) {
                let type = try reply.get().string ?? "none"
                if type == "none" || expected.kinds.contains(type) {
                    usable.insert(expected.key)
                } else {
                    let kinds = expected.kinds.joined(separator: " or ")
                    let text = "\(expected.key) is a \(type), it has to be a \(kinds): rename or delete it"
                    add(.value, expected.key, text, place: .nowhere)
                }
            }
        }
        return usable
    }

    private mutating func inspect(_ family: String, key: String, _ entries: [String]) async throws {
        for page in entries.pages() where found.count < Inspection.most {
            let arguments: [RedisArgument] = [repairing ? 1 : 0, .string(family), .string(key)]
            let reply = try await store.run(Scripts.inspectMembers, arguments + page.map { .string($0) })
            add(reply) { .entry(family: family, key: key, entry: $0) }
        }
    }

    private mutating func inspect(_ jobs: [String], queued: Set<String>) async throws {
        for page in jobs.pages() where found.count < Inspection.most {
            let arguments: [RedisArgument] = page.flatMap { id -> [RedisArgument] in
                [.string(id), queued.contains(id) ? 1 : 0]
            }
            add(try await store.run(Scripts.inspectJobs, [repairing ? 1 : 0] + arguments)) { _ in .job }
        }
    }

    private mutating func add(_ reply: RESPValue, place: (String) -> Breach.Place) {
        for values in reply.array?.compactMap(\.array) ?? [] where values.count == 5 {
            let subject = values[1].string ?? ""
            found.append(
                Breach(
                    kind: values[0].string.flatMap(Breach.Kind.init) ?? .fields,
                    subject: subject,
                    sentence: values[2].string ?? "",
                    isRepairable: values[3].int == 1,
                    isRepaired: values[4].int == 1,
                    place: place(subject)
                )
            )
        }
    }

    private mutating func add(_ kind: Breach.Kind, _ subject: String, _ sentence: String, place: Breach.Place) {
        found.append(
            Breach(
                kind: kind,
                subject: subject,
                sentence: sentence,
                isRepairable: false,
                isRepaired: false,
                place: place
            )
        )
    }

    /// The ids that stand in the queue of their lane, read in pages: to look for each of them alone would take a walk
    /// through a long list.
    private func queued(in queues: [String]) async throws -> Set<String> {
        let fields: [RedisArgument] = ["type", "node", "serverId", "priority"]
        var seen: Set<String> = []
        for queue in queues {
            var offset = 0
            while true {
                let key = RedisArgument.string("\(prefix)queue:\(queue)")
                let reply = try? await store.redis.send(["LRANGE", key, .int(offset), .int(offset + 999)])
                let page = reply?.strings ?? []
                let jobs = try await store.redis.pipeline(page.map { ["HMGET", .string(store.keys.job($0))] + fields })
                for (id, reply) in zip(page, jobs) {
                    let values = (try? reply.get().array)?.map(\.string) ?? []
                    if Inspection.lane(values) == queue { seen.insert(id) }
                }
                guard page.count == 1000 else { break }
                offset += 1000
            }
        }
        return seen
    }

    /// The lane of a job with this type, node, server and priority.
    private static func lane(_ values: [String?]) -> String? {
        guard values.count == 4, let type = values[0], let priority = values[3].flatMap({ Int($0) }) else { return nil }
        let suffix = priority == JobDocument.defaultPriority ? "" : ":p\(priority)"
        return type + Scope(node: values[1], server: values[2]).suffix + suffix
    }

    private mutating func checkHistories(of jobs: [String]) async throws {
        for page in jobs.pages() where found.count < Inspection.most {
            let replies = try await store.redis.pipeline(
                page.map { ["LRANGE", .string(store.keys.history($0)), 0, -1] }
            )
            for (id, reply) in zip(page, replies) {
                let entries = (try? reply.get().array) ?? []
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
            // A repair states what it found; the way there is not known.
            if name == "repaired" {
                state = JobState(entry) ?? state
                continue
            }
            guard let event = JobEvent(rawValue: name), let next = JobState(entry),
                Transition.targets(from: state, on: event).contains(next)
            else {
                let from = state.map { "\($0)" } ?? "nothing"
                let to = JobState(entry).map { "\($0)" } ?? "?"
                add(.history, id, "job \(id) went from \(from) by \(name) to \(to)", place: .history)
                return
            }
            if event == .claimed, let fence = entry["fence"]?.intValue.map(Int64.init) {
                if fence <= last {
                    add(.fence, id, "job \(id) was given the fence \(fence) after \(last)", place: .history)
                }
                if let other = fences.updateValue(id, forKey: fence) {
                    add(.fence, id, "the fence \(fence) was given to \(id) and \(other)", place: .nowhere)
                }
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

extension Array {
    fileprivate func pages() -> [ArraySlice<Element>] {
        stride(from: 0, to: count, by: 100).map { self[$0..<Swift.min($0 + 100, count)] }
    }
}

extension [String] {
    /// The first of each pair.
    fileprivate var pairedKeys: [String] {
        stride(from: 0, to: count - 1, by: 2).map { self[$0] }
    }
}
