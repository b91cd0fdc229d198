/// Takes apart what comes from the server's standard output: frames of the supervisor, events of the recipe, and text.
struct FarStream {
    enum Item: Equatable {
        /// What the supervisor says, such as `tick 4711`.
        case frame(String)
        /// A line of the recipe that carries an event, without its prefix.
        case event([UInt8])
        case text([UInt8])
    }

    private let opening: [UInt8]
    private let prefix: [UInt8]
    /// What may be the beginning of a frame.
    private var unread: [UInt8] = []
    /// The line at hand while it may be, or is, an event.
    private var line: [UInt8] = []
    private var isEvent = false
    /// The line at hand is text, and what of it has come was passed on.
    private var isText = false
    private var items: [Item] = []

    private static let longestFrame = 4096
    /// Longer lines are text.
    private static let longestEvent = 1 << 20

    init(mark: String, nonce: String) {
        opening = [0x1E] + Array(mark.utf8) + [UInt8(ascii: " ")]
        prefix = Array("::hoistway:\(nonce)::".utf8)
    }

    /// Takes bytes and answers what is complete.
    mutating func add(_ bytes: some Sequence<UInt8>) -> [Item] {
        unread += bytes
        var position = 0
        while position < unread.count {
            let next = unread[position...].firstIndex(of: 0x1E) ?? unread.count
            take(unread[position..<next])
            position = next
            guard next < unread.count else { break }
            let length = zip(unread[next...], opening).prefix { $0 == $1 }.count
            if length == opening.count {
                let begin = next + length
                if let end = unread[begin...].firstIndex(of: UInt8(ascii: "\n")) {
                    items.append(.frame(String(decoding: unread[begin..<end], as: UTF8.self)))
                    position = end + 1
                    continue
                }
                if unread.count - begin < FarStream.longestFrame { break }
            } else if next + length == unread.count {
                break
            }
            take(unread[next...next])
            position = next + 1
        }
        unread.removeFirst(position)
        defer { items = [] }
        return items
    }

    /// Answers what is left at the end.
    mutating func finish() -> [Item] {
        take(unread[...])
        unread = []
        if isEvent {
            items.append(.event(Array(line.dropFirst(prefix.count))))
        } else if !line.isEmpty {
            items.append(.text(line))
        }
        (line, isEvent, isText) = ([], false, false)
        defer { items = [] }
        return items
    }

    private mutating func take(_ bytes: ArraySlice<UInt8>) {
        var rest = bytes
        while !rest.isEmpty {
            let end = rest.firstIndex(of: UInt8(ascii: "\n"))
            let part = end.map { rest[...$0] } ?? rest
            rest = rest[part.endIndex...]
            add(part, isEnd: end != nil)
        }
    }

    /// Takes a part of a line, with its line feed where `isEnd`.
    private mutating func add(_ part: ArraySlice<UInt8>, isEnd: Bool) {
        if isText {
            emit(part)
        } else {
            line += part
            decide(isEnd: isEnd)
        }
        if isEnd { (line, isEvent, isText) = ([], false, false) }
    }

    private mutating func decide(isEnd: Bool) {
        if !isEvent {
            isEvent = line.starts(with: prefix)
            if !isEvent, isEnd || !prefix.starts(with: line) { return pass() }
        }
        guard isEvent else { return }
        if isEnd {
            items.append(.event(Array(line.dropFirst(prefix.count).dropLast())))
        } else if line.count > FarStream.longestEvent {
            pass()
        }
    }

    private mutating func pass() {
        emit(line[...])
        (line, isEvent, isText) = ([], false, true)
    }

    private mutating func emit(_ bytes: ArraySlice<UInt8>) {
        guard !bytes.isEmpty else { return }
        if case .text(let text)? = items.last {
            items[items.count - 1] = .text(text + bytes)
        } else {
            items.append(.text(Array(bytes)))
        }
    }
}
