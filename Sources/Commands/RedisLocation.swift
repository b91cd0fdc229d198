import HoistwayStore
import RedisClient

/// Finds the Redis that a command is for.
enum RedisLocation {
    static let standard = RedisURL(.tcp(host: "127.0.0.1", port: 6379))

    /// `--redis`, then `HOISTWAY_REDIS` and the configuration, then a running `up` of this user, then the usual port.
    static func resolve(
        _ option: String?,
        _ configuration: Configuration,
        console: Console
    ) async throws -> RedisURL {
        if let text = option ?? configuration.redis { return try RedisURL(text) }
        if let data = try? DataLocation.path(nil, configuration, console: console),
            let url = RedisURLFile.read(in: data), await answers(url)
        {
            return url
        }
        return standard
    }

    /// A client that tells its errors only to who calls.
    /// - Parameter prefix: of the keys that it is for; nil where it is for none.
    static func client(_ url: RedisURL, prefix: String? = nil, commandTimeout: Duration = .seconds(5)) -> RedisClient {
        RedisClient(
            url: url,
            name: "hoistway-cli",
            scripts: [],
            keys: prefix.map { Keys(prefix: $0).together } ?? [],
            commandTimeout: commandTimeout,
            logger: .silent
        )
    }

    /// Whether a Redis is there and lets us in, also when it is still loading its data.
    static func answers(_ url: RedisURL) async -> Bool {
        let client = client(url, commandTimeout: .seconds(2))
        defer { Task { await client.close() } }
        do throws(RedisError) {
            try await client.connect()
            try await client.ping()
            return true
        } catch {
            return error.serverCode == "LOADING"
        }
    }
}

/// The file in which `up` leaves the URL of its Redis, with the password.
enum RedisURLFile {
    static func path(in data: String) -> String { "\(data)/redis.url" }

    static func read(in data: String) -> RedisURL? {
        guard let bytes = try? SystemFile.read(path(in: data)) else { return nil }
        let text = String(decoding: bytes.prefix { $0 > 0x20 }, as: UTF8.self)
        return try? RedisURL(text)
    }

    /// The URL of a Redis on this host that wants a password.
    static func text(port: Int, password: String) -> String { "redis://default:\(password)@127.0.0.1:\(port)/0" }
}
