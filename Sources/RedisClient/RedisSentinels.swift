import NIOCore
import RESP

extension RedisConnector {
    /// How long a sentinel may take: there are others.
    private var sentinelTimeout: Duration { min(timeout, .seconds(1)) }

    /// Asks one sentinel after the other who the master is, and goes there if that one says so too. A sentinel that was cut
    /// off names a master that is none any more.
    func openMaster(_ options: Options) async throws(RedisError) -> RedisConnection {
        guard let sentinels = url.sentinels else { throw RedisError(.invalidURL, "the Redis URL names no sentinels") }
        var tried: Set<RedisURL.Address> = []
        // What a sentinel that answers leads to says more than that another one is down.
        var (silence, failure) = (RedisError?.none, RedisError?.none)
        for sentinel in route.sentinels(sentinels.addresses) {
            let named: RedisURL.Address?
            do throws(RedisError) {
                named = try await master(sentinels, from: sentinel)
            } catch {
                guard error.isConnectionLoss else { throw error }
                silence = silence ?? error
                continue
            }
            guard let master = named else {
                let reason = "the sentinel \(sentinel) knows no master \"\(sentinels.master)\""
                failure = failure ?? RedisError(.unreachable, reason)
                continue
            }
            guard tried.insert(master).inserted else { continue }
            do throws(RedisError) {
                let (connection, handshake) = try await greet(master, options)
                if handshake.isMaster == true {
                    route.answered(sentinel)
                    return connection
                }
                connection.close()
                throw RedisError(.unreachable, "\(master), which the sentinel \(sentinel) names, is not the master")
            } catch {
                guard error.isConnectionLoss else { throw error }
                failure = failure ?? error
            }
        }
        throw failure ?? silence ?? RedisError(.unreachable, "there is no master")
    }

    /// - Returns: nil when the sentinel does not know it.
    private func master(
        _ sentinels: RedisURL.Sentinels,
        from sentinel: RedisURL.Address
    ) async throws(RedisError) -> RedisURL.Address? {
        var asker = self
        asker.timeout = sentinelTimeout
        let handshake = RedisHandshake(
            to: sentinel,
            username: sentinels.username,
            password: sentinels.password,
            name: name
        )
        let connection = try await asker.connect(to: sentinel, Options())
        defer { connection.close() }
        do throws(RedisError) {
            _ = try await asker.shakeHands(handshake, on: connection)
            let reply = try await connection.answer(
                to: ["SENTINEL", "GET-MASTER-ADDR-BY-NAME", .string(sentinels.master)],
                timeout: sentinelTimeout
            )
            if reply.isNull { return nil }
            guard let pair = reply.array, pair.count == 2, let host = pair[0].string, let port = pair[1].int else {
                throw RedisError(.unreachable, "\(sentinel) does not answer as a sentinel does")
            }
            return .tcp(host: host, port: port)
        } catch {
            guard case .server(let message) = error.code else { throw error }
            throw RedisError(.unreachable, "the sentinel \(sentinel) refuses: \(message)")
        }
    }
}
