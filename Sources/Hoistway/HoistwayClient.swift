import HoistwayModel
import HoistwayStore
import Logging
import RedisClient

/// A producer's connection to Hoistway: enqueues jobs, asks for them, waits for them, follows their logs and ends them.
///
/// One client serves any number of tasks at once over one connection, which is made anew when it breaks. Waiting and following
/// take a connection each while they last. What takes effect once however often it is sent is repeated through an outage of
/// Redis as long as the client's patience lasts.
///
/// Close it in the end, or let ``withHoistway(_:prefix:patience:isolation:_:)`` do so.
public final class HoistwayClient: Sendable {
    let redis: RedisClient
    let store: Store
    let patience: Duration

    private init(_ redis: RedisClient, _ store: Store, patience: Duration) {
        self.redis = redis
        self.store = store
        self.patience = patience
    }

    /// Connects to the Redis behind Hoistway.
    /// - Parameters:
    ///   - url: `redis://user:password@host:port/db`, `rediss://…`, `unix:///path` or `redis+sentinel://…` (<doc:Redis>).
    ///   - prefix: the key prefix of the workers' configuration.
    ///   - patience: how long an outage of Redis is borne before an operation throws `unreachable`.
    /// - Throws: ``HoistwayError``: `invalid` for a URL that is none, `unreachable`, `redis` when Redis does not let us in,
    ///   `newerSchema`.
    public static func connect(
        to url: String = "redis://127.0.0.1:6379",
        prefix: String = "hoistway",
        patience: Duration = .seconds(10)
    ) async throws(HoistwayError) -> HoistwayClient {
        guard !prefix.isEmpty else { throw HoistwayError(.invalid, "the prefix must not be empty") }
        return try await translating {
            let silent = Logger(label: "hoistway") { _ in SwiftLogNoOpLogHandler() }
            let redis = RedisClient(
                url: try RedisURL(url),
                name: "hoistway-producer",
                scripts: [],
                keys: Keys(prefix: prefix).together,
                logger: silent
            )
            let store = Store(redis: redis, prefix: prefix)
            do {
                try await redis.connect()
                _ = try await store.register(types: [])
            } catch {
                await redis.close()
                throw error
            }
            return HoistwayClient(redis, store, patience: patience)
        }
    }

    /// Ends the connection; what still waits for an answer throws.
    public func close() async { await redis.close() }

    /// Repeats, through an outage, what takes effect once.
    func insisting<Value>(
        isolation: isolated (any Actor)? = #isolation,
        _ operation: () async throws -> Value
    ) async throws(HoistwayError) -> Value {
        do {
            return try await Patience.insist(patience, operation)
        } catch {
            throw HoistwayError(error)
        }
    }
}

/// Connects, does the work, and closes the connection.
/// - Parameters:
///   - url: `redis://user:password@host:port/db` or `unix:///path`.
///   - prefix: the key prefix of the workers' configuration.
///   - patience: how long an outage of Redis is borne before an operation throws `unreachable`.
/// - Throws: ``HoistwayError`` as ``HoistwayClient/connect(to:prefix:patience:)`` does, and what the body throws.
public func withHoistway<Result>(
    _ url: String = "redis://127.0.0.1:6379",
    prefix: String = "hoistway",
    patience: Duration = .seconds(10),
    isolation: isolated (any Actor)? = #isolation,
    _ body: (HoistwayClient) async throws -> Result
) async throws -> Result {
    let client = try await HoistwayClient.connect(to: url, prefix: prefix, patience: patience)
    do {
        let result = try await body(client)
        await client.close()
        return result
    } catch {
        await client.close()
        throw error
    }
}
