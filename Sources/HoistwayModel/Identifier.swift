/// The rules for names and ids, and new ids.
public enum Identifier {
    /// A job id: `^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$`.
    public static func isJobID(_ text: String) -> Bool { matches(text, maximum: 128) }

    /// A type, node, server or worker id: `^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$`.
    public static func isName(_ text: String) -> Bool { matches(text, maximum: 64) }

    /// The name of an environment variable: `^[A-Za-z_][A-Za-z0-9_]*$`, at most 256 bytes.
    public static func isVariable(_ text: String) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= 256, !isDigit(first) else { return false }
        return text.utf8.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "_") }
    }

    private static func matches(_ text: String, maximum: Int) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= maximum, isAlphanumeric(first) else { return false }
        return text.utf8.allSatisfy { byte in
            isAlphanumeric(byte) || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        isDigit(byte) || (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A)
    }

    /// A new ULID: 48 bits of milliseconds and 80 random bits in Crockford's base 32 (github.com/ulid/spec).
    public static func ulid(at time: Timestamp = .now()) -> String {
        let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)
        var generator = SystemRandomNumberGenerator()
        var high = UInt64(bitPattern: time.milliseconds) << 16 | UInt64(UInt16.random(in: .min ... .max, using: &generator))
        var low = UInt64.random(in: .min ... .max, using: &generator)
        return String(unsafeUninitializedCapacity: 26) { buffer in
            for index in stride(from: 25, through: 0, by: -1) {
                buffer[index] = alphabet[Int(low & 31)]
                low = low >> 5 | (high & 31) << 59
                high >>= 5
            }
            return 26
        }
    }
}
