import HoistwayModel
import HoistwayStore

extension Limits {
    /// Reads `limits`, `rate` and `queue`. A section that is there, but empty, removes what another worker has said.
    init(_ reader: inout SettingReader) throws(ConfigurationError) {
        self.init()
        running = try Limits.counts(&reader, "limits") { name in
            guard name.hasPrefix(Limits.serverPrefix) else { return Identifier.isName(name) }
            return Identifier.isName(String(name.dropFirst(Limits.serverPrefix.count)))
        }
        rate = try Limits.entries(&reader, "rate", "a count for a time such as 10/1h", Identifier.isName) {
            Rate(parsing: $0)
        }.map(Limits.byType)
        var queue = try SettingReader(reader.take("queue"), path: "queue")
        waiting = try Limits.counts(&queue, "limit", Identifier.isName).map(Limits.byType)
        try queue.refuseTheRest()
    }

    private static func counts(
        _ reader: inout SettingReader,
        _ key: String,
        _ fits: (String) -> Bool
    ) throws(ConfigurationError) -> [String: Int]? {
        try entries(&reader, key, "a whole number from 1 on", fits) { Int($0).flatMap { $0 >= 1 ? $0 : nil } }
    }

    private static func entries<Value>(
        _ reader: inout SettingReader,
        _ key: String,
        _ expected: String,
        _ fits: (String) -> Bool,
        _ parse: (String) -> Value?
    ) throws(ConfigurationError) -> [String: Value]? {
        guard reader.has(key) else { return nil }
        var entries: [String: Value] = [:]
        for (name, setting) in try reader.map(key) {
            let path = "\(reader.name(key)).\(name)"
            guard fits(name) else { throw setting.error("\(path): \"\(name)\" cannot be the name of a job type") }
            entries[name] = try SettingReader.value(setting, path, expected, parse)
        }
        return entries
    }

    private static func byType<Value>(_ entries: [String: Value]) -> [JobType: Value] {
        Dictionary(uniqueKeysWithValues: entries.map { (JobType($0.key), $0.value) })
    }
}

extension Rate {
    /// Most starts that are remembered of one type.
    private static let most = 100_000

    /// `10/1h`.
    init?(parsing text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let count = Int(parts[0]), (1...Rate.most).contains(count),
            let period = TimeSpan(parsing: String(parts[1])), period.milliseconds > 0
        else { return nil }
        self.init(count: count, period: period)
    }
}
