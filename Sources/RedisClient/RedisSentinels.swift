import Logging
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
                    route.opened(connection)
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

    /// Ends the connections to a master when a sentinel names another one that says so too: the old one is made a replica
    /// only seconds later, and what it takes until then is lost.
    func leaveWhenDeposed(_ connection: RedisConnection) async {
        guard let sentinels = url.sentinels else { return }
        var asked = 0
        var line: RedisConnection?
        defer { line?.close() }
        while !connection.hasEnded {
            do { try await Task.sleep(for: .seconds(1)) } catch { return }
            let order = route.sentinels(sentinels.addresses)
            let sentinel = order[asked % order.count]
            do throws(RedisError) {
                let present: RedisConnection
                if let line, !line.hasEnded { present = line } else { present = try await call(sentinel, sentinels) }
                line = present
                guard let named = try await master(sentinels, on: present), named != connection.address else {
                    continue
                }
                let (other, handshake) = try await greet(named, Options())
                other.close()
                guard handshake.isMaster == true else {
                    throw RedisError(.unreachable, "\(named) is not the master")
                }
                return route.leave(connection.address, RedisError(.closed, "\(named) is the master now"))
            } catch {
                logger.debug("asking a sentinel", metadata: ["sentinel": "\(sentinel)", "error": "\(error)"])
                line?.close()
                line = nil
                asked += 1
            }
        }
    }

    /// - Returns: nil when the sentinel does not know it.
    private func master(
        _ sentinels: RedisURL.Sentinels,
        from sentinel: RedisURL.Address
    ) async throws(RedisError) -> RedisURL.Address? {
        let connection = try await call(sentinel, sentinels)
        defer { connection.close() }
        return try await master(sentinels, on: connection)
    }

    /// Opens a connection to a sentinel.
    private func call(
        _ sentinel: RedisURL.Address,
        _ sentinels: RedisURL.Sentinels
    ) async throws(RedisError) -> RedisConnection {
        var asker = self
        asker.timeout = sentinelTimeout
        let handshake = RedisHandshake(
            to: sentinel,
            username: sentinels.username,
            password: sentinels.password,
            name: name
        )
        let connection = try await asker.connect(to: sentinel, Options())
        do throws(RedisError) {
            _ = try await asker.shakeHands(handshake, on: connection)
            return connection
        } catch {
            connection.close()
            throw refusal(error, by: sentinel)
        }
    }

    private func master(
        _ sentinels: RedisURL.Sentinels,
        on sentinel: RedisConnection
    ) async throws(RedisError) -> RedisURL.Address? {
        let reply: RESPValue
        do throws(RedisError) {
            reply = try await sentinel.answer(
                to: ["SENTINEL", "GET-MASTER-ADDR-BY-NAME", .string(sentinels.master)],
                timeout: sentinelTimeout
            )
        } catch {
            throw refusal(error, by: sentinel.address)
        }
        if reply.isNull { return nil }
        guard let pair = reply.array, pair.count == 2, let host = pair[0].string, let port = pair[1].int else {
            throw RedisError(.unreachable, "\(sentinel.address) does not answer as a sentinel does")
        }
        return .tcp(host: host, port: port)
    }

    private func refusal(_ error: RedisError, by sentinel: RedisURL.Address) -> RedisError {
        guard case .server(let message) = error.code else { return error }
        return RedisError(.unreachable, "the sentinel \(sentinel) refuses: \(message)")
    }
}
