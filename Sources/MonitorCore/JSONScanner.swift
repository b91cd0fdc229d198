/// Reads JSON in bytes, strictly (RFC 8259), without building values: what is wanted is found by its place.
package struct JSONScanner {
    /// One member of an object: its decoded key and where its value stands.
    package struct Member {
        package var key: Bytes
        package var value: Range<Int>
    }

    /// Deeper nesting is refused, so that a text cannot exhaust the stack.
    package static let deepest = 128

    package let text: Bytes
    private var position: Int
    private let end: Int

    package init(_ text: Bytes, in range: Range<Int>? = nil) {
        self.text = text
        position = range?.lowerBound ?? 0
        end = range?.upperBound ?? text.count
    }

    /// The members of an object that is the whole text; nil when it is not one valid object.
    package static func members(of text: Bytes, in range: Range<Int>? = nil) -> [Member]? {
        var scanner = JSONScanner(text, in: range)
        var members: [Member] = []
        guard scanner.object(depth: 0, { members.append($0) }), scanner.isAtEnd else { return nil }
        return members
    }

    /// Where the elements of an array stand; nil when the range is not one valid array.
    package static func elements(of text: Bytes, in range: Range<Int>) -> [Range<Int>]? {
        var scanner = JSONScanner(text, in: range)
        var elements: [Range<Int>] = []
        guard scanner.array(depth: 0, { elements.append($0) }), scanner.isAtEnd else { return nil }
        return elements
    }

    /// A string, decoded: escapes as UTF-8, half of a surrogate pair as U+FFFD, other bytes as they are.
    package static func string(_ text: Bytes, in range: Range<Int>) -> Bytes? {
        var scanner = JSONScanner(text, in: range)
        guard let result = scanner.string(), scanner.isAtEnd else { return nil }
        return result
    }

    /// A number without a fraction.
    package static func integer(_ text: Bytes, in range: Range<Int>) -> Int64? {
        Bytes(text[range]).decimal
    }

    /// Whether a value is null. It must be one that was found here.
    package static func isNull(_ text: Bytes, _ range: Range<Int>) -> Bool {
        text[range.lowerBound] == UInt8(ascii: "n")
    }

    /// Any number, with the precision it takes to compare it; nil when the value is none.
    package static func number(_ text: Bytes, in range: Range<Int>) -> Double? {
        guard let first = text[range].first, first == UInt8(ascii: "-") || (0x30...0x39).contains(first) else {
            return nil
        }
        var (value, shift, exponent) = (0.0, 0, 0)
        var (isFraction, isExponent, isNegative) = (false, false, false)
        for byte in text[range] {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                if isExponent {
                    exponent = min(exponent * 10 + Int(byte - 0x30), 1000)
                } else {
                    value = value * 10 + Double(byte - 0x30)
                    if isFraction { shift -= 1 }
                }
            case UInt8(ascii: "."): isFraction = true
            case UInt8(ascii: "e"), UInt8(ascii: "E"): isExponent = true
            case UInt8(ascii: "-") where isExponent: isNegative = true
            default: break
            }
        }
        guard value > 0 else { return 0 }
        shift += isNegative ? -exponent : exponent
        for _ in 0..<min(abs(shift), 2000) { value = shift < 0 ? value / 10 : value * 10 }
        return first == UInt8(ascii: "-") ? -value : value
    }

    private var isAtEnd: Bool {
        mutating get {
            skipSpace()
            return position == end
        }
    }

    private var byte: UInt8? { position < end ? text[position] : nil }

    private mutating func skipSpace() {
        while let byte, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    private mutating func skip(_ expected: UInt8) -> Bool {
        skipSpace()
        guard byte == expected else { return false }
        position += 1
        return true
    }

    private mutating func value(depth: Int) -> Bool {
        guard depth < Self.deepest else { return false }
        skipSpace()
        switch byte {
        case UInt8(ascii: "{"): return object(depth: depth) { _ in }
        case UInt8(ascii: "["): return array(depth: depth) { _ in }
        case UInt8(ascii: "\""): return string() != nil
        case UInt8(ascii: "t"): return literal("true")
        case UInt8(ascii: "f"): return literal("false")
        case UInt8(ascii: "n"): return literal("null")
        default: return number()
        }
    }

    private mutating func object(depth: Int, _ each: (Member) -> Void) -> Bool {
        guard skip(UInt8(ascii: "{")) else { return false }
        if skip(UInt8(ascii: "}")) { return true }
        repeat {
            skipSpace()
            guard let key = string(), skip(UInt8(ascii: ":")) else { return false }
            skipSpace()
            let start = position
            guard value(depth: depth + 1) else { return false }
            each(Member(key: key, value: start..<position))
        } while skip(UInt8(ascii: ","))
        return skip(UInt8(ascii: "}"))
    }

    private mutating func array(depth: Int, _ each: (Range<Int>) -> Void) -> Bool {
        guard skip(UInt8(ascii: "[")) else { return false }
        if skip(UInt8(ascii: "]")) { return true }
        repeat {
            skipSpace()
            let start = position
            guard value(depth: depth + 1) else { return false }
            each(start..<position)
        } while skip(UInt8(ascii: ","))
        return skip(UInt8(ascii: "]"))
    }

    private mutating func literal(_ word: StaticString) -> Bool {
        for index in 0..<word.utf8CodeUnitCount {
            guard byte == word.utf8Start[index] else { return false }
            position += 1
        }
        return true
    }

    private mutating func digits() -> Bool {
        let start = position
        while let byte, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") { position += 1 }
        return position > start
    }

    private mutating func number() -> Bool {
        if byte == UInt8(ascii: "-") { position += 1 }
        if byte == UInt8(ascii: "0") { position += 1 } else if !digits() { return false }
        if byte == UInt8(ascii: ".") {
            position += 1
            guard digits() else { return false }
        }
        if byte == UInt8(ascii: "e") || byte == UInt8(ascii: "E") {
            position += 1
            if byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") { position += 1 }
            guard digits() else { return false }
        }
        return true
    }

    private mutating func string() -> Bytes? {
        guard byte == UInt8(ascii: "\"") else { return nil }
        position += 1
        var result: Bytes = []
        while let byte {
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return result
            case UInt8(ascii: "\\"): guard escape(into: &result) else { return nil }
            case 0..<0x20: return nil
            default: result.append(byte)
            }
        }
        return nil
    }

    private mutating func escape(into result: inout Bytes) -> Bool {
        guard let byte else { return false }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): result.append(byte)
        case UInt8(ascii: "b"): result.append(0x08)
        case UInt8(ascii: "f"): result.append(0x0C)
        case UInt8(ascii: "n"): result.append(0x0A)
        case UInt8(ascii: "r"): result.append(0x0D)
        case UInt8(ascii: "t"): result.append(0x09)
        case UInt8(ascii: "u"):
            guard let unit = hexadecimal() else { return false }
            result.append(scalar: pairedScalar(unit))
        default: return false
        }
        return true
    }

    private mutating func hexadecimal() -> UInt32? {
        guard position + 4 <= end else { return nil }
        var value: UInt32 = 0
        for _ in 0..<4 {
            let digit: UInt8
            switch text[position] {
            case let byte where byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case let byte where byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "f"): digit = byte - 87
            case let byte where byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "F"): digit = byte - 55
            default: return nil
            }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }

    private mutating func pairedScalar(_ unit: UInt32) -> UInt32 {
        guard 0xD800...0xDFFF ~= unit else { return unit }
        let before = position
        if unit < 0xDC00, literal("\\u"), let low = hexadecimal(), 0xDC00...0xDFFF ~= low {
            return 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
        }
        position = before
        return 0xFFFD
    }
}

extension [UInt8] {
    fileprivate mutating func append(scalar: UInt32) {
        switch scalar {
        case 0..<0x80:
            append(UInt8(scalar))
        case 0x80..<0x800:
            append(UInt8(0xC0 | scalar >> 6))
            append(UInt8(0x80 | scalar & 0x3F))
        case 0x800..<0x10000:
            append(UInt8(0xE0 | scalar >> 12))
            append(UInt8(0x80 | scalar >> 6 & 0x3F))
            append(UInt8(0x80 | scalar & 0x3F))
        default:
            append(UInt8(0xF0 | scalar >> 18))
            append(UInt8(0x80 | scalar >> 12 & 0x3F))
            append(UInt8(0x80 | scalar >> 6 & 0x3F))
            append(UInt8(0x80 | scalar & 0x3F))
        }
    }
}
