import TestSupport
import Testing

/// The guide "Running Redis for Hoistway", as it is in the repository.
enum RedisArticle {
    /// The lines that define users.
    static func users(_ file: String = #filePath) throws -> [String] {
        let root = file.split(separator: "/").dropLast(4).map { "/\($0)" }.joined()
        let text = try #require(Site.text("\(root)/Sources/Hoistway/Hoistway.docc/Redis.md"))
        return text.split(separator: "\n").map(String.init).filter { $0.hasPrefix("user hoistway-") }
    }
}
