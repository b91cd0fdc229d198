/// What takes the place of a secret.
package let placeholder = Bytes("[REDACTED]")

/// Takes redacted text, piece by piece.
package protocol TextSink: ~Copyable {
    mutating func text(_ bytes: UnsafeBufferPointer<UInt8>)
    mutating func redacted()
}

/// Removes secrets from a stream of bytes, however the reads split it.
///
/// Every byte that belongs to any occurrence of any needle is removed; occurrences that overlap become one
/// placeholder. Bytes that could be the begin of a needle are held back until what follows decides.
package struct Redactor: ~Copyable {
    /// Bytes read and not yet passed on. Readers append to it.
    package var buffer: ByteBuffer
    /// How many bytes at the front of the buffer belong to an occurrence whose placeholder was passed on already.
    private var covered = 0

    package init(capacity: Int) {
        buffer = ByteBuffer(capacity: capacity)
    }

    /// Passes on what can be decided.
    ///
    /// - Parameter isEnd: No bytes will follow; everything is passed on.
    package mutating func drain<Sink: TextSink & ~Copyable>(_ needles: Needles, isEnd: Bool, to sink: inout Sink) {
        let text = buffer.bytes
        var passed = 0
        var position = 0
        var keep = text.count
        search: while position < text.count {
            switch needles.search(text, from: position, isEnd: isEnd) {
            case .nothing:
                break search
            case .undecided(let start):
                keep = start
                break search
            case .found(let start, let end):
                if start >= covered {
                    pass(text, max(passed, covered), start, to: &sink)
                    sink.redacted()
                    passed = end
                }
                covered = max(covered, end)
                position = start + 1
            }
        }
        pass(text, max(passed, covered), keep, to: &sink)
        covered = max(0, covered - keep)
        buffer.removeFirst(keep)
    }

    private func pass<Sink: TextSink & ~Copyable>(
        _ text: UnsafeBufferPointer<UInt8>,
        _ start: Int,
        _ end: Int,
        to sink: inout Sink
    ) {
        guard start < end else { return }
        sink.text(UnsafeBufferPointer(rebasing: text[start..<end]))
    }
}

extension Needles {
    /// A whole text without its secrets.
    package func redact(_ text: Bytes) -> Bytes {
        guard !isEmpty, !text.isEmpty else { return text }
        var redactor = Redactor(capacity: text.count)
        redactor.buffer.append(text)
        var result = Collected()
        redactor.drain(self, isEnd: true, to: &result)
        return result.bytes
    }
}

private struct Collected: TextSink {
    var bytes: Bytes = []
    mutating func text(_ part: UnsafeBufferPointer<UInt8>) { bytes.append(contentsOf: part) }
    mutating func redacted() { bytes.append(contentsOf: placeholder) }
}
