/// A Lua script that runs inside Redis.
package struct RedisScript: Sendable, Hashable {
    package let name: String
    package let source: String
    /// The SHA-1 of the source as 40 lowercase hexadecimal digits.
    package let sha1: String
    package let keyCount: Int

    package init(name: String, source: String, sha1: String, keyCount: Int) {
        self.name = name
        self.source = source
        self.sha1 = sha1
        self.keyCount = keyCount
    }

    package static func == (one: RedisScript, other: RedisScript) -> Bool {
        one.sha1 == other.sha1
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(sha1)
    }
}
