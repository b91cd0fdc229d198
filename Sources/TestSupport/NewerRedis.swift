import RESP
import RedisClient

/// What the server at hand knows and Redis 6.2 did not, as the server itself documents it.
package struct NewerRedis: Sendable {
    /// Commands and subcommands, `lmpop` or `client|no-evict`.
    package private(set) var commands: Set<String> = []
    /// Words of commands, in capitals.
    package private(set) var options: [(command: String, word: String)] = []

    package init(_ client: some RedisCommands) async throws {
        for (name, command) in try await client.send(["COMMAND", "DOCS"]).named { read(name, command) }
    }

    private mutating func read(_ name: String, _ command: RESPValue) {
        for (key, value) in command.named {
            switch key {
            case "since": if Self.isNewer(value) { commands.insert(name) }
            case "subcommands": for (name, command) in value.named { read(name, command) }
            case "arguments": read(arguments: value, of: name, isNew: false)
            default: break
            }
        }
    }

    private mutating func read(arguments: RESPValue, of name: String, isNew: Bool) {
        for argument in arguments.array ?? [] {
            let fields = Dictionary(argument.named) { $1 }
            let isNew = isNew || fields["since"].map(Self.isNewer) ?? false
            if isNew, let word = fields["token"]?.string, !word.isEmpty {
                options.append((name.uppercased(), word.uppercased()))
            }
            if let inner = fields["arguments"] { read(arguments: inner, of: name, isNew: isNew) }
        }
    }

    private static func isNewer(_ version: RESPValue) -> Bool {
        let parts = version.string?.split(separator: ".").compactMap { Int($0) } ?? []
        return parts.count >= 2 && (parts[0], parts[1]) > (6, 2)
    }
}

extension RESPValue {
    /// Pairs of a name and a value.
    fileprivate var named: [(String, RESPValue)] {
        guard let elements = array else { return [] }
        return stride(from: 0, to: elements.count - 1, by: 2).compactMap { index in
            elements[index].string.map { ($0, elements[index + 1]) }
        }
    }
}
