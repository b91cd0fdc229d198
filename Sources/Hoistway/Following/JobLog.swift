import HoistwayModel
import HoistwayStore
import RedisClient

/// The log of a job while it grows, in pieces of bytes; made by ``HoistwayClient/log(of:from:)``.
///
/// It ends when the job has ended and its log is complete, through all of its attempts. It is read from the copy that Redis
/// keeps while a job runs and for ten minutes after; later the worker that has the file makes another copy. What is missing from
/// it is told in ``LogChunk/gap``. Each iterator begins anew, with a connection of its own.
public struct JobLog: AsyncSequence, Sendable {
    public typealias Element = LogChunk
    public typealias Failure = HoistwayError

    let id: String
    let store: Store
    let client: RedisClient
    let patience: Duration
    let start: LogPosition?
    let tail: Int?

    /// The same log line by line.
    public var lines: Lines { Lines(log: self) }

    public func makeAsyncIterator() -> Iterator { Iterator(self) }

    public struct Iterator: AsyncIteratorProtocol {
        private var follow: LogFollow
        private let log: JobLog
        private var begun = false

        init(_ log: JobLog) {
            self.log = log
            let (id, store) = (log.id, log.store)
            follow = LogFollow(
                id,
                store,
                log.client,
                from: log.start,
                tail: log.tail,
                patience: Patience(limit: log.patience),
                open: { LogCopy(store, id: id, attempt: $0.attempt) }
            )
        }

        /// The next piece; `nil` when the job has ended and its log is complete.
        /// - Throws: ``HoistwayError``: `notFound`, `logUnavailable` when no worker that has the log is up, `unreachable`,
        ///   `cancelled`.
        public mutating func next() async throws(HoistwayError) -> LogChunk? {
            try await next(isolation: #isolation)
        }

        public mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws(HoistwayError) -> LogChunk? {
            do {
                if !begun {
                    try await Patience.insist(log.patience) { try await log.requireCopy() }
                    begun = true
                }
                while let step = try await follow.next() {
                    if case .chunk(let chunk) = step { return chunk }
                }
                return nil
            } catch {
                throw HoistwayError(error)
            }
        }
    }

    /// Says where the log is when it is not in Redis any more, and no worker brings it back.
    private func requireCopy() async throws {
        guard let job = try await store.job(id) else { throw Refusal.noJob(id) }
        guard job.status.isTerminal, job.logBytes > 0 else { return }
        if let start, start.attempt == job.attempt, start.offset >= job.logBytes { return }
        guard try await !store.provideLog(of: job) else { return }
        let place = "on \(job.host ?? "an unknown host") at \(job.logPath ?? "?")"
        let message = "the log of \(id) is not in Redis any more, and no worker provides it; it is \(place)"
        throw HoistwayError(.logUnavailable, message)
    }
}

extension JobLog {
    /// The lines of a log; made by ``JobLog/lines``. A gap is a line of its own, without a time.
    public struct Lines: AsyncSequence, Sendable {
        public typealias Element = LogLine
        public typealias Failure = HoistwayError

        let log: JobLog

        public func makeAsyncIterator() -> Iterator { Iterator(chunks: log.makeAsyncIterator()) }

        public struct Iterator: AsyncIteratorProtocol {
            private var chunks: JobLog.Iterator
            private var splitter = LineSplitter()

            init(chunks: JobLog.Iterator) {
                self.chunks = chunks
            }

            /// The next line; `nil` when the job has ended and its log is complete.
            /// - Throws: ``HoistwayError`` as ``JobLog/Iterator/next()`` does.
            public mutating func next() async throws(HoistwayError) -> LogLine? {
                try await next(isolation: #isolation)
            }

            public mutating func next(
                isolation actor: isolated (any Actor)?
            ) async throws(HoistwayError) -> LogLine? {
                while true {
                    if let line = splitter.next() { return line }
                    guard let chunk = try await chunks.next(isolation: actor) else { return splitter.finish() }
                    splitter.append(chunk)
                }
            }
        }
    }
}

/// Makes lines of the pieces of a log, whatever they are cut at.
struct LineSplitter {
    private var lines: [LogLine] = []
    private var partial: [UInt8] = []
    private var behind: LogPosition?
    private var index = 0

    mutating func append(_ chunk: LogChunk) {
        if let behind, behind.attempt != chunk.attempt, let line = finish() { lines.append(line) }
        if let gap = chunk.gap {
            if let line = finish() { lines.append(line) }
            let text = "\(gap.count) bytes are missing here (\(gap.lowerBound) to \(gap.upperBound))"
            lines.append(LogLine(text.utf8, behind: LogPosition(attempt: chunk.attempt, offset: chunk.offset)))
        }
        var begin = chunk.bytes.startIndex
        while let end = chunk.bytes[begin...].firstIndex(of: UInt8(ascii: "\n")) {
            let position = LogPosition(attempt: chunk.attempt, offset: chunk.offset + end + 1)
            lines.append(LogLine(partial + chunk.bytes[begin..<end], behind: position))
            partial = []
            begin = end + 1
        }
        partial += chunk.bytes[begin...]
        behind = chunk.position
    }

    mutating func next() -> LogLine? {
        guard index < lines.count else {
            lines = []
            index = 0
            return nil
        }
        defer { index += 1 }
        return lines[index]
    }

    /// What lacks its line break.
    mutating func finish() -> LogLine? {
        guard !partial.isEmpty, let behind else { return nil }
        defer { partial = [] }
        return LogLine(partial, behind: behind)
    }
}
