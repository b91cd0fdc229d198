@testable import MonitorCore

/// Random numbers that are the same in every run of a test.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state &* 0x2545_F491_4F6C_DD1D
    }
}

extension [UInt8] {
    init(text: String) { self = Array(text.utf8) }

    var text: String { String(decoding: self, as: UTF8.self) }

    /// These bytes in pieces of random length.
    func pieces(_ generator: inout SeededGenerator, longest: Int) -> [[UInt8]] {
        var result: [[UInt8]] = []
        var position = 0
        while position < count {
            let length = Swift.min(Int.random(in: 1...longest, using: &generator), count - position)
            result.append(Array(self[position..<(position + length)]))
            position += length
        }
        return result
    }
}

/// A sink that collects.
struct Collector: TextSink {
    var bytes: Bytes = []
    mutating func text(_ part: UnsafeBufferPointer<UInt8>) { bytes.append(contentsOf: part) }
    mutating func redacted() { bytes.append(contentsOf: placeholder) }
}
