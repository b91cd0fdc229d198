import HoistwayModel
import HoistwayStore

/// A token that was just made: the only moment at which it is known.
package struct NewToken: Sendable {
    /// 64 characters, of which the first 12 are its id.
    package let text: String
    package let stored: StoredToken

    static let length = 64
    static let idLength = 12

    /// Makes a token of the system's randomness: 52 secret characters of 5 bits.
    package init(scopes: [AccessScope], name: String = "") {
        let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)
        var generator = SystemRandomNumberGenerator()
        let bytes = (0..<NewToken.length).map { _ in alphabet[Int(generator.next() & 31)] }
        text = String(decoding: bytes, as: UTF8.self)
        stored = StoredToken(
            id: String(text.prefix(NewToken.idLength)),
            digest: NewToken.digest(text),
            scopes: AccessScope.allCases.filter(scopes.contains).map(\.rawValue),
            name: name
        )
    }

    /// SHA-256 in hexadecimal digits. A token has 260 random bits: nothing slower is needed.
    static func digest(_ text: String) -> String {
        let digits = Array("0123456789abcdef".utf8)
        let bytes = SHA256.digest(text.utf8).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Whether two digests are the same, in a time that does not depend on where they differ.
    static func isSame(_ left: String, _ right: String) -> Bool {
        let (left, right) = (Array(left.utf8), Array(right.utf8))
        guard left.count == right.count else { return false }
        return zip(left, right).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
