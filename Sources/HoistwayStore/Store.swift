import HoistwayModel
import RESP
import RedisClient

/// What a script answers. The numbers stand in `Scripts/include/common.lua`.
package enum StoreCode: Int, Sendable {
    case ok = 0
    case notFound, wrongState, staleFence, already, idInUse, headChanged, conflict, unknownDependency, queueFull,
        quarantined
}

/// Redis answered something no script says, or holds keys of a version that this one cannot read.
package enum StoreError: Error, Sendable, CustomStringConvertible {
    case unexpectedReply(script: String)
    case newerSchema(found: String)

    package var description: String {
        switch self {
        case .unexpectedReply(let script): "the script \(script) answered something unknown"
        case .newerSchema(let found):
            "these keys were written by a newer Hoistway (schema \(found), this one knows \(Store.schema)): "
                + "install a version that knows schema \(found)"
        }
    }
}

/// When a change counts as made.
package enum Durability: String, Sendable, CaseIterable {
    /// The Redis that takes it has it.
    case local
    /// One replica has it too, so that a failover does not undo it.
    case replicated

    /// How long a replica may take to confirm.
    package static let patience = Duration.seconds(1)
}

/// Everything that is kept in Redis, one operation a method. Reads and writes jobs, never decides on its own.
package struct Store: Sendable {
    package let redis: any RedisCommands
    package let keys: Keys
    package let durability: Durability
    /// The command of the control list for which scripts are run: they have an effect only while it stands at the head.
    private var command: [UInt8]?

    /// The layout of the keys that this version writes, and the oldest version that can read it.
    package static let schema = 1
    package static let minimumReader = 1

    package init(redis: any RedisCommands, prefix: String, durability: Durability = .local) {
        self.redis = redis
        self.durability = durability
        keys = Keys(prefix: prefix)
    }

    /// The same store through another connection.
    package func through(_ redis: any RedisCommands) -> Store {
        Store(redis: redis, prefix: keys.prefix, durability: durability)
    }

    /// The same store on behalf of a command of the control list, as it lies there.
    /// - Throws: from then on `RedisError` with the code `TAKEN` once another process has carried the command out.
    package func whileFirst(_ command: [UInt8]) -> Store {
        var store = self
        store.command = command
        return store
    }

    func run(_ script: RedisScript, _ arguments: [RedisArgument]) async throws -> RESPValue {
        let meta = RedisArgument.string(keys.meta)
        guard let command else {
            if durability == .replicated, Store.acknowledged.contains(script) {
                return try await replicated(script, arguments)
            }
            return try await redis.run(script, keys: [meta], arguments: arguments)
        }
        return try await redis.run(
            script,
            keys: [meta, .string(keys.control)],
            arguments: arguments + [.bytes(command)]
        )
    }

    /// Runs a script that answers a code alone.
    func code(_ script: RedisScript, _ arguments: [RedisArgument]) async throws -> StoreCode {
        try Store.code(of: try await run(script, arguments), script)
    }

    /// Runs a script that answers a code and further values.
    func answer(_ script: RedisScript, _ arguments: [RedisArgument]) async throws -> (StoreCode, [RESPValue]) {
        guard let reply = try await run(script, arguments).array, let first = reply.first else {
            throw StoreError.unexpectedReply(script: script.name)
        }
        return (try Store.code(of: first, script), Array(reply.dropFirst()))
    }

    static func code(of value: RESPValue, _ script: RedisScript) throws -> StoreCode {
        guard let code = value.int.flatMap(StoreCode.init) else {
            throw StoreError.unexpectedReply(script: script.name)
        }
        return code
    }
}

extension RESPValue {
    /// The pairs of a hash.
    var pairs: [String: String] {
        guard let elements = array else { return [:] }
        var result: [String: String] = [:]
        result.reserveCapacity(elements.count / 2)
        for index in stride(from: 0, to: elements.count - 1, by: 2) {
            if let key = elements[index].string, let value = elements[index + 1].string { result[key] = value }
        }
        return result
    }

    var strings: [String] { array?.compactMap(\.string) ?? [] }
}

extension Array where Element == RedisArgument {
    /// Hash fields in pairs.
    static func fields(_ fields: KeyValuePairs<String, String?>) -> [RedisArgument] {
        fields.flatMap { field, value in value.map { [.string(field), .string($0)] } ?? [] }
    }

    static func fields(_ fields: [(String, String)]) -> [RedisArgument] {
        fields.flatMap { [.string($0.0), .string($0.1)] }
    }
}
