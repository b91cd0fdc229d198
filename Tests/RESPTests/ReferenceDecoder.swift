import RESP

/// A decoder of complete input, as plain as can be, to compare the reader with.
struct ReferenceDecoder {
    private var rest: [UInt8].SubSequence

    static func decode(_ bytes: [UInt8]) -> [RESPValue] {
        var decoder = ReferenceDecoder(rest: bytes[...])
        var values: [RESPValue] = []
        while !decoder.rest.isEmpty {
            values.append(decoder.value())
        }
        return values
    }

    private mutating func value() -> RESPValue {
        let line = line()
        let text = String(decoding: line.dropFirst(), as: UTF8.self)
        let number = Int64(text) ?? 0
        switch line.first {
        case UInt8(ascii: "+"): return .status(text)
        case UInt8(ascii: "-"): return .error(text)
        case UInt8(ascii: ":"): return .integer(number)
        case UInt8(ascii: "$"):
            guard number >= 0 else { return .null }
            defer { rest = rest.dropFirst(Int(number) + 2) }
            return .string(Array(rest.prefix(Int(number))))
        default:
            guard number >= 0 else { return .null }
            return .array((0..<number).map { _ in value() })
        }
    }

    private mutating func line() -> [UInt8].SubSequence {
        let line = rest.prefix { $0 != UInt8(ascii: "\r") }
        rest = rest.dropFirst(line.count + 2)
        return line
    }
}
