import Glibc
import HoistwayModel

/// The environment of this process, read once.
enum ProcessEnvironment {
    static func current() -> [String: String] {
        var variables: [String: String] = [:]
        var entry = environ
        while let text = entry.pointee {
            if let pair = String(cString: text).assignment { variables[pair.name] = pair.value }
            entry += 1
        }
        return variables
    }
}
