import HoistwayModel
import RESP
import RedisClient

/// Links that log a browser in, once, and the sessions they open. Both are kept as tokens are, and void by themselves.
extension Store {
    /// Writes what a one-time link opens.
    /// - Parameters:
    ///   - login: tells the link's code; its scopes are those of the session.
    ///   - by: who made it, for the events.
    /// - Throws: `Refusal` when the id is in use.
    package func add(login: StoredToken, for time: TimeSpan, by: String) async throws {
        let arguments: [RedisArgument] = [.string(login.id), .string(by), .string(String(time.milliseconds))]
        let fields: [RedisArgument] = .fields([
            "digest": login.digest, "scopes": login.scopes.joined(separator: ","),
        ])
        if try await code(Scripts.putLogin, arguments + fields) == .idInUse {
            throw Refusal(.idInUse, field: "id", "there is a link \"\(login.id)\" already")
        }
    }

    /// Uses a link up.
    /// - Parameter session: tells the session's secret; its scopes are those of the link.
    /// - Returns: whether the link was right, and neither used nor void.
    package func open(_ session: StoredToken, with login: StoredToken, for time: TimeSpan) async throws -> Bool {
        let arguments = [login.id, login.digest, session.id, session.digest, String(time.milliseconds)]
        return try await code(Scripts.openSession, arguments.map { .string($0) }) == .ok
    }

    package func session(_ id: String) async throws -> StoredToken? {
        StoredToken(try await redis.send(["HGETALL", .string(keys.session(id))]).pairs)
    }

    /// Ends a session; one that has ended stays so.
    package func close(session id: String) async throws {
        _ = try await code(Scripts.closeSession, [.string(id)])
    }
}
