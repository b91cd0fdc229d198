import Glibc

/// A service unit that runs Hoistway.
struct SystemdUnit {
    var path: String
    /// The settings of its section `[Service]`, the last of each name.
    var settings: [String: String]

    /// What the unit of a worker needs, so that the worker's end is not that of its jobs.
    private static let needed = [
        ("KillMode", "process", "stopping it takes the monitors of running jobs along"),
        ("Delegate", "yes", "jobs get no cgroup of their own"),
        ("OOMPolicy", "continue", "one job out of memory ends the worker and all others"),
    ]

    /// - Parameter texts: the unit, then its drop-ins in their order.
    init(path: String, texts: [String]) {
        self.path = path
        settings = [:]
        for text in texts {
            var section = ""
            for line in text.split(separator: "\n") {
                let line = line.drop { $0 == " " || $0 == "\t" }
                if line.hasPrefix("[") { section = String(line.prefix { $0 != "]" }.dropFirst()) }
                guard section == "Service", !line.hasPrefix("#"), let equals = line.firstIndex(of: "=") else {
                    continue
                }
                let name = line[..<equals].split(separator: " ").joined()
                let value = line[line.index(after: equals)...].split(whereSeparator: \.isWhitespace)
                settings[name] = value.joined(separator: " ")
            }
        }
    }

    var runsJobs: Bool {
        let words = settings["ExecStart"]?.split(separator: " ") ?? []
        return words.contains { $0.hasSuffix("hoistway") } && (words.contains("worker") || words.contains("up"))
    }

    var checks: [DoctorReport.Check] {
        guard runsJobs else { return [] }
        let wrong = SystemdUnit.needed.filter { name, value, _ in
            let found = settings[name]
            return found != value && !(value == "yes" && ["true", "1", "on"].contains(found))
        }
        if wrong.isEmpty { return [.init("unit", .ok, path)] }
        return wrong.map { name, value, effect in
            let message = "\(path) lacks \(name)=\(value): \(effect); \"scripts/install\" writes a unit that has it"
            return .init("unit", .warning, message)
        }
    }

    /// The units named after Hoistway, the first of each name, as systemd takes them.
    static func found(in folders: [String]) -> [SystemdUnit] {
        var units: [String: SystemdUnit] = [:]
        for folder in folders {
            for name in SystemFile.names(in: folder) where name.hasPrefix("hoistway") && name.hasSuffix(".service") {
                guard units[name] == nil, let text = read("\(folder)/\(name)") else { continue }
                let additions = folders.reversed().flatMap { folder in
                    SystemFile.names(in: "\(folder)/\(name).d").filter { $0.hasSuffix(".conf") }.sorted()
                        .compactMap { read("\(folder)/\(name).d/\($0)") }
                }
                units[name] = SystemdUnit(path: "\(folder)/\(name)", texts: [text] + additions)
            }
        }
        return units.sorted { $0.key < $1.key }.map(\.value)
    }

    private static func read(_ path: String) -> String? {
        (try? SystemFile.read(path)).map { String(decoding: $0, as: UTF8.self) }
    }
}
