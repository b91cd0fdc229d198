import Yams

/// A value of the configuration, and where it stands.
struct Setting: Sendable {
    enum Value: Sendable {
        case empty
        case scalar(String)
        case list([Setting])
        /// Members in their order, each key with its own place.
        case map([Member])
    }

    struct Member: Sendable {
        var key: String
        var place: String
        var value: Setting
    }

    var value: Value
    var place: String

    /// Reads YAML; a file without content is an empty map.
    /// - Throws: `ConfigurationError` when it is none.
    init(yaml: String, file: String) throws(ConfigurationError) {
        let node: Node?
        do {
            node = try Yams.compose(yaml: yaml)
        } catch {
            throw Setting.error(error, file: file)
        }
        guard let node else {
            self.init(value: .map([]), place: file)
            return
        }
        self = Setting(node, file: file)
        if case .empty = value { value = .map([]) }
    }

    init(value: Value, place: String) {
        self.value = value
        self.place = place
    }

    private init(_ node: Node, file: String) {
        place = Setting.place(of: node, file: file)
        switch node {
        case .scalar(let scalar):
            let isPlain = scalar.style == .plain || scalar.style == .any
            value =
                isPlain && ["", "~", "null", "Null", "NULL"].contains(scalar.string) ? .empty : .scalar(scalar.string)
        case .sequence(let sequence):
            value = .list(sequence.map { Setting($0, file: file) })
        case .mapping(let mapping):
            value = .map(
                mapping.map { key, value in
                    Member(
                        key: key.scalar?.string ?? "",
                        place: Setting.place(of: key, file: file),
                        value: Setting(value, file: file)
                    )
                }
            )
        case .alias: value = .empty
        }
    }

    private static func place(of node: Node, file: String) -> String {
        node.mark.map { "\(file):\($0.line)" } ?? file
    }

    private static func error(_ error: any Error, file: String) -> ConfigurationError {
        switch error {
        case YamlError.scanner(_, let problem, let mark, _), YamlError.parser(_, let problem, let mark, _),
            YamlError.composer(_, let problem, let mark, _):
            ConfigurationError(place: "\(file):\(mark.line)", message: "it is not valid YAML: \(problem)")
        case YamlError.duplicatedKeysInMapping(let duplicates, let context):
            ConfigurationError(
                place: "\(file):\(context.mark.line)",
                message: "\"\(duplicates.sorted().joined(separator: "\", \""))\" is there twice"
            )
        default: ConfigurationError(place: file, message: "it is not valid YAML")
        }
    }

    /// What kind of value this is, in the words of an error message.
    var kind: String {
        switch value {
        case .empty: "nothing"
        case .scalar(let text): "\"\(text)\""
        case .list: "a list"
        case .map: "a map"
        }
    }

    func error(_ message: String) -> ConfigurationError { ConfigurationError(place: place, message: message) }
}
