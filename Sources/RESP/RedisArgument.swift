/// One argument of a command: a bulk string on the wire.
package enum RedisArgument: Sendable, Hashable {
    case string(String)
    case bytes([UInt8])
    case int(Int)

    package init(_ string: String) {
        self = .string(string)
    }

    package init(_ bytes: [UInt8]) {
        self = .bytes(bytes)
    }

    package init(_ number: some BinaryInteger) {
        self = Int(exactly: number).map { .int($0) } ?? .string(String(number))
    }
}

extension RedisArgument: ExpressibleByStringInterpolation {
    package init(stringLiteral value: String) {
        self = .string(value)
    }
}

extension RedisArgument: ExpressibleByIntegerLiteral {
    package init(integerLiteral value: Int) {
        self = .int(value)
    }
}
