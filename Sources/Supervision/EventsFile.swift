import Glibc
import HoistwayModel

import struct MonitorCore.EventLine

/// Files that a monitor left with JSON in each line.
enum LinesFile {
    /// Whole lines between two offsets; up to the end without `end`.
    static func read(_ path: String, from offset: Int, to end: Int?) -> (lines: [[UInt8]], endOffset: Int) {
        guard let size = end ?? Files.size(path), size > offset else { return ([], offset) }
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard file >= 0 else { return ([], offset) }
        defer { close(file) }
        guard let bytes = Files.read(file, at: offset, count: size - offset),
            let last = bytes.lastIndex(of: newline)
        else { return ([], offset) }
        return (bytes[..<last].split(separator: newline).map { Array($0) }, offset + last + 1)
    }
}

/// The event lines that a monitor left, judged by its own rule: it may have been an older one.
enum EventsFile {
    /// The events between two offsets; up to the end without `end`.
    static func read(_ path: String, from offset: Int, to end: Int?) -> (lines: [JSON], endOffset: Int) {
        let (lines, endOffset) = LinesFile.read(path, from: offset, to: end)
        return (lines.compactMap { EventLine($0) == nil ? nil : try? JSON(parsing: $0) }, endOffset)
    }
}
