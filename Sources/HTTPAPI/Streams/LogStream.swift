import Hoistway
import HoistwayModel
import HoistwayStore
import NIOCore

/// A job's log as events, one for each line, until the job has ended and its log is complete.
struct LogStream {
    private var follow: LogFollow
    private var partial: [UInt8] = []
    private var behind: LogPosition?

    init(_ follow: LogFollow) {
        self.follow = follow
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
                let data: JSON = [
                    "id": .string(job.id), "status": .string(job.status.rawValue),
                    "reason": .string(orNull: job.reason?.rawValue),
                ]
                ServerSentEvent.write(data.utf8, name: "end", id: behind.map(LogStream.id), into: &buffer)
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
            let data: JSON = ["from": .int(gap.lowerBound), "to": .int(gap.upperBound)]
            let place = LogPosition(attempt: chunk.attempt, offset: gap.upperBound)
            ServerSentEvent.write(data.utf8, name: "gap", id: LogStream.id(place), into: &buffer)
        }
        var begin = chunk.bytes.startIndex
        while let end = chunk.bytes[begin...].firstIndex(of: UInt8(ascii: "\n")) {
            let place = LogPosition(attempt: chunk.attempt, offset: chunk.offset + end + 1)
            let line = chunk.bytes[begin..<end]
            ServerSentEvent.write(partial.isEmpty ? line : partial + line, id: LogStream.id(place), into: &buffer)
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
        ServerSentEvent.write(partial, id: LogStream.id(behind), into: &buffer)
        partial = []
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
