import NIOCore

extension ByteBuffer {
    /// Appends a command as an array of bulk strings.
    package mutating func writeCommand(_ arguments: [RedisArgument]) {
        var size = 1 + Self.longestLength
        for argument in arguments {
            size += 1 + Self.longestLength + argument.capacity + 2
        }
        writeWithUnsafeMutableBytes(minimumWritableBytes: size) { target in
            var cursor = CommandCursor(target: target)
            cursor.writeLength(arguments.count, marker: UInt8(ascii: "*"))
            for argument in arguments {
                cursor.write(argument)
            }
            return cursor.position
        }
    }

    /// The 19 digits of the largest count and the end of its line.
    private static var longestLength: Int { 21 }
}

extension RedisArgument {
    /// An upper bound of the bytes the argument takes, without framing.
    fileprivate var capacity: Int {
        switch self {
        case .string(let string): string.utf8.count
        case .bytes(let bytes): bytes.count
        case .int: 20
        }
    }
}

/// Writes into memory that is known to be large enough.
private struct CommandCursor {
    let target: UnsafeMutableRawBufferPointer
    var position = 0

    mutating func write(_ argument: RedisArgument) {
        switch argument {
        case .string(var string):
            string.withUTF8 { writeBulk(UnsafeRawBufferPointer($0)) }
        case .bytes(let bytes):
            bytes.withUnsafeBytes { writeBulk($0) }
        case .int(let number):
            writeLength(Self.width(of: number), marker: UInt8(ascii: "$"))
            writeDecimal(number)
            writeLineEnd()
        }
    }

    mutating func writeLength(_ length: Int, marker: UInt8) {
        target[position] = marker
        position += 1
        writeDecimal(length)
        writeLineEnd()
    }

    private mutating func writeBulk(_ bytes: UnsafeRawBufferPointer) {
        writeLength(bytes.count, marker: UInt8(ascii: "$"))
        UnsafeMutableRawBufferPointer(rebasing: target[position...]).copyMemory(from: bytes)
        position += bytes.count
        writeLineEnd()
    }

    private mutating func writeDecimal(_ number: Int) {
        let width = Self.width(of: number)
        if number < 0 {
            target[position] = UInt8(ascii: "-")
        }
        var rest = number.magnitude
        var digit = position + width
        repeat {
            digit -= 1
            target[digit] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        } while rest > 0
        position += width
    }

    private mutating func writeLineEnd() {
        target[position] = UInt8(ascii: "\r")
        target[position + 1] = UInt8(ascii: "\n")
        position += 2
    }

    private static func width(of number: Int) -> Int {
        var width = number < 0 ? 2 : 1
        var rest = number.magnitude
        while rest >= 10 {
            rest /= 10
            width += 1
        }
        return width
    }
}
