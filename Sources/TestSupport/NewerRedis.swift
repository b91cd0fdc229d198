import RESP
import RedisClient

/// What the server at hand knows and Redis 6.2 did not, as the server itself documents it.
package struct NewerRedis: Sendable {
    /// Commands and subcommands, `lmpop` or `client|no-evict`.
    package private(set) var commands: Set<String> = []
    /// Words of commands, in capitals.
    package private(set) var options: [(command: String, word: String)] = []

    package init(_ client: some RedisCommands) async throws {
        // What it documents is nested deeper than clients read: a script makes a list of it.
        let entries = try await client.send(["EVAL", .string(Self.script), 0]).array ?? []
        for entry in entries.compactMap({ $0.array?.compactMap(\.string) }) {
            if entry.count == 1 { commands.insert(entry[0]) }
            if entry.count == 2 { options.append((entry[0].uppercased(), entry[1].uppercased())) }
        }
    }

    /// Returns each newer command as `{ name }`, each newer word as `{ command, word }`.
    private static let script = """
        local found = {}
        local function newer(version)
          local major, minor = string.match(version, '^(%d+)%.(%d+)')
          major, minor = tonumber(major), tonumber(minor)
          return major and (major > 6 or major == 6 and minor > 2)
        end
        local function pairs_of(list)
          local fields = {}
          for index = 1, #list - 1, 2 do fields[list[index]] = list[index + 1] end
          return fields
        end
        local function arguments(list, command, is_new)
          for _, argument in ipairs(list) do
            local fields = pairs_of(argument)
            local is_newer = is_new or fields.since and newer(fields.since)
            if is_newer and fields.token and fields.token ~= '' then found[#found + 1] = { command, fields.token } end
            if fields.arguments then arguments(fields.arguments, command, is_newer) end
          end
        end
        local function commands(list)
          for name, docs in pairs(pairs_of(list)) do
            local fields = pairs_of(docs)
            if fields.since and newer(fields.since) then found[#found + 1] = { name } end
            if fields.subcommands then commands(fields.subcommands) end
            if fields.arguments then arguments(fields.arguments, name, false) end
          end
        end
        commands(redis.call('COMMAND', 'DOCS'))
        return found
        """
}
