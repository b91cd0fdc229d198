/// The variables that override the file: `HOISTWAY_` and the key's path, `HOISTWAY_WORKER_SLOTS` for `worker.slots`. Maps with
/// free keys have none; lists are separated by commas.
enum EnvironmentOverrides {
    private static let scalars = [
        "redis", "prefix", "durability", "data", "recipes", "worker.slots", "worker.node", "worker.onStop",
        "worker.fenceAfter",
        "worker.fenceMargin", "worker.detachFor", "worker.killGrace", "worker.user", "worker.noCommandEval",
        "resources.memory", "resources.cpu", "resources.pids", "logs.maxBytes", "logs.redisBytes", "api.listen",
        "api.tlsCert", "api.tlsKey", "api.noAuth",
    ]
    private static let lists = ["types", "worker.types", "worker.secrets.allow"]

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
    static func apply(_ environment: [String: String], to root: Setting) -> Setting {
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
