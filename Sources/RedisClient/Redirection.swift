import NIOCore
import RESP

extension RedisConnector {
    /// Carries out commands on a connection, and ends it when its server does not have the keys any more.
    ///
    /// What such a server answered had no effect, so when that goes for all commands they count as not sent.
    func execute(
        _ commands: [[RedisArgument]],
        on connection: RedisConnection,
        timeout: Duration?
    ) async -> RedisReplies {
        let deadline = NIODeadline.now() + TimeAmount(timeout ?? self.timeout)
        var replies = await connection.execute(commands, deadline: deadline)
        replies.isDirect = isDirect
        let refused = replies.values.count { hasMoved($0) }
        guard refused > 0 else { return replies }
        let error = RedisError(.notSent, "the keys are not at \(connection.address) any more")
        connection.close(error)
        if refused == commands.count { return .failed(error) }
        return replies
    }

    private func hasMoved(_ reply: RESPValue) -> Bool {
        guard let message = reply.error else { return false }
        if !keys.isEmpty, message.hasPrefix("MOVED ") {
            route.learn([])
            return true
        }
        // Redis 6.2 says of a script that it failed, and then why.
        return url.sentinels != nil && (message.hasPrefix("READONLY ") || message.contains(" -READONLY "))
    }
}
