import HTTPTypes
import Hoistway
import HoistwayModel
import HoistwayStore
import RedisClient

/// Logs, wherever they are: as a file on this host, else in the copy in Redis, which a worker may have to bring back.
package struct LogService: Sendable {
    let store: Store
    let client: RedisClient
    let hub: Hub
    let quiescence: Quiescence
    let logFile: @Sendable (Job) -> (any LogReading)?
    private let reads = SharedReads<Place, LogChunk>(most: 8 << 20) { $0.bytes.count }

    init(
        store: Store,
        client: RedisClient,
        hub: Hub,
        quiescence: Quiescence,
        logFile: @escaping @Sendable (Job) -> (any LogReading)?
    ) {
        self.store = store
        self.client = client
        self.hub = hub
        self.quiescence = quiescence
        self.logFile = logFile
    }

    /// A place in the log of a job's attempt; the file's path tells one job from a later one of the same id.
    fileprivate struct Place: Hashable, Sendable {
        var path: String
        var offset: Int
    }

    /// Some bytes of a log.
    package struct Slice: Sendable {
        package var bytes: [UInt8]
        /// What is missing in front of them because it is not kept.
        package var gap: Range<Int>?
        /// Where to go on.
        package var nextOffset: Int
        package var job: Job
    }

    private static let unavailable = "log_unavailable"

    /// Most bytes of one answer.
    package static let mostBytes = 4 << 20

    /// Bytes of the log of a job's newest attempt.
    /// - Throws: `Refusal` when there is no such job; ``Problem`` (503, `log_unavailable`) when no process that runs has the log.
    package func read(_ id: String, from offset: Int, limit: Int = mostBytes) async throws -> Slice {
        let job = try await job(id)
        return try await read(job, try await source(of: job), from: offset, limit: limit)
    }

    /// The last lines of the log of a job's newest attempt, of at most so many bytes together.
    /// - Returns: the job and its log; `nil` while there is none.
    /// - Throws: as ``read(_:from:limit:)`` does.
    package func tail(_ id: String, lines: Int, bytes: Int = mostBytes) async throws -> (job: Job, tail: LogTail?) {
        let job = try await job(id)
        return (job, try await source(of: job)?.tail(lines: lines, bytes: bytes))
    }

    /// The same as one answer, which has one gap: of several the last, with all that is between the first and it.
    package func slice(_ id: String, lastLines lines: Int, limit: Int = mostBytes) async throws -> Slice {
        let (job, tail) = try await tail(id, lines: lines, bytes: limit)
        var slice = Slice(bytes: [], gap: nil, nextOffset: tail?.end ?? 0, job: job)
        let chunks = tail?.chunks ?? []
        if let first = chunks.firstIndex(where: { $0.gap != nil }),
            let last = chunks.lastIndex(where: { $0.gap != nil }),
            let begin = chunks[first].gap?.lowerBound
        {
            slice.gap = begin..<chunks[last].offset
            slice.bytes = (chunks[..<first] + chunks[last...]).flatMap(\.bytes)
        } else {
            slice.bytes = chunks.flatMap(\.bytes)
        }
        return LogService.complete(slice, from: slice.nextOffset)
    }

    /// The last lines of the log of a job's newest attempt, of at most so many bytes together.
    /// - Returns: none where no process that runs has the log any more.
    package func lastLines(of job: Job, lines most: Int, bytes: Int) async throws -> [LogLine] {
        let source: (any LogReading)?
        do {
            source = try await self.source(of: job)
        } catch let problem as Problem where problem.code == LogService.unavailable {
            return []
        }
        guard let tail = try await source?.tail(lines: most, bytes: bytes) else { return [] }
        let behind = LogPosition(attempt: job.attempt, offset: tail.end)
        var pieces: [[UInt8]] = []
        for chunk in tail.chunks {
            if pieces.isEmpty || chunk.gap != nil { pieces.append([]) }
            pieces[pieces.count - 1] += chunk.bytes
        }
        return pieces.flatMap { piece in
            piece.split(separator: UInt8(ascii: "\n")).map { LogLine($0, behind: behind) }
        }
    }

    /// The log of a job while it grows.
    /// - Parameters:
    ///   - start: `nil` begins at the beginning of the newest attempt.
    ///   - beat: after so long without news there is a step that says so.
    package func follow(_ job: Job, from start: LogPosition? = nil, tail: Int? = nil, beat: Duration) -> LogFollow {
        let (hub, quiescence) = (hub, quiescence)
        return LogFollow(
            job.id,
            store,
            client,
            from: start,
            tail: tail,
            patience: Patience(limit: .seconds(60)),
            open: { SharedLog(source: nearest($0), path: $0.logPath ?? "", reads: reads) },
            watching: { HubWatch(following: Following(hub, .log(job.id), quiescence)) },
            beat: beat
        )
    }

    /// The log of an attempt before the newest one; `nil` where its file is not on this host any more.
    package func earlierLog(of job: Job, attempt: Int) -> (any LogReading)? {
        guard let path = job.logPath(ofAttempt: attempt) else { return nil }
        var earlier = job
        earlier.fields["attempt"] = String(attempt)
        earlier.fields["logPath"] = path
        return logFile(earlier)
    }

    /// Says where the log of an ended job is, when it can be read neither here nor in Redis.
    /// - Throws: ``Problem`` (503, `log_unavailable`).
    package func requireLog(of job: Job) async throws { _ = try await source(of: job) }

    private func job(_ id: String) async throws -> Job {
        guard Identifier.isJobID(id), let job = try await OutagePatience.insist({ try await store.job(id) }) else {
            throw Refusal.noJob(id)
        }
        return job
    }

    private func nearest(_ job: Job) -> any LogReading {
        logFile(job) ?? LogCopy(store, id: job.id, attempt: job.attempt)
    }

    /// - Returns: `nil` while there is no log yet.
    private func source(of job: Job) async throws -> (any LogReading)? {
        guard job.logPath != nil else { return nil }
        if let file = logFile(job) { return file }
        if job.status.isTerminal, job.logBytes > 0, try await !store.provideLog(of: job) {
            let host = job.host ?? "an unknown host"
            throw Problem(
                .serviceUnavailable,
                code: LogService.unavailable,
                "the log is not in Redis any more, and no worker provides it; it is on \(host) at \(job.logPath ?? "?")",
                isRetryable: false
            )
        }
        return LogCopy(store, id: job.id, attempt: job.attempt)
    }

    private func read(_ job: Job, _ source: (any LogReading)?, from offset: Int, limit: Int) async throws -> Slice {
        var slice = Slice(bytes: [], gap: nil, nextOffset: offset, job: job)
        guard let source else { return slice }
        while slice.bytes.count < limit {
            let chunk = try await source.read(from: slice.nextOffset)
            if chunk.gap != nil {
                // One answer has one gap, in front of its bytes.
                guard slice.bytes.isEmpty else { break }
                slice.gap = chunk.gap
                slice.nextOffset = chunk.offset
            }
            guard !chunk.bytes.isEmpty else { break }
            let taken = chunk.bytes.prefix(limit - slice.bytes.count)
            slice.bytes += taken
            slice.nextOffset = chunk.offset + taken.count
        }
        return LogService.complete(slice, from: offset)
    }

    /// Says what does not come any more, where nothing else is there.
    private static func complete(_ slice: Slice, from offset: Int) -> Slice {
        var slice = slice
        let size = slice.job.logBytes
        guard slice.bytes.isEmpty, slice.job.status.isTerminal, slice.nextOffset < size else { return slice }
        slice.gap = (slice.gap?.lowerBound ?? offset)..<size
        slice.nextOffset = size
        return slice
    }
}

/// A log that many read at once: what one of them has read is not read again for the others.
private struct SharedLog: LogReading {
    let source: any LogReading
    let path: String
    let reads: SharedReads<LogService.Place, LogChunk>

    /// Most bytes of a piece: what a follower that is slow to take it holds in memory.
    private static let pieceSize = 256 << 10

    func read(from offset: Int) async throws -> LogChunk {
        let source = source
        return try await reads.value(LogService.Place(path: path, offset: offset)) {
            var chunk = try await source.read(from: offset)
            if chunk.bytes.count > SharedLog.pieceSize { chunk.bytes = Array(chunk.bytes.prefix(SharedLog.pieceSize)) }
            return chunk
        }
    }

    func offset(ofLast lines: Int) async throws -> Int { try await source.offset(ofLast: lines) }

    func keptEnd(before offset: Int) async throws -> Int { try await source.keptEnd(before: offset) }
}
