/// The keys of a store by what they hold.
struct KeyContents {
    private(set) var jobs: [String] = []
    /// What belongs to jobs: their histories, logs and dependencies, as `<id>:…`.
    private(set) var parts: [String] = []
    private(set) var queues: [String] = []
    /// Sets, sorted sets and hashes of job ids.
    private(set) var memberships: [String] = []
    private(set) var lanes: [String] = []
    /// Ids.
    private(set) var schedules: [String] = []
    /// Members that `tokens` and `resources` must have: the rest of the names of their keys.
    private(set) var tokens: [String] = []
    private(set) var resources: [String] = []
    /// Which kinds of value each key may hold.
    private(set) var kinds: [(key: String, kinds: [String])] = []
    /// Whether there is a sum of the log copies.
    private(set) var hasSums = false

    /// - Parameter names: keys that all begin with the prefix.
    init(_ names: [String], prefix: String) {
        for name in names {
            let rest = String(name.dropFirst(prefix.count))
            if rest.hasPrefix("job:") {
                let id = String(rest.dropFirst(4))
                if id.contains(":") { parts.append(id) } else { jobs.append(id) }
            } else if rest.hasPrefix("queue:") {
                queues.append(String(rest.dropFirst(6)))
            } else if rest.hasPrefix("schedule:") {
                schedules.append(String(rest.dropFirst(9)))
            } else if rest.hasPrefix("token:") {
                tokens.append(String(rest.dropFirst(6)))
            } else if rest.hasPrefix("resource:") {
                resources.append(String(rest.dropFirst(9)))
            } else if rest.hasPrefix("lanes") {
                lanes.append(name)
            } else if KeyContents.holdsJobs(rest) {
                memberships.append(name)
                hasSums = hasSums || rest == "logs:bytes"
            }
            if let expected = KeyContents.kinds(rest) { kinds.append((name, expected)) }
        }
    }

    private static func holdsJobs(_ key: String) -> Bool {
        let exact: Set = ["index", "delayed", "deadlines", "settling", "logs:bytes", "logs:ended"]
        if exact.contains(key) { return true }
        if ["index:", "waiting:", "later:", "paused:", "claimed:"].contains(where: { key.hasPrefix($0) }) {
            return true
        }
        return key.hasPrefix("worker:") && (key.hasSuffix(":jobs") || key.hasSuffix(":kills"))
    }

    private static func kinds(_ key: String) -> [String]? {
        let names = key.split(separator: ":", omittingEmptySubsequences: false)
        switch names[0] {
        case "job":
            switch names.count == 3 ? names[2] : "" {
            case "history": return ["list"]
            case "log": return ["stream"]
            case "dependencies": return ["set"]
            case "dependents": return ["zset"]
            default: return names.count == 2 ? ["hash"] : nil
            }
        case "queue", "inbox", "control", "rejected": return ["list"]
        case "index", "waiting", "later", "delayed", "deadlines": return ["zset"]
        case _ where names[0].hasPrefix("lanes"): return ["zset"]
        case "paused", "types", "workers", "claimed", "giving", "tokens", "resources": return ["set"]
        case "turns", "settling", "meta", "claims", "limits", "superseding", "renewals": return ["hash"]
        case "schedules": return ["zset"]
        case "schedule", "token", "resource": return ["hash"]
        case "notify": return key == "notify:tries" ? ["hash"] : ["zset"]
        case "logs": return key == "logs:bytes" ? ["hash"] : ["zset"]
        case "events": return ["stream"]
        case "worker" where key.hasSuffix(":forgotten"): return ["string"]
        case "worker" where key.hasSuffix(":jobs") || key.hasSuffix(":removed"): return ["set"]
        case "worker": return ["hash"]
        default: return nil
        }
    }
}
