/// A reply of Redis in version 2 of its protocol.
package enum RESPValue: Sendable, Equatable {
    /// A bulk string: any bytes.
    case string([UInt8])
    /// A simple string such as `OK`.
    case status(String)
    /// An error; on its own or as an element of an array. The first word is its code.
    case error(String)
    case integer(Int64)
    case array([RESPValue])
    /// The null bulk string or the null array.
    case null
}

extension RESPValue {
    /// The text of a bulk or simple string (bytes that are no UTF-8 are replaced) or the digits of an integer.
    package var string: String? {
        switch self {
        case .string(let bytes): String(decoding: bytes, as: UTF8.self)
        case .status(let text): text
        case .integer(let number): String(number)
        case .error, .array, .null: nil
        }
    }

    /// The bytes of a bulk or simple string.
    package var bytes: [UInt8]? {
        switch self {
        case .string(let bytes): bytes
        case .status(let text): Array(text.utf8)
        case .error, .integer, .array, .null: nil
        }
    }

    /// An integer, or a string that is the decimal form of one.
    package var int: Int? {
        switch self {
        case .integer(let number): Int(number)
        case .string, .status: string.flatMap { Int($0) }
        case .error, .array, .null: nil
        }
    }

    package var array: [RESPValue]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    /// The message of an error.
    package var error: String? {
        if case .error(let message) = self { message } else { nil }
    }

    package var isNull: Bool {
        self == .null
    }
}
