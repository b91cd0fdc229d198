import HoistwayModel
import RESP
import RedisClient

extension Store {
    /// The cursor behind a job. Behind one that was removed it is where that was: as long as its removal is among the events,
    /// and for ids that tell their time, from what was accepted before it.
    /// - Returns: nil when there is no such job, and nothing tells where it was.
    package func cursor(behind id: String) async throws -> String? {
        if let sequence = try await redis.send(["ZSCORE", .string(keys.index), .string(id)]).string { return sequence }
        if let sequence = try await sequence(ofRemoved: id) { return sequence }
        guard let time = Store.time(ofULID: id) else { return nil }
        return try await cursor(behind: id, from: time)
    }

    private func sequence(ofRemoved id: String) async throws -> String? {
        var end = "+"
        while true {
            let page = try await redis.send(["XREVRANGE", .string(keys.events), .string(end), "-", "COUNT", 1000])
            let entries = page.array ?? []
            for entry in entries {
                let values = entry.array?.last?.strings ?? []
                let pairs = stride(from: 0, to: values.count - 1, by: 2).map { (values[$0], values[$0 + 1]) }
                let fields = Dictionary(pairs) { first, _ in first }
                guard fields["event"] == "removed", fields["id"] == id else { continue }
                return fields["data"].flatMap { try? JSON(parsing: $0) }?["sequence"]?.intValue.map(String.init)
            }
            guard entries.count == 1000, let last = entries.last?.array?.first?.string else { return nil }
            end = "(\(last)"
        }
    }

    /// A place among the jobs by the time that one was made.
    private func cursor(behind id: String, from time: Timestamp) async throws -> String {
        var (low, high) = (0, try await redis.send(["ZCARD", .string(keys.index)]).int ?? 0)
        var cursor: String?
        while low < high {
            let middle = (low + high) / 2
            let range: [RedisArgument] = ["ZRANGE", .string(keys.index), .int(middle), .int(middle), "WITHSCORES"]
            let entry = try await redis.send(range).strings
            guard entry.count == 2 else {
                high = middle
                continue
            }
            if try await wasMade(entry[0], before: id, time) {
                low = middle + 1
            } else {
                high = middle
                cursor = entry[1]
            }
        }
        // Behind all there are.
        return cursor ?? String(Int64.max)
    }

    private func wasMade(_ job: String, before id: String, _ time: Timestamp) async throws -> Bool {
        if Store.time(ofULID: job) != nil { return job < id }
        let text = try await redis.send(["HGET", .string(keys.job(job)), "createdAt"]).string
        return (text.flatMap { Timestamp(parsing: $0) } ?? time) <= time
    }

    /// When an id was made, if it is a ULID.
    private static func time(ofULID id: String) -> Timestamp? {
        let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)
        let digits = id.utf8.compactMap { alphabet.firstIndex(of: $0) }
        guard id.utf8.count == 26, digits.count == 26, digits[0] < 8 else { return nil }
        return Timestamp(milliseconds: digits[..<10].reduce(0) { $0 << 5 | Int64($1) })
    }
}
