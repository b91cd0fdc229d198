/// U+FFFD, which stands for what is no text.
private let replacement: [UInt8] = [0xEF, 0xBF, 0xBD]

/// Whether a text is printable ASCII, tabs, line feeds and escapes only, so that it may be copied as it is.
@inline(__always)
package func isPlain(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    guard let base = text.baseAddress else { return true }
    var odd: UInt8 = 0
    for index in 0..<text.count {
        let byte = base[index]
        // Signed, everything from 0x80 on is below the space as well.
        let strange: UInt8 = Int8(bitPattern: byte) < 0x20 || byte == 0x7F ? 1 : 0
        let known: UInt8 = byte == 0x0A || byte == 0x09 || byte == 0x1B ? 1 : 0
        odd |= strange & ~known
    }
    return odd == 0
}

/// Length of the well-formed UTF-8 sequence at a position, or minus the length of the ill-formed bytes to replace by
/// one U+FFFD: the longest begin of a well-formed sequence, else one byte (Unicode, chapter 3.9, as everybody does it).
package func sequenceLength(_ text: UnsafeBufferPointer<UInt8>, at position: Int) -> Int {
    let first = text[position]
    if first < 0x80 { return 1 }
    let length: Int
    var low: UInt8 = 0x80
    var high: UInt8 = 0xBF
    switch first {
    case 0xC2...0xDF: length = 2
    case 0xE0: (length, low) = (3, 0xA0)
    case 0xED: (length, high) = (3, 0x9F)
    case 0xE1...0xEF: length = 3
    case 0xF0: (length, low) = (4, 0x90)
    case 0xF4: (length, high) = (4, 0x8F)
    case 0xF1...0xF3: length = 4
    default: return -1
    }
    for offset in 1..<length {
        guard position + offset < text.count, text[position + offset] >= low, text[position + offset] <= high else {
            return -offset
        }
        (low, high) = (0x80, 0xBF)
    }
    return length
}

extension ByteBuffer {
    /// Appends a text with every byte that is no UTF-8, and every control character but tab and escape, replaced.
    package mutating func append(repaired text: UnsafeBufferPointer<UInt8>) {
        var position = 0
        while position < text.count {
            let byte = text[position]
            let length = sequenceLength(text, at: position)
            if length < 0 || byte == 0x7F || byte < 0x20 && byte != 0x09 && byte != 0x1B {
                append(replacement)
            } else if let base = text.baseAddress {
                append(base + position, length)
            }
            position += abs(length)
        }
    }
}

extension [UInt8] {
    /// These bytes with what is no UTF-8 replaced.
    package var repaired: [UInt8] {
        withUnsafeBufferPointer { text in
            var result: [UInt8] = []
            result.reserveCapacity(text.count)
            var position = 0
            while position < text.count {
                let length = sequenceLength(text, at: position)
                if length < 0 {
                    result.append(contentsOf: replacement)
                } else {
                    result.append(contentsOf: text[position..<(position + length)])
                }
                position += Swift.abs(length)
            }
            return result
        }
    }
}
