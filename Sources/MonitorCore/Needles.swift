/// The secrets to be found in text, and a search for all of them at once.
///
/// The search looks at the last three bytes of a window as long as the shortest needle and jumps by a table: in text
/// without secrets it looks at a fraction of the bytes (Wu and Manber, 1994).
package final class Needles {
    /// What stands at a position of a text of which more may follow.
    package enum Finding: Equatable {
        /// Nothing in the whole rest.
        case nothing
        /// The longest needle that begins at `start` ends before `end`.
        case found(start: Int, end: Int)
        /// A needle may begin at this position; only what follows the text can tell.
        case undecided(Int)
    }

    /// Shorter needles are ignored: they would be found everywhere.
    package static let shortest = 4

    private var needles: [Bytes] = []
    private var window = 0
    private var jumps: [UInt8] = []
    private var heads: [Int32] = []
    private var nexts: [Int32] = []
    package private(set) var longest = 0

    package init() {}

    package var isEmpty: Bool { needles.isEmpty }

    /// Adds secrets: each whole, and each of its lines.
    package func add(_ secrets: [Bytes]) {
        let before = needles.count
        for secret in secrets {
            insert(secret)
            let lines = secret.lines
            if lines.count > 1 { for line in lines { insert(line) } }
        }
        if needles.count > before { rebuild() }
    }

    private func insert(_ needle: Bytes) {
        guard needle.count >= Self.shortest, !needles.contains(needle) else { return }
        needles.append(needle)
    }

    @inline(__always)
    private static func block(_ text: UnsafePointer<UInt8>) -> Int {
        (Int(text[0]) << 8 ^ Int(text[1]) << 4 ^ Int(text[2])) & (blocks - 1)
    }
    private static let blocks = 1 << 14

    private func rebuild() {
        window = needles.reduce(255) { min($0, $1.count) }
        longest = needles.reduce(0) { max($0, $1.count) }
        jumps = [UInt8](repeating: UInt8(window - 2), count: Self.blocks)
        heads = [Int32](repeating: -1, count: Self.blocks)
        nexts = []
        for (number, needle) in needles.enumerated() {
            needle.withUnsafeBufferPointer { needle in
                guard let base = needle.baseAddress else { return }
                for index in 0..<(window - 2) {
                    let block = Self.block(base + index)
                    jumps[block] = min(jumps[block], UInt8(window - 3 - index))
                }
                nexts.append(heads[Self.block(base)])
                heads[Self.block(base)] = Int32(number)
            }
        }
    }

    /// Searches a text from a position on.
    ///
    /// - Parameter isEnd: Nothing follows the text, so that nothing is left undecided.
    package func search(_ text: UnsafeBufferPointer<UInt8>, from start: Int, isEnd: Bool) -> Finding {
        guard !needles.isEmpty, let base = text.baseAddress else { return .nothing }
        let count = text.count
        let window = window
        var position = start
        let stride = window - 2
        let farthest = UInt8(stride)
        return jumps.withUnsafeBufferPointer { jumps in
            while position + window <= count {
                // Four windows in one go, since none of these looks waits for the one before: that is most of the text.
                while position + window + 3 * stride <= count {
                    let last = base + position + window - 3
                    var common = jumps[Self.block(last)]
                    common &= jumps[Self.block(last + stride)]
                    common &= jumps[Self.block(last + 2 * stride)]
                    common &= jumps[Self.block(last + 3 * stride)]
                    guard common == farthest else { break }
                    position += 4 * stride
                }
                guard position + window <= count else { break }
                let jump = jumps[Self.block(base + position + window - 3)]
                if jump > 0 {
                    position += Int(jump)
                    continue
                }
                if let finding = compare(base, count, at: position, isEnd: isEnd) { return finding }
                position += 1
            }
            guard !isEnd else { return .nothing }
            while position < count {
                if mayBegin(base, count, at: position) { return .undecided(position) }
                position += 1
            }
            return .nothing
        }
    }

    private func compare(_ base: UnsafePointer<UInt8>, _ count: Int, at position: Int, isEnd: Bool) -> Finding? {
        var longest = 0
        var number = heads[Self.block(base + position)]
        var undecided = false
        while number >= 0 {
            let needle = needles[Int(number)]
            let compared = min(needle.count, count - position)
            if needle.count > longest, matches(needle, base + position, compared) {
                if compared == needle.count { longest = compared } else { undecided = true }
            }
            number = nexts[Int(number)]
        }
        if undecided, !isEnd { return .undecided(position) }
        return longest > 0 ? .found(start: position, end: position + longest) : nil
    }

    private func mayBegin(_ base: UnsafePointer<UInt8>, _ count: Int, at position: Int) -> Bool {
        let rest = count - position
        return needles.contains { $0.count > rest && matches($0, base + position, rest) }
    }

    @inline(__always)
    private func matches(_ needle: Bytes, _ text: UnsafePointer<UInt8>, _ length: Int) -> Bool {
        needle.withUnsafeBufferPointer { needle in
            for index in 0..<length where needle[index] != text[index] { return false }
            return true
        }
    }
}
