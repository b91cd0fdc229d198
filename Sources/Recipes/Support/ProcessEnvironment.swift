import Glibc

/// The environment of this process, read once.
enum ProcessEnvironment {
    static func current() -> [String: String] {
        var variables: [String: String] = [:]
        var entry = environ
        while let text = entry.pointee {
            let line = String(cString: text)
            if let separator = line.firstIndex(of: "=") {
                variables[String(line[..<separator])] = String(line[line.index(after: separator)...])
            }
            entry += 1
        }
        return variables
    }
}
