import Hoistway
import HoistwayModel
import HoistwayStore
import Hummingbird
import NIOCore

/// A job's log as events, one for each line, until the job has ended and its log is complete.
struct LogStream {
    /// What a face's clients read in the events.
    struct Wording: Sendable {
        /// The name of a line's event; `nil` for plain messages.
        var name: String?
        /// What a line is sent as; `nil`: as it is in the log.
        var line: (@Sendable (_ line: ArraySlice<UInt8>, _ behind: LogPosition) -> [UInt8])?
        var end: @Sendable (Job) -> JSON

        /// Lines as they are in the log.
        static let plain = Wording { job in
            [
                "id": .string(job.id), "status": .string(job.status.rawValue),
                "reason": .string(orNull: job.reason?.rawValue),
            ]
        }
    }

    private var follow: LogFollow
    private let wording: Wording
    private var partial: [UInt8] = []
    private var behind: LogPosition?

    init(_ follow: LogFollow, _ wording: Wording) {
        self.follow = follow
        self.wording = wording
    }

    /// How much text is gathered before it is sent, in bytes.
    private static let sendSize = 64 << 10

    mutating func run(_ writer: inout StreamWriter) async throws {
        while let step = try await follow.next() {
            var buffer = ByteBuffer()
            switch step {
            case .beat: buffer.writeImmutableBuffer(ServerSentEvent.heartbeat)
            case .job: continue
            case .attempt(let number):
                flush(into: &buffer)
                buffer.writeImmutableBuffer(LogStream.attempt(number))
            case .chunk(let chunk): try await write(chunk, &buffer, &writer)
            case .end(let job):
                flush(into: &buffer)
                let data = wording.end(job).utf8
                ServerSentEvent.write(data, name: "end", id: behind.map(LogStream.id), into: &buffer)
            }
            try await writer.write(buffer)
        }
    }

    private mutating func write(
        _ chunk: LogChunk,
        _ buffer: inout ByteBuffer,
        _ writer: inout StreamWriter
    ) async throws {
        if let gap = chunk.gap {
            flush(into: &buffer)
            let place = LogPosition(attempt: chunk.attempt, offset: gap.upperBound)
            buffer.writeImmutableBuffer(
                LogStream.gap(from: gap.lowerBound, to: gap.upperBound, id: LogStream.id(place))
            )
        }
        var begin = chunk.bytes.startIndex
        while let end = chunk.bytes[begin...].firstIndex(of: UInt8(ascii: "\n")) {
            let place = LogPosition(attempt: chunk.attempt, offset: chunk.offset + end + 1)
            let line = chunk.bytes[begin..<end]
            tell(partial.isEmpty ? line : partial + line, behind: place, into: &buffer)
            partial = []
            begin = end + 1
            if buffer.readableBytes >= LogStream.sendSize {
                try await writer.write(buffer)
                buffer.clear()
            }
        }
        partial += chunk.bytes[begin...]
        behind = chunk.position
    }

    /// What lacks its line break.
    private mutating func flush(into buffer: inout ByteBuffer) {
        guard !partial.isEmpty, let behind else { return }
        tell(partial[...], behind: behind, into: &buffer)
        partial = []
    }

    private func tell(_ line: ArraySlice<UInt8>, behind place: LogPosition, into buffer: inout ByteBuffer) {
        let data = wording.line.map { $0(line, place)[...] } ?? line
        ServerSentEvent.write(data, name: wording.name, id: LogStream.id(place), into: &buffer)
    }

    /// Says that bytes are missing.
    static func gap(from start: Int, to end: Int?, id: String? = nil) -> ByteBuffer {
        var buffer = ByteBuffer()
        let data: JSON = ["from": .int(start), "to": end.map { .int($0) } ?? .null]
        ServerSentEvent.write(data.utf8, name: "gap", id: id, into: &buffer)
        return buffer
    }

    /// Says that what follows is of an attempt, which has a log of its own.
    static func attempt(_ number: Int) -> ByteBuffer {
        var buffer = ByteBuffer()
        ServerSentEvent.write(JSON.object(["attempt": .int(number)]).utf8, name: "attempt", into: &buffer)
        return buffer
    }

    /// The byte offset; for an attempt after the first one with its number, as each has a log of its own: `1234@2`.
    static func id(_ position: LogPosition) -> String {
        position.attempt == 1 ? "\(position.offset)" : "\(position.offset)@\(position.attempt)"
    }

    /// - Returns: `nil` for what is no such id.
    static func position(_ id: String) -> LogPosition? {
        let parts = id.split(separator: "@", omittingEmptySubsequences: false)
        guard let offset = Int(parts[0]), offset >= 0, parts.count <= 2 else { return nil }
        guard parts.count == 2 else { return LogPosition(attempt: 1, offset: offset) }
        return Int(parts[1]).map { LogPosition(attempt: $0, offset: offset) }
    }
}

extension Response {
    /// The log of a job as a stream, from where the client's `Last-Event-ID` says, or with so many last lines as its `tail`.
    /// - Throws: ``Problem`` for a place that is none, and when no process that runs has the log.
    static func log(
        of job: Job,
        _ services: Services,
        _ request: APIRequest,
        _ wording: LogStream.Wording = .plain
    ) async throws -> Response {
        try await services.logs.requireLog(of: job)
        var start: LogPosition?
        if let id = request.headers["last-event-id"], !id.isEmpty {
            guard let position = LogStream.position(id), position.attempt <= max(job.attempt, 1) else {
                throw Problem(.badRequest, code: "invalid_position", "Last-Event-ID is none that this stream sent")
            }
            start = position
        }
        let tail = try request.query.integer("tail", in: 0...1_000_000)
        let follow = services.logs.follow(
            job,
            from: start,
            tail: start == nil ? tail : nil,
            beat: ServerSentEvent.beat
        )
        let overtaken = start.flatMap { $0.attempt < job.attempt ? $0 : nil }
        return .stream(request) { writer in
            if let overtaken {
                // Nobody can tell any more how much of the earlier attempt's log came behind.
                try await writer.write(LogStream.gap(from: overtaken.offset, to: nil))
                try await writer.write(LogStream.attempt(job.attempt))
            }
            var stream = LogStream(follow, wording)
            try await stream.run(&writer)
        }
    }
}
