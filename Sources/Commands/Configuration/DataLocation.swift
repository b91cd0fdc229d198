import Glibc

/// Where workers keep attempts, logs and the embedded Redis.
enum DataLocation {
    /// `--data`, else the configuration's `data`, else `/var/lib/hoistway` for root and `$XDG_DATA_HOME/hoistway` for others.
    static func path(_ option: String?, _ configuration: Configuration, console: Console) throws -> String {
        if let path = option ?? configuration.data { return normalized(console.path(path)) }
        if geteuid() == 0 { return "/var/lib/hoistway" }
        if let folder = console.environment["XDG_DATA_HOME"], folder.hasPrefix("/") { return "\(folder)/hoistway" }
        guard let home = console.environment["HOME"], home.hasPrefix("/") else {
            throw CommandFailure(.usage, "neither XDG_DATA_HOME nor HOME is set: name the data folder with --data")
        }
        return "\(home)/.local/share/hoistway"
    }

    private static func normalized(_ path: String) -> String {
        var parts: [Substring] = []
        for part in path.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return "/" + parts.joined(separator: "/")
    }
}
