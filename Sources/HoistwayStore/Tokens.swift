import HoistwayModel
import RESP
import RedisClient

/// A token of the HTTP API as the store keeps it: enough to recognise it, not to be it.
package struct StoredToken: Sendable, Hashable {
    package var id: String
    /// SHA-256 of the token, in hexadecimal digits.
    package var digest: String
    package var scopes: [String]
    /// What it is for, in the words of who made it.
    package var name: String
    package var createdAt: Timestamp?
    /// To the minute or so.
    package var lastUsedAt: Timestamp?

    package init(id: String, digest: String, scopes: [String], name: String = "") {
        self.id = id
        self.digest = digest
        self.scopes = scopes
        self.name = name
    }

    fileprivate init?(_ fields: [String: String]) {
        guard let id = fields["id"], let digest = fields["digest"] else { return nil }
        self.id = id
        self.digest = digest
        scopes = (fields["scopes"] ?? "").split(separator: ",").map(String.init)
        name = fields["name"] ?? ""
        createdAt = fields["createdAt"].flatMap { Timestamp(parsing: $0) }
        lastUsedAt = fields["lastUsedAt"].flatMap { Timestamp(parsing: $0) }
    }
}

extension Store {
    /// Writes a new token.
    /// - Parameter by: who made it, for the events.
    /// - Throws: `Refusal` when the id is in use.
    package func add(_ token: StoredToken, by: String) async throws {
        let arguments: [RedisArgument] = [.string(token.id), .string(by)]
        let fields: [RedisArgument] = .fields([
            "digest": token.digest, "scopes": token.scopes.joined(separator: ","), "name": token.name,
        ])
        if try await code(Scripts.putToken, arguments + fields) == .idInUse {
            throw Refusal(.idInUse, field: "id", "there is a token \"\(token.id)\" already")
        }
    }

    package func token(_ id: String) async throws -> StoredToken? {
        StoredToken(try await redis.send(["HGETALL", .string(keys.token(id))]).pairs)
    }

    /// Every token, oldest first.
    package func tokens() async throws -> [StoredToken] {
        let ids = try await redis.send(["SMEMBERS", .string(keys.tokens)]).strings
        let replies = try await redis.pipeline(ids.map { ["HGETALL", .string(keys.token($0))] })
        return try replies.compactMap { StoredToken(try $0.get().pairs) }
            .sorted { ($0.createdAt?.milliseconds ?? 0, $0.id) < ($1.createdAt?.milliseconds ?? 0, $1.id) }
    }

    /// Revokes a token.
    /// - Throws: `Refusal` when there is none.
    package func removeToken(_ id: String, by: String) async throws {
        if try await code(Scripts.removeToken, [.string(id), .string(by)]) == .notFound {
            throw Refusal(.notFound, "there is no token \"\(id)\"; \"hoistway token list\" shows those there are")
        }
    }

    /// Notes that a token was used just now.
    package func used(token id: String) async throws {
        _ = try await code(Scripts.useToken, [.string(id)])
    }

    /// Tells the events who changed what.
    /// - Parameter token: the id of the token; empty for who needs none.
    package func audit(token: String, _ data: JSON) async throws {
        _ = try await code(Scripts.audit, [.string(token), .string(data.text)])
    }
}
