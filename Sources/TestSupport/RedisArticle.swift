/// The guide "Running Redis for Hoistway".
package enum RedisArticle {
    /// Its lines that define users.
    package static func users() throws -> [String] {
        let text = try Repository.text("Sources/Hoistway/Hoistway.docc/Redis.md")
        return text.split(separator: "\n").map(String.init).filter { $0.hasPrefix("user hoistway-") }
    }
}
