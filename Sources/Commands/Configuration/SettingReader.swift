import HoistwayModel

/// Takes the members of a map one by one, and knows in the end which of them nobody asked for.
struct SettingReader {
    /// Where in the configuration, such as `worker.secrets`; empty at its root.
    private let path: String
    private var members: [String: Setting.Member] = [:]
    private var order: [String] = []
    private var known: [String] = []

    init(_ setting: Setting?, path: String = "") throws(ConfigurationError) {
        self.path = path
        guard let setting else { return }
        switch setting.value {
        case .empty: return
        case .map(let entries):
            for entry in entries {
                members[entry.key] = entry
                order.append(entry.key)
            }
        default: throw setting.error("\(path.isEmpty ? "the file" : path) must be a map, not \(setting.kind)")
        }
    }

    func name(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    /// The value of a key, which is known from then on; one without content is the same as absent.
    mutating func take(_ key: String) -> Setting? {
        know(key)
        guard let member = members.removeValue(forKey: key) else { return nil }
        if case .empty = member.value.value { return nil }
        return member.value
    }

    private mutating func know(_ key: String) {
        if !known.contains(key) { known.append(key) }
    }

    /// Whether a key, which is known from then on, stands there with content.
    mutating func has(_ key: String) -> Bool {
        know(key)
        guard let member = members[key] else { return false }
        if case .empty = member.value.value { return false }
        return true
    }

    /// The keys and values of a map whose keys are free.
    mutating func map(_ key: String) throws(ConfigurationError) -> [(key: String, value: Setting)] {
        guard let setting = take(key) else { return [] }
        guard case .map(let members) = setting.value else {
            throw setting.error("\(name(key)) must be a map, not \(setting.kind)")
        }
        return members.map { ($0.key, $0.value) }
    }

    mutating func text(_ key: String) throws(ConfigurationError) -> String? {
        guard let setting = take(key) else { return nil }
        return try SettingReader.text(setting, name(key))
    }

    mutating func list(_ key: String) throws(ConfigurationError) -> [String]? {
        guard let setting = take(key) else { return nil }
        return try SettingReader.list(setting, name(key))
    }

    /// Reads a scalar by a parser that answers `nil` for what is none of its kind.
    mutating func value<Value>(
        _ key: String,
        _ expected: String,
        _ parse: (String) -> Value?
    ) throws(ConfigurationError) -> Value? {
        guard let setting = take(key) else { return nil }
        return try SettingReader.value(setting, name(key), expected, parse)
    }

    /// Refuses the first key that nobody took, with the nearest of the known ones.
    /// - Parameter paths: of keys elsewhere, one of which may be meant.
    func refuseTheRest(_ paths: [String] = []) throws(ConfigurationError) {
        for key in order {
            guard let member = members[key] else { continue }
            let elsewhere = paths.first { $0.hasSuffix(".\(key)") }
            let near = Nearest.name(to: key, among: known).map(name) ?? elsewhere
            let nearest = near.map { "; did you mean \"\($0)\"?" }
            let all = "; known are \(known.joined(separator: ", "))"
            let message = "unknown key \"\(name(key))\"\(nearest ?? all)"
            throw ConfigurationError(place: member.place, message: message)
        }
    }
}

extension SettingReader {
    static func text(_ setting: Setting, _ name: String) throws(ConfigurationError) -> String {
        guard case .scalar(let text) = setting.value, !text.isEmpty else {
            throw setting.error("\(name) must be text, not \(setting.kind)")
        }
        return text
    }

    static func list(_ setting: Setting, _ name: String) throws(ConfigurationError) -> [String] {
        guard case .list(let elements) = setting.value else {
            throw setting.error("\(name) must be a list such as [a, b], not \(setting.kind)")
        }
        var texts: [String] = []
        for element in elements { texts.append(try text(element, name)) }
        return texts
    }

    static func value<Value>(
        _ setting: Setting,
        _ name: String,
        _ expected: String,
        _ parse: (String) -> Value?
    ) throws(ConfigurationError) -> Value {
        guard case .scalar(let text) = setting.value, let value = parse(text) else {
            throw setting.error("\(name) must be \(expected), not \(setting.kind)")
        }
        return value
    }
}
