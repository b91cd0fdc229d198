/// Finds the file and reads it with the variables over it.
enum ConfigurationFile {
    static let name = "hoistway.yaml"

    /// - Parameter path: the value of `--config`; without one the usual places are searched in turn.
    /// - Throws: `ConfigurationError`.
    static func load(_ path: String?, console: Console) throws(ConfigurationError) -> Configuration {
        let found: (file: String, text: String)?
        if let path {
            found = (path, try required(console.path(path)))
        } else {
            found = try search(console)
        }
        for warning in EnvironmentOverrides.warnings(console.environment) { console.note("hoistway: \(warning)") }
        let root = try Setting(yaml: found?.text ?? "", file: found?.file ?? name)
        return try Configuration(
            try EnvironmentOverrides.apply(console.environment, to: root),
            environment: console.environment
        )
    }

    private static func required(_ path: String) throws(ConfigurationError) -> String {
        do throws(SystemFile.Failure) {
            return String(decoding: try SystemFile.read(path), as: UTF8.self)
        } catch {
            throw ConfigurationError(place: path, message: "it cannot be read: \(error.reason)")
        }
    }

    private static func search(_ console: Console) throws(ConfigurationError) -> (String, String)? {
        var folders: [String] = [console.directory]
        if let home = console.environment["HOME"], !home.isEmpty { folders.append("\(home)/.config/hoistway") }
        folders.append("/etc/hoistway")
        for folder in folders {
            let path = "\(folder)/\(name)"
            do throws(SystemFile.Failure) {
                let text = String(decoding: try SystemFile.read(path), as: UTF8.self)
                return (folder == console.directory ? name : path, text)
            } catch {
                if error.isMissing { continue }
                let advice = "it cannot be read: \(error.reason); name another file with --config"
                throw ConfigurationError(place: path, message: advice)
            }
        }
        return nil
    }
}
