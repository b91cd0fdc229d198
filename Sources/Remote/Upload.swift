import Glibc
import HoistwayModel

/// What is written to the server: lines at once, files piece by piece as there is room.
struct Upload {
    private enum Part {
        case bytes([UInt8])
        case file(path: String, name: String, size: Int)
    }

    private var parts: [Part] = []
    private var next = 0
    private var file: (descriptor: Int32, left: Int)?
    /// What is to be written now.
    private(set) var waiting: [UInt8] = []

    /// Small enough that an echo between two pieces is not late.
    private static let piece = 128 << 10

    var isEmpty: Bool { waiting.isEmpty && next == parts.count }

    /// A line, and bytes that belong to it.
    mutating func add(_ line: String, _ bytes: [UInt8] = []) { parts.append(.bytes(Array("\(line)\n".utf8) + bytes)) }

    /// A whole file with this content.
    mutating func add(file name: String, _ content: [UInt8], mode: String = "0600") {
        add("file 0 \(name)")
        if !content.isEmpty { add("bytes \(content.count) \(name)", content) }
        add("mode \(mode) \(name)")
    }

    mutating func add(_ entry: RecipeFiles.Entry) {
        let mode = String(entry.mode, radix: 8)
        if entry.isFolder { return add("folder \(mode) \(entry.name)") }
        add("file 0 \(entry.name)")
        parts.append(.file(path: entry.path, name: entry.name, size: entry.size))
        add("mode \(mode) \(entry.name)")
    }

    mutating func add(cleanup words: [String]) {
        let text = Array((words.map(Shell.quoted).joined(separator: " ") + "\n").utf8)
        add("cleanup \(text.count)", text)
    }

    /// Goes before everything that is not being written yet.
    mutating func addFirst(_ line: String) { waiting += Array("\(line)\n".utf8) }

    /// Makes the next piece ready, when the last one is written.
    /// - Throws: `RemoteFailure` when a file cannot be read as it was listed.
    mutating func fill() throws(RemoteFailure) {
        while waiting.isEmpty, next < parts.count {
            switch parts[next] {
            case .bytes(let bytes):
                waiting += bytes
                advance()
            case .file(let path, let name, let size): try fill(from: path, name, size)
            }
        }
    }

    private mutating func fill(from path: String, _ name: String, _ size: Int) throws(RemoteFailure) {
        var (descriptor, left) = file ?? (open(path, O_RDONLY | O_CLOEXEC), size)
        let count = min(left, Upload.piece)
        guard descriptor >= 0 else {
            throw RemoteFailure("\(path): \(String(cString: strerror(errno)))", isRepeatable: false)
        }
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let got = bytes[done...].withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
            guard got > 0 else { break }
            done += got
        }
        left -= count
        if left == 0 || done < count {
            close(descriptor)
            file = nil
            advance()
        } else {
            file = (descriptor, left)
        }
        guard done == count else { throw RemoteFailure("\(path) changed while it was sent", isRepeatable: true) }
        if count > 0 { waiting += Array("bytes \(count) \(name)\n".utf8) + bytes }
    }

    private mutating func advance() {
        parts[next] = .bytes([])
        next += 1
        if next == parts.count { (parts, next) = ([], 0) }
    }

    mutating func wrote(_ count: Int) { waiting.removeFirst(count) }
}

/// Text for the server's shell.
enum Shell {
    static func quoted(_ text: String) -> String {
        "'" + text.parts(by: "'").joined(separator: "'\"'\"'") + "'"
    }
}
