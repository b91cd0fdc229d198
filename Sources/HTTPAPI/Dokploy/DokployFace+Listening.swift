import Hoistway
import HoistwayModel
import Hummingbird

extension DokployFace {
    /// The code with which the product refuses a path of a log.
    private static let refused: UInt16 = 4000

    /// The text of a log while it grows, through a WebSocket that is closed when the deployment ends: from the attempt on
    /// that the path is of. The log is that of a known deployment, whatever the path says: no file is opened by its name.
    func listen(_ request: APIRequest) async throws -> Response {
        let handshake = try await WebSocketHandshake(request)
        let path = request.query["logPath"] ?? ""
        guard let (job, attempt) = try await services.jobs.job(withLogAt: path) else {
            return try await handshake.accept { socket in
                try await socket.close(DokployFace.refused, "logPath is the path of no deployment's log")
            }
        }
        try await services.logs.requireLog(of: job)
        let follow = services.logs.follow(job, beat: ServerSentEvent.beat)
        return try await handshake.accept { socket in
            var follow = follow
            var text = TextPieces()
            for number in attempt..<max(attempt, job.attempt) {
                guard let log = services.logs.earlierLog(of: job, attempt: number) else { continue }
                var offset = 0
                while case let chunk = try await log.read(from: offset), !chunk.isEmpty {
                    try await socket.send(text.next(chunk))
                    offset = chunk.end
                }
                try await socket.send(text.rest())
            }
            while let step = try await follow.next() {
                switch step {
                case .beat: try await socket.ping()
                case .job: continue
                case .attempt: try await socket.send(text.rest())
                case .chunk(let chunk): try await socket.send(text.next(chunk))
                case .end: try await socket.send(text.rest())
                }
            }
        }
    }
}

/// Makes whole text of bytes that are cut anywhere: a text frame holds no half character.
struct TextPieces {
    private var partial: [UInt8] = []

    /// The text up to the last whole character; what is missing is said in its place.
    mutating func next(_ chunk: LogChunk) -> [UInt8] {
        var bytes = partial + chunk.bytes
        if let gap = chunk.gap {
            bytes = rest() + TextPieces.note(of: gap) + chunk.bytes
        }
        let whole = TextPieces.wholeLength(of: bytes)
        partial = Array(bytes[whole...])
        return Array(bytes[..<whole])
    }

    /// A line that says what is missing in its place.
    static func note(of gap: Range<Int>) -> [UInt8] { Array("[\(gap.count) bytes are missing here]\n".utf8) }

    /// What is left, with a mark in place of a half character.
    mutating func rest() -> [UInt8] {
        defer { partial = [] }
        return Array(String(decoding: partial, as: UTF8.self).utf8)
    }

    /// How many bytes there are without a character at the end whose bytes have not all come.
    private static func wholeLength(of bytes: [UInt8]) -> Int {
        for back in 1...3 where back <= bytes.count {
            let byte = bytes[bytes.count - back]
            if byte & 0xC0 == 0x80 { continue }
            let length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1
            return length > back ? bytes.count - back : bytes.count
        }
        return bytes.count
    }
}
