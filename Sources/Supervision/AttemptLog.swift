import Glibc
import HoistwayModel

/// The log of one attempt, read by logical offsets: they count the bytes of the text as if none were cut.
///
/// Works while the attempt runs, while its log is capped, and ever after.
package struct AttemptLog: Sendable {
    package struct Chunk: Sendable, Hashable {
        package var bytes: [UInt8]
        /// Where to read on.
        package var nextOffset: Int
        /// The bytes between the wanted offset and these are gone: the whole missing range.
        package var gap: Range<Int>?
    }

    package struct Tail: Sendable, Hashable {
        package var bytes: [UInt8]
        /// Logical offset of the first of them.
        package var offset: Int
    }

    private static let tries = 4

    let folder: String
    let path: String
    /// 0 when the log is not capped.
    let maxBytes: Int

    package init(folder: String, logPath: String, maxBytes: Int) {
        self.folder = folder
        path = logPath
        self.maxBytes = maxBytes
    }

    /// Logical size; 0 while there is no log.
    package var size: Int { layout().size }

    /// What is missing now; of a running attempt's log it grows.
    package var gap: Range<Int>? { layout().gap }

    /// Reads at most `limit` bytes from `offset` on; at the end of the log none.
    /// - Throws: `SupervisionError.infrastructure` when the log cannot be read.
    package func read(offset: Int, limit: Int) throws(SupervisionError) -> Chunk {
        // A piece of a capped log may be dropped between the look at the folder and the read.
        for _ in 0..<AttemptLog.tries {
            let layout = layout()
            if let chunk = read(offset: max(0, offset), limit: limit, layout: layout) { return chunk }
        }
        throw .infrastructure("\(path) cannot be read: \(Files.reason())")
    }

    /// The last `lines` lines, of which the newest may lack its end; fewer where the log is cut or `limit` bytes are full.
    /// - Throws: `SupervisionError.infrastructure` when the log cannot be read.
    package func tail(lines: Int, limit: Int = 1 << 20) throws(SupervisionError) -> Tail {
        let layout = layout()
        let first = max(layout.pieces.last?.contiguousStart ?? 0, layout.size - limit)
        var window = 64 << 10
        while true {
            let start = max(first, layout.size - window)
            let bytes = try readAll(from: start, to: layout.size)
            if let cut = AttemptLog.start(ofLast: lines, in: bytes) {
                return Tail(bytes: Array(bytes[cut...]), offset: start + cut)
            }
            if start == first {
                // Where `limit` cut into a line, begin behind it.
                let cut = start == layout.size - limit ? bytes.firstIndex(of: newline).map { $0 + 1 } ?? 0 : 0
                return Tail(bytes: Array(bytes[cut...]), offset: start + cut)
            }
            window *= 4
        }
    }

    /// Removes the log, and the pieces of a capped one.
    func remove() {
        for segment in segments() { unlink(segment.path) }
        unlink(path)
    }

    private func readAll(from start: Int, to end: Int) throws(SupervisionError) -> [UInt8] {
        var bytes: [UInt8] = []
        while start + bytes.count < end {
            let chunk = try read(offset: start + bytes.count, limit: end - start - bytes.count)
            if chunk.bytes.isEmpty || chunk.gap != nil { break }
            bytes += chunk.bytes
        }
        return bytes
    }

    private func read(offset: Int, limit: Int, layout: LogLayout) -> Chunk? {
        guard let index = layout.pieces.firstIndex(where: { $0.end > offset }) else {
            return Chunk(bytes: [], nextOffset: min(offset, layout.size), gap: nil)
        }
        let piece = layout.pieces[index]
        let start = max(offset, piece.start)
        let file = open(piece.path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        let count = min(limit, piece.end - start)
        guard let bytes = Files.read(file, at: piece.position + start - piece.start, count: count),
            !bytes.isEmpty || count == 0
        else { return nil }
        let gap = start > offset ? (index == 0 ? 0 : layout.pieces[index - 1].end)..<piece.start : nil
        return Chunk(bytes: bytes, nextOffset: start + bytes.count, gap: gap)
    }

    /// Where the last `lines` lines begin; `nil` when there are not so many whole lines.
    private static func start(ofLast lines: Int, in bytes: [UInt8]) -> Int? {
        guard lines > 0 else { return bytes.count }
        var left = lines
        for index in bytes.indices.dropLast().reversed() where bytes[index] == newline {
            left -= 1
            if left == 0 { return index + 1 }
        }
        return nil
    }
}
