import HoistwayModel
import HoistwayStore
import RESP
import RedisClient
import TestSupport
import Testing

/// Pages of jobs.
@Suite(.redis, .timeLimit(.minutes(3))) struct ListingTests {
    private func ids(_ store: Store, _ change: (inout JobFilter) -> Void) async throws -> [String] {
        var filter = JobFilter()
        filter.limit = 7
        change(&filter)
        var ids: [String] = []
        while true {
            let page = try await store.list(filter)
            ids += page.jobs.map(\.id)
            guard let cursor = page.nextCursor else { return ids }
            filter.cursor = cursor
        }
    }

    @Test func eachFilterAndEveryPairOfThem() async throws {
        try await withStore { store async throws in
            for number in 0..<60 {
                try await store.add("j\(number)", "r\(number % 7)", type: number % 2 == 0 ? .application : .backup) {
                    $0.serverID = number % 3 == 0 ? "s" : nil
                    $0.labels = number % 5 == 0 ? ["team": "a=b"] : ["team": "c"]
                    $0.concurrencyKey = "k\(number)"
                }
            }
            for _ in 0..<4 { try await store.run(.worker(types: [.application])) }
            for id in ["j3", "j5"] { _ = try await store.kill(id, KillOrder()) }
            try await store.end(try #require(try await store.jobs(["j2"]).first))
            let everything = try await ids(store) { _ in }
            #expect(everything == (0..<60).reversed().map { "j\($0)" })
            var jobs: [String: Job] = [:]
            for job in try await store.jobs(everything) { jobs[job.id] = job }
            let filters: [(String, (inout JobFilter) -> Void, (Job) -> Bool)] = [
                ("type", { $0.type = .backup }, { $0.type == .backup }),
                ("resource", { $0.resourceID = "r3" }, { $0.resourceID == "r3" }),
                ("pending", { $0.status = .pending }, { $0.status == .pending }),
                ("running", { $0.status = .running }, { $0.status == .running }),
                ("error", { $0.status = .error }, { $0.status == .error }),
                ("done", { $0.status = .done }, { $0.status == .done }),
                ("server", { $0.server = "s" }, { $0.serverID == "s" }),
                (
                    "label", { $0.label = KillSelection.Label(key: "team", value: "a=b") },
                    { $0.labels["team"]?.stringValue == "a=b" }
                ),
            ]
            for (first, set, fits) in filters {
                for (second, setToo, fitsToo) in filters where first == second || first.count != second.count {
                    let found = try await ids(store) {
                        set(&$0); setToo(&$0)
                    }
                    let exclusive = ["pending", "running", "error", "done"]
                    if exclusive.contains(first) && exclusive.contains(second) && first != second { continue }
                    let wanted = everything.filter { id in jobs[id].map { fits($0) && fitsToo($0) } ?? false }
                    #expect(found == wanted, "\(first) and \(second)")
                }
            }
        }
    }

    @Test func cursorsAreStable() async throws {
        try await withStore { store async throws in
            for number in 0..<30 { try await store.add("j\(number)") }
            var filter = JobFilter()
            filter.limit = 10
            var page = try await store.list(filter)
            #expect(page.jobs.map(\.id) == (20..<30).reversed().map { "j\($0)" })
            for number in 30..<35 { try await store.add("j\(number)") }
            for id in ["j20", "j19", "j18"] { try await store.remove(id) }
            filter.cursor = page.nextCursor
            page = try await store.list(filter)
            #expect(page.jobs.map(\.id) == (8..<18).reversed().map { "j\($0)" })
            filter.cursor = page.nextCursor
            page = try await store.list(filter)
            #expect(page.jobs.count == 8 && page.nextCursor == nil)
            filter.cursor = "x"
            #expect(try await refusal { _ = try await store.list(filter) } == .invalidDocument)
        }
    }

    @Test func removedJobsLeaveTheIndexes() async throws {
        try await withStore { store async throws in
            try await store.add("a") {
                $0.serverID = "s"
                $0.labels = ["l": "v", "m": "w"]
            }
            #expect(try await store.exists("index:server:s"))
            #expect(try await store.exists("index:label:l=v"))
            _ = try await store.kill("a", KillOrder())
            let id = try await store.retry("a").id
            #expect(try await ids(store) { $0.server = "s" } == [id, "a"])
            for job in ["a", id] { try await store.remove(job) }
            for key in ["index:server:s", "index:label:l=v", "index:label:m=w"] {
                #expect(try await store.exists(key) == false, "\(key)")
            }
        }
    }

    /// Of many records a call looks at no more than 2,000, whatever the filter.
    @Test func aPageOfManyRecordsIsShort() async throws {
        try await withStore { store async throws in
            let count = 20_000
            try await store.fill(count)
            var filter = JobFilter()
            filter.type = .application
            filter.resourceID = "r"
            var page = try await store.list(filter)
            #expect(page.jobs.count == 50 && page.jobs.first?.id == "j\(count)")
            // Two criteria that no index answers together: nothing among the newest 2,000.
            filter.status = .done
            filter.label = KillSelection.Label(key: "rare", value: "x")
            filter.cursor = nil
            let before = try await store.redis.information("commandstats")
            page = try await store.list(filter)
            #expect(page.jobs.map(\.id) == ["j7"] && page.nextCursor == nil, "the index of the label has one entry")
            filter.label = KillSelection.Label(key: "common", value: "y")
            filter.resourceID = nil
            filter.server = "none"
            page = try await store.list(filter)
            #expect(page.jobs.isEmpty && page.nextCursor == nil)
            filter.server = nil
            filter.status = .pending
            page = try await store.list(filter)
            #expect(page.jobs.isEmpty && page.nextCursor == nil, "no pending job at all")
            let after = try await store.redis.information("commandstats")
            #expect(ListingTests.calls("hmget", after) - ListingTests.calls("hmget", before) < 100)
            filter = JobFilter()
            filter.type = .application
            filter.label = KillSelection.Label(key: "common", value: "y")
            filter.resourceID = "absent"
            #expect(try await store.list(filter).nextCursor == nil)
            filter.resourceID = "r"
            filter.status = .error
            #expect(try await store.list(filter).jobs.isEmpty)
            // An index that holds everything, of which nothing fits: the call ends after 2,000 and says where to go on.
            filter = JobFilter()
            filter.resourceID = "r"
            filter.label = KillSelection.Label(key: "old", value: "z")
            filter.status = .done
            _ = try await store.redis.send(["DEL", .string(store.keys.ofLabel("old", "z"))])
            _ = try await store.redis.send([
                "ZUNIONSTORE", .string(store.keys.ofLabel("old", "z")), 1, .string(store.keys.index),
            ])
            page = try await store.list(filter)
            #expect(page.jobs.isEmpty && page.nextCursor == "\(count - 1999)")
            for name in ["index", "index:type:application", "index:resource:application:r", "index:done"] {
                _ = try await store.redis.send(["DEL", .string("\(store.keys.prefix):\(name)")])
            }
            for name in ["rare=x", "common=y", "old=z"] {
                _ = try await store.redis.send(["DEL", .string("\(store.keys.prefix):index:label:\(name)")])
            }
            try await store.dropJobs(count)
        }
    }

    private static func calls(_ command: String, _ statistics: [String: String]) -> Int {
        let text = statistics["cmdstat_\(command)"]?.split(separator: ",").first?.dropFirst("calls=".count)
        return text.flatMap { Int($0) } ?? 0
    }
}

extension Store {
    /// Many done jobs `j1`… of one resource with their indexes, written by Redis itself: `j7` has a label of its own.
    fileprivate func fill(_ count: Int) async throws {
        let script = """
            local p = KEYS[1]
            for n = tonumber(ARGV[1]), tonumber(ARGV[2]) do
              local id = 'j' .. n
              local labels = n == 7 and '{"rare":"x","common":"y"}' or '{"common":"y"}'
              redis.call('HSET', p .. ':job:' .. id, 'id', id, 'type', 'application', 'status', 'done', 'resourceId', 'r',
                'priority', '5', 'concurrencyKey', 'application:r', 'labels', labels, 'revision', 1)
              for _, name in ipairs({ 'index', 'index:type:application', 'index:resource:application:r', 'index:done',
                'index:label:common=y' }) do redis.call('ZADD', p .. ':' .. name, n, id) end
              if n == 7 then redis.call('ZADD', p .. ':index:label:rare=x', n, id) end
            end
            """
        for start in stride(from: 1, through: count, by: 1000) {
            let end = min(start + 999, count)
            _ = try await redis.send(["EVAL", .string(script), 1, .string(keys.prefix), .int(start), .int(end)])
        }
    }

    fileprivate func dropJobs(_ count: Int) async throws {
        for start in stride(from: 1, through: count, by: 1000) {
            let names = (start..<min(start + 1000, count + 1)).map { RedisArgument.string(keys.job("j\($0)")) }
            _ = try await redis.send(["UNLINK"] + names)
        }
    }
}
