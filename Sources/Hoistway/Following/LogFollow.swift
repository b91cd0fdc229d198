import HoistwayModel
import HoistwayStore
import RedisClient

/// Follows a job's log until the job has ended and its log is complete, across its attempts, a step at a time.
package struct LogFollow: Sendable {
    package enum Step: Sendable {
        /// The log of another attempt begins.
        case attempt(Int)
        case chunk(LogChunk)
        /// Where the job stands, after all that had been written when it was looked at.
        case job(Job)
        /// The job has ended and nothing more comes.
        case end(Job)
        /// Nothing happened for as long as was asked for.
        case beat
    }

    /// How often the log is looked at, in seconds.
    private static let logLook = 0.2
    /// How often the job is looked at though no event told of it.
    private static let jobLook = Duration.seconds(5)
    /// Within this time it is looked at as often as this.
    private static let firstLook = Duration.seconds(1)
    /// How long the last bytes of the log of an ended job may take.
    private static let completion = Duration.seconds(5)

    private let id: String
    private let store: Store
    private let client: RedisClient
    private let open: @Sendable (Job) -> any LogReading
    private var start: LogPosition?
    private var tail: Int?
    private var patience: Patience

    private let watching: @Sendable () async throws -> any ChangeWatching
    private let beat: Duration?
    private var lastStep = ContinuousClock.now
    private var watch: (any ChangeWatching)?
    private let began = ContinuousClock.now
    private var nextLook = ContinuousClock.now
    private var steps: [Step] = []
    /// The newest state of the job that was not told yet.
    private var news: Job?
    /// The job whose attempt's log comes after that which is read.
    private var successor: Job?
    private var reading: (source: any LogReading, attempt: Int, path: String)?
    private var offset = 0
    private var ended: (job: Job, deadline: ContinuousClock.Instant)?
    private var isOver = false

    /// - Parameters:
    ///   - start: where to begin; an attempt that is not the job's any more begins with the newest one.
    ///   - tail: begin with so many of the lines that are there.
    ///   - open: where the log of a job's attempt is read.
    ///   - watching: what tells of changes; `nil` for a connection of its own.
    ///   - beat: after so long without a step there is a step that says so.
    package init(
        _ id: String,
        _ store: Store,
        _ client: RedisClient,
        from start: LogPosition? = nil,
        tail: Int? = nil,
        patience: Patience,
        open: @escaping @Sendable (Job) -> any LogReading,
        watching: (@Sendable () async throws -> any ChangeWatching)? = nil,
        beat: Duration? = nil
    ) {
        self.id = id
        self.store = store
        self.client = client
        self.start = start
        self.tail = tail
        self.patience = patience
        self.open = open
        self.watching = watching ?? { try await JobWatch(store, client) }
        self.beat = beat
    }

    /// The next thing that happened; `nil` after the end.
    /// - Throws: `Refusal` when there is no such job (any more), and what reading the log throws.
    package mutating func next() async throws -> Step? {
        while true {
            if !steps.isEmpty {
                let step = steps.removeFirst()
                // Where the job stands is looked at all the time; who reads the log alone is told nothing by it.
                if case .job = step {} else { lastStep = ContinuousClock.now }
                return step
            }
            if isOver { return nil }
            do {
                try await advance()
                patience.recovered()
            } catch {
                watch = nil
                try await patience.absorb(error)
            }
        }
    }

    private mutating func advance() async throws {
        if watch == nil {
            watch = try await watching()
            nextLook = ContinuousClock.now
        }
        if ContinuousClock.now >= nextLook { try await look() }
        if let reading {
            let chunk = try await reading.source.read(from: offset)
            if !chunk.isEmpty {
                offset = chunk.end
                ended?.deadline = ContinuousClock.now + LogFollow.completion
                steps.append(.chunk(chunk))
                return
            }
        }
        if let job = successor {
            try await enter(job)
            return
        }
        if let job = news {
            news = nil
            steps.append(.job(job))
        }
        if let ended { return try await finish(ended.job, ended.deadline) }
        guard var watch else { return }
        let changes = try await watch.changes(of: [id], within: LogFollow.logLook)
        self.watch = watch
        if !changes.isEmpty { nextLook = ContinuousClock.now }
        if let beat, ContinuousClock.now - lastStep >= beat { steps.append(.beat) }
    }

    private mutating func look() async throws {
        guard let job = try await store.job(id) else { throw Refusal.noJob(id) }
        let now = ContinuousClock.now
        nextLook = now + (now - began < LogFollow.firstLook ? LogFollow.firstLook : LogFollow.jobLook)
        news = job
        if let path = job.logPath, path != reading?.path { successor = job }
        if job.status.isTerminal, ended == nil { ended = (job, ContinuousClock.now + LogFollow.completion) }
    }

    /// Turns to the log of another attempt.
    private mutating func enter(_ job: Job) async throws {
        successor = nil
        guard let path = job.logPath else { return }
        let source = open(job)
        var begin = 0
        if let start, start.attempt == job.attempt { begin = start.offset }
        if let tail { begin = try await source.begin(ofLast: tail) }
        start = nil
        tail = nil
        if reading != nil { steps.append(.attempt(job.attempt)) }
        offset = begin
        reading = (source, job.attempt, path)
    }

    /// Waits for the bytes that are still on their way, and says what does not come.
    private mutating func finish(_ job: Job, _ deadline: ContinuousClock.Instant) async throws {
        guard let reading, offset < job.logBytes else { return end(job) }
        if ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(50))
            return
        }
        steps.append(.chunk(LogChunk(attempt: reading.attempt, offset: job.logBytes, gap: offset..<job.logBytes)))
        end(job)
    }

    private mutating func end(_ job: Job) {
        steps.append(.end(job))
        isOver = true
    }
}
