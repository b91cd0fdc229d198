import HoistwayModel

/// The variables that override the file: `HOISTWAY_` and the key's path, `HOISTWAY_WORKER_SLOTS` for `worker.slots`. Maps with
/// free keys have none, which is an error; lists are separated by commas.
enum EnvironmentOverrides {
    private static let scalars = [
        "redis", "prefix", "durability", "data", "recipes", "worker.slots", "worker.node", "worker.onStop",
        "worker.fenceAfter",
        "worker.fenceMargin", "worker.detachFor", "worker.killGrace", "worker.user", "worker.noCommandEval",
        "resources.memory", "resources.cpu", "resources.pids", "logs.maxBytes", "logs.redisBytes", "api.listen",
        "api.tlsCert", "api.tlsKey", "api.noAuth",
    ]
    private static let lists = ["types", "worker.types", "worker.secrets.allow"]
    private static let maps = [
        "worker.environment", "worker.secrets.commands", "limits", "rate", "queue.limit", "retention", "servers",
    ]

    /// Every key, with the sections it is in.
    static let paths = scalars + lists + maps

    /// `HOISTWAY_WORKER_FENCE_AFTER` for `worker.fenceAfter`.
    static func variable(for path: String) -> String {
        var name = "HOISTWAY_"
        for character in path {
            if character == "." {
                name += "_"
            } else {
                if character.isUppercase { name += "_" }
                name += character.uppercased()
            }
        }
        return name
    }

    /// The tree with every variable that is set, and not empty, in the place of what the file says.
    /// - Throws: `ConfigurationError` for a variable that would be of a map.
    static func apply(_ environment: [String: String], to root: Setting) throws(ConfigurationError) -> Setting {
        for (name, text) in environment.sorted(by: { $0.key < $1.key }) where !text.isEmpty {
            guard let path = maps.first(where: { name == variable(for: $0) || name.hasPrefix(variable(for: $0) + "_") })
            else { continue }
            let message = "\(path) has keys of one's own, so no variable sets it: write it in hoistway.yaml"
            throw ConfigurationError(place: name, message: message)
        }
        var root = root
        for path in scalars + lists {
            let name = variable(for: path)
            guard let text = environment[name], !text.isEmpty else { continue }
            var setting = Setting(value: .scalar(text), place: name)
            if lists.contains(path) {
                let parts = text.split(separator: ",").map { Setting(value: .scalar(trimmed($0)), place: name) }
                setting.value = .list(parts)
            }
            root.set(path.split(separator: ".").map(String.init)[...], to: setting)
        }
        return root
    }

    /// What to say of variables that look mistyped. Others of that beginning are let be: a recipe has its own, and whoever
    /// runs Hoistway may too.
    static func warnings(_ environment: [String: String]) -> [String] {
        let known = (scalars + lists).map(variable(for:))
        return environment.keys.sorted().compactMap { name in
            guard name.hasPrefix("HOISTWAY_"), !known.contains(name),
                let meant = known.first(where: { Nearest.distance(name, $0) == 1 })
            else { return nil }
            return "the variable \(name) means nothing; did you mean \(meant)?"
        }
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}

extension Setting {
    /// Puts a value at a path. What stands there and is no map, where one must be, stays for the reader to refuse.
    fileprivate mutating func set(_ path: ArraySlice<String>, to setting: Setting) {
        guard let key = path.first else {
            self = setting
            return
        }
        var members: [Member]
        switch value {
        case .map(let present): members = present
        case .empty: members = []
        default: return
        }
        var member =
            members.first { $0.key == key }
            ?? Member(key: key, place: setting.place, value: Setting(value: .empty, place: setting.place))
        member.value.set(path.dropFirst(), to: setting)
        members.removeAll { $0.key == key }
        members.append(member)
        value = .map(members)
    }
}
