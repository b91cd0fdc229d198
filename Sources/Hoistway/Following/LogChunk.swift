import HoistwayModel

/// A piece of a job's log.
public struct LogChunk: Sendable, Hashable {
    /// The attempt whose log it is of; each attempt has a log of its own.
    public var attempt: Int
    /// Offset of the first byte in the attempt's log.
    public var offset: Int
    public var bytes: [UInt8]
    /// What is missing in front of it because it is not kept, in offsets of the log.
    public var gap: Range<Int>?

    package init(attempt: Int, offset: Int, bytes: [UInt8] = [], gap: Range<Int>? = nil) {
        self.attempt = attempt
        self.offset = offset
        self.bytes = bytes
        self.gap = gap
    }

    /// Offset behind the last byte.
    public var end: Int { offset + bytes.count }

    /// Where to go on behind it, to be kept by whoever may have to begin again.
    public var position: LogPosition { LogPosition(attempt: attempt, offset: end) }

    package var isEmpty: Bool { bytes.isEmpty && gap == nil }
}

/// A place in the log of a job.
public struct LogPosition: Sendable, Hashable {
    /// The attempt, from 1.
    public var attempt: Int
    /// Offset in bytes in the log of the attempt.
    public var offset: Int

    public init(attempt: Int, offset: Int) {
        self.attempt = attempt
        self.offset = offset
    }
}

/// A line of a job's log.
public struct LogLine: Sendable, Hashable {
    public var attempt: Int
    /// When it was written; `nil` for a line that is no line of Hoistway's, such as the remark that something is missing.
    public var time: Timestamp?
    /// `INFO` for standard output, `WARN` for standard error, or what the recipe's event said.
    public var level: String?
    /// The line without time, level and line break.
    public var text: String
    /// Where to go on behind it.
    public var position: LogPosition

    package init(_ bytes: some Collection<UInt8>, behind position: LogPosition) {
        attempt = position.attempt
        self.position = position
        let line = String(decoding: bytes, as: UTF8.self)
        let parts = line.parts(by: " ", most: 2)
        if parts.count >= 2, let time = Timestamp(parsing: parts[0]) {
            self.time = time
            level = parts[1]
            text = parts.count == 3 ? parts[2] : ""
        } else {
            text = line
        }
    }
}
