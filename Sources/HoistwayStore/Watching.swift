import HoistwayModel
import RESP
import RedisClient

/// What one look at several streams found.
package struct StreamNews: Sendable {
    package var events: [(id: String, event: JSONObject)] = []
    /// Jobs whose log copies grew, and the ids of their last pieces.
    package var logs: [String: String] = [:]
}

extension Store {
    /// Waits until there are events or pieces of logs, over one connection for all.
    /// - Parameters:
    ///   - events: the position of the last event that was seen.
    ///   - logs: jobs and the positions of the last pieces of their logs that were seen.
    ///   - block: how long to wait, in seconds.
    package func news(
        after events: String,
        logs: [String: String],
        block: Double,
        on connection: any RedisCommands
    ) async throws -> StreamNews {
        let followed = logs.sorted { $0.key < $1.key }
        let streams = [keys.events] + followed.map { keys.log($0.key) }
        var command: [RedisArgument] = ["XREAD", "COUNT", 16, "BLOCK", .int(Int(block * 1000)), "STREAMS"]
        command += streams.map { .string($0) } + [.string(events)] + followed.map { .string($0.value) }
        let reply = try await connection.send(command, timeout: .seconds(block + 2))
        var news = StreamNews()
        let names = Dictionary(uniqueKeysWithValues: zip(streams.dropFirst(), followed.map(\.key)))
        for stream in reply.array ?? [] {
            guard let parts = stream.array, parts.count == 2, let key = parts[0].string else { continue }
            let entries = parts[1].array ?? []
            if key == keys.events {
                news.events = entries.compactMap { Store.event($0) }
            } else if let id = names[key], let last = entries.last?.array?.first?.string {
                news.logs[id] = last
            }
        }
        return news
    }

    /// The position behind the last piece of each log copy.
    package func logPositions(_ ids: [String]) async throws -> [String: String] {
        let replies = try await redis.pipeline(
            ids.map { ["XREVRANGE", .string(keys.log($0)), "+", "-", "COUNT", 1] }
        )
        var positions: [String: String] = [:]
        for (id, reply) in zip(ids, replies) {
            positions[id] = try reply.get().array?.first?.array?.first?.string ?? "0-0"
        }
        return positions
    }

    /// Events after a position, at most 100.
    /// - Returns: the events, and whether any between them and the position may be missing because they are not kept.
    package func eventPage(
        after position: String
    ) async throws -> (events: [(id: String, event: JSONObject)], isComplete: Bool) {
        let key = RedisArgument.string(keys.events)
        let replies = try await redis.pipeline([
            ["XRANGE", key, .string("(\(position)"), "+", "COUNT", 100],
            ["XRANGE", key, "-", "+", "COUNT", 1],
            ["XRANGE", key, .string(position), .string(position), "COUNT", 1],
        ])
        let events = try replies[0].get().array?.compactMap { Store.event($0) } ?? []
        let oldest = try replies[1].get().array?.first.flatMap { Store.event($0) }?.id
        let isThere = try replies[2].get().array?.isEmpty == false
        // Ids grow: what begins behind the oldest that is kept has lost nothing.
        let isComplete = isThere || position == "0-0" || oldest.map { StreamID($0) <= StreamID(position) } ?? true
        return (events, isComplete)
    }
}

/// An id of a stream's entry, to be compared.
private struct StreamID: Comparable {
    var time: UInt64
    var sequence: UInt64

    init(_ text: String) {
        let parts = text.split(separator: "-").map { UInt64($0) ?? 0 }
        time = parts.first ?? 0
        sequence = parts.count > 1 ? parts[1] : 0
    }

    static func < (left: StreamID, right: StreamID) -> Bool {
        (left.time, left.sequence) < (right.time, right.sequence)
    }
}
