import HoistwayModel

/// The kinds of scalars in the configuration.
extension SettingReader {
    static let durationText = "a duration such as 30s or 5m"
    static let sizeText = "a number of bytes such as 512KiB or 64MiB"

    mutating func integer(_ key: String, in range: ClosedRange<Int>) throws(ConfigurationError) -> Int? {
        let bounds = "a whole number from \(range.lowerBound) to \(range.upperBound)"
        return try value(key, bounds) { Int($0).flatMap { range.contains($0) ? $0 : nil } }
    }

    mutating func flag(_ key: String) throws(ConfigurationError) -> Bool? {
        try value(key, "true or false") { text in
            switch text.lowercased() {
            case "true", "yes", "on", "1": true
            case "false", "no", "off", "0": false
            default: nil
            }
        }
    }

    mutating func duration(_ key: String) throws(ConfigurationError) -> TimeSpan? {
        try value(key, SettingReader.durationText) { TimeSpan(parsing: $0) }
    }

    mutating func size(_ key: String) throws(ConfigurationError) -> Int? {
        try value(key, SettingReader.sizeText) { ByteCount(parsing: $0)?.bytes }
    }

    mutating func identifier(_ key: String) throws(ConfigurationError) -> String? {
        try value(key, "a name of letters, digits, \"_\", \".\" and \"-\"") { Identifier.isName($0) ? $0 : nil }
    }

    mutating func types(_ key: String) throws(ConfigurationError) -> [JobType]? {
        guard let setting = take(key) else { return nil }
        let names = try SettingReader.list(setting, name(key))
        for type in names where !Identifier.isName(type) {
            throw setting.error("\(name(key)) must be a list of job types, and \"\(type)\" cannot be one")
        }
        return names.map { JobType($0) }
    }
}

/// A number of bytes, as people write it.
struct ByteCount {
    var bytes: Int

    private static let units: [(suffix: String, factor: Int)] = [
        ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40), ("kB", 1000), ("KB", 1000),
        ("MB", 1_000_000), ("GB", 1_000_000_000), ("TB", 1_000_000_000_000), ("B", 1), ("", 1),
    ]

    /// `512KiB`, `64MiB`, `1.5GB`, `1048576`.
    init?(parsing text: String) {
        for unit in ByteCount.units where text.hasSuffix(unit.suffix) {
            let digits = text.dropLast(unit.suffix.count)
            guard let number = Double(digits), number >= 0, number * Double(unit.factor) < 1e18,
                digits.allSatisfy({ $0.isASCII && ($0.isNumber || $0 == ".") })
            else { return nil }
            bytes = Int((number * Double(unit.factor)).rounded())
            return
        }
        return nil
    }
}
