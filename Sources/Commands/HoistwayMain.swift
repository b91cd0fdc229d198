import ArgumentParser
import HoistwayModel
import Recipes
import Remote

/// Runs the command line.
package enum HoistwayMain {
    /// Performs a command and tells its errors on standard error, a line each.
    /// - Parameter arguments: without the program's name.
    /// - Returns: The exit code.
    package static func run(_ arguments: [String]) async -> Int32 {
        // Many a job's process begins here: no parser in between.
        if arguments.first == RecipeCommand.name { return await BuiltInRecipes.run(Array(arguments.dropFirst())) }
        if arguments.first == NearSide.name { return NearSide.run(Array(arguments.dropFirst())) }
        let console = Console.current
        let ordered = GlobalOptions.behindTheCommand(arguments)
        do {
            var command = try parse(ordered)
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            return 0
        } catch let code as ExitCode {
            return code.rawValue
        } catch {
            if let failure = CommandFailure(error) {
                console.note("hoistway: \(failure.description)")
                return failure.code.rawValue
            }
            return tell(error, of: ordered, console)
        }
    }

    private static func parse(_ arguments: [String]) throws -> any ParsableCommand {
        // All that follows belongs to redis-cli, also what the parser would take for its own.
        if arguments.first == RedisCLICommand.name, arguments.dropFirst() != ["--help"] {
            return try RedisCLICommand(arguments: Array(arguments.dropFirst()))
        }
        try checkCommand(arguments)
        return try HoistwayCommand.parseAsRoot(arguments)
    }

    /// Help and the version go to standard output, usage errors to standard error.
    private static func tell(_ error: any Error, of arguments: [String], _ console: Console) -> Int32 {
        let code = HoistwayCommand.exitCode(for: error)
        guard code != .success else {
            console.line(HoistwayCommand.fullMessage(for: error))
            return 0
        }
        var message = HoistwayCommand.message(for: error)
        if message.isEmpty { message = String(describing: error) }
        if code == .validationFailure {
            let words = ["hoistway"] + path(of: arguments)
            message += "; see \"\(words.joined(separator: " ")) --help\""
        }
        console.note("hoistway: \(message)")
        return code == .validationFailure ? CommandFailure.Code.usage.rawValue : CommandFailure.Code.failed.rawValue
    }

    /// The words of the command that arguments begin with, such as `schedule add`; none for one that there is not.
    static func path(of arguments: [String]) -> [String] {
        guard let name = arguments.first, let command = commands.first(where: { $0._commandName == name }) else {
            return []
        }
        let under = command.configuration.subcommands.map { $0._commandName }
        return arguments.dropFirst().first.map { under.contains($0) ? [name, $0] : [name] } ?? [name]
    }

    /// Refuses a command that there is none of, with the nearest there is.
    private static func checkCommand(_ arguments: [String]) throws(CommandFailure) {
        guard let name = arguments.first, !name.hasPrefix("-"), name != "help", !names.contains(name) else { return }
        let nearest = Nearest.name(to: name, among: names).map { "; did you mean \"\($0)\"?" }
        throw CommandFailure(.usage, "there is no command \"\(name)\"\(nearest ?? "; see \"hoistway --help\"")")
    }

    private static var names: [String] {
        commands.filter { $0.configuration.shouldDisplay }.map { $0._commandName }
    }

    private static var commands: [any ParsableCommand.Type] {
        let configuration = HoistwayCommand.configuration
        return configuration.ungroupedSubcommands + configuration.groupedSubcommands.flatMap(\.subcommands)
    }
}
