import HoistwayModel
import RESP
import RedisClient

/// A piece of a log's copy in Redis.
package struct LogPiece: Sendable {
    /// Offset of its first byte in the finished log.
    package var offset: Int
    package var bytes: [UInt8]

    package init(offset: Int, bytes: [UInt8]) {
        self.offset = offset
        self.bytes = bytes
    }

    package var end: Int { offset + bytes.count }
}

extension Store {
    /// Appends a piece to the copy of a job's log. Sent twice, it is there once.
    /// - Parameters:
    ///   - most: most bytes of one copy.
    ///   - all: most bytes of all copies together.
    package func appendLog(
        _ id: String,
        fence: Int64,
        _ piece: LogPiece,
        most: Int,
        all: Int
    ) async throws -> StoreCode {
        try await code(
            Scripts.appendLog,
            [
                .string(id), RedisArgument(fence), .int(piece.offset), .int(piece.end), .bytes(piece.bytes), .int(most),
                .int(all),
            ]
        )
    }

    /// Pieces of the copy that end behind `offset`, at most 64, oldest first; the first may begin before `offset`.
    package func logPieces(_ id: String, after offset: Int) async throws -> [LogPiece] {
        let reply = try await redis.send(["XRANGE", .string(keys.log(id)), "(\(offset)-0", "+", "COUNT", 64])
        return Store.pieces(reply)
    }

    /// The same, if the copy is that of an attempt; none when the job has gone on to another.
    package func logPieces(_ id: String, attempt: Int, after offset: Int) async throws -> [LogPiece] {
        // The copy of an attempt is there from its start to the start of the next: unchanged on both sides of the look.
        let look: [RedisArgument] = ["HMGET", .string(keys.job(id)), "attempt", "logPath"]
        let range: [RedisArgument] = ["XRANGE", .string(keys.log(id)), "(\(offset)-0", "+", "COUNT", 64]
        let replies = try await redis.pipeline([look, range, look])
        let (before, after) = (try replies[0].get().array ?? [], try replies[2].get().array ?? [])
        guard before == after, before.first?.int == attempt, before.last?.string != nil else { return [] }
        return Store.pieces(try replies[1].get())
    }

    /// The last pieces of the copy, or of what of it ends at `offset` or before, oldest first.
    package func lastLogPieces(_ id: String, before offset: Int? = nil, count: Int) async throws -> [LogPiece] {
        let last = offset.map { "\($0)-0" } ?? "+"
        let reply = try await redis.send(["XREVRANGE", .string(keys.log(id)), .string(last), "-", "COUNT", .int(count)])
        return Store.pieces(reply).reversed()
    }

    /// Sees to it that there is a copy of an ended job's log, if need be by asking the worker that has the file for it.
    /// - Parameter patience: how long that worker may take for its first piece and for each further one.
    /// - Returns: whether there is one now, were it without its end.
    package func provideLog(of job: Job, patience: Duration = .seconds(5)) async throws -> Bool {
        var end = try await endOfCopy(job.id)
        if end > 0, end >= job.logBytes { return true }
        guard job.status.isTerminal, let worker = job.workerID,
            try await code(Scripts.askLog, [.string(job.id)]) == .ok
        else { return try await endOfCopy(job.id) > 0 }
        var deadline = ContinuousClock.now + patience
        while ContinuousClock.now < deadline {
            // Asked for the request first: where that is gone the copy is as complete as it gets.
            let isAsked = try await redis.send(["SISMEMBER", .string(keys.wantedLogs(of: worker)), .string(job.id)])
            let reached = try await endOfCopy(job.id)
            if isAsked.int != 1 || reached >= job.logBytes { return reached > 0 }
            if reached > end { deadline = ContinuousClock.now + patience }
            end = reached
            try await Task.sleep(for: .milliseconds(50))
        }
        return end > 0
    }

    /// A worker has copied a log that was asked for, or cannot.
    package func provided(_ id: String, worker: String) async throws {
        _ = try await redis.send(["SREM", .string(keys.wantedLogs(of: worker)), .string(id)])
    }

    private func endOfCopy(_ id: String) async throws -> Int {
        try await lastLogPieces(id, count: 1).last?.end ?? 0
    }

    private static func pieces(_ reply: RESPValue) -> [LogPiece] {
        (reply.array ?? []).compactMap { entry in
            guard let fields = entry.array?.last?.array, fields.count == 4, let offset = fields[1].int,
                let bytes = fields[3].bytes
            else { return nil }
            return LogPiece(offset: offset, bytes: bytes)
        }
    }
}
