import ArgumentParser
import HoistwayStore

/// The options that every command has.
struct GlobalOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Where Redis is: redis://, rediss://, unix:// or redis+sentinel://.", valueName: "url"))
    var redis: String?

    @Option(help: ArgumentHelp("First part of every key (default: hoistway).", valueName: "p"))
    var prefix: String?

    @Option(
        help: ArgumentHelp("The configuration (default: hoistway.yaml here or in its usual places).", valueName: "file")
    )
    var config: String?

    @Option(
        help: ArgumentHelp(
            "local (default): done when Redis has it; replicated: when a replica has it too.",
            valueName: "mode"
        ),
        transform: { text in
            guard let durability = Durability(rawValue: text) else {
                throw ValidationError("it must be local or replicated")
            }
            return durability
        }
    )
    var durability: Durability?

    @Flag(help: "Print JSON.")
    var json = false

    static let withValue = ["--redis", "--prefix", "--config", "--durability"]

    /// What was said here, else in the configuration.
    func durability(_ configuration: Configuration) -> Durability {
        durability ?? configuration.durability ?? .local
    }

    /// Moves the options that stand before the command behind its name, where the parser knows them.
    static func behindTheCommand(_ arguments: [String]) -> [String] {
        var leading: [String] = []
        var rest = arguments[...]
        while let first = rest.first {
            if withValue.contains(first), rest.count > 1 {
                leading += rest.prefix(2)
                rest = rest.dropFirst(2)
            } else if first == "--json" || withValue.contains(where: { first.hasPrefix("\($0)=") }) {
                leading.append(first)
                rest = rest.dropFirst()
            } else {
                break
            }
        }
        guard !rest.isEmpty, !leading.isEmpty else { return arguments }
        let count = max(1, HoistwayMain.path(of: Array(rest)).count)
        return rest.prefix(count) + leading + rest.dropFirst(count)
    }
}
