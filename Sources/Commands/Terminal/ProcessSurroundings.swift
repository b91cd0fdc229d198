import Glibc
import HoistwayModel

/// What this process was given by who started it.
enum ProcessSurroundings {
    static func environment() -> [String: String] {
        var result: [String: String] = [:]
        var entry = environ
        while let pointer = entry.pointee {
            if let pair = String(cString: pointer).assignment { result[pair.name] = pair.value }
            entry += 1
        }
        return result
    }

    static func directory() -> String {
        guard let path = getcwd(nil, 0) else { return "/" }
        defer { free(path) }
        return String(cString: path)
    }

    static func width() -> Int? {
        var size = winsize()
        guard isatty(STDOUT_FILENO) == 1, ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
            return nil
        }
        return Int(size.ws_col)
    }

    static func hostname() -> String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "localhost" }
        return text(name)
    }

    /// `user@host`, for those who ask later who did it.
    static func account() -> String {
        let user = getpwuid(geteuid()).map { String(cString: $0.pointee.pw_name) } ?? String(geteuid())
        return "\(user)@\(hostname())"
    }

    /// Absolute path of the program that runs.
    static func executable() -> String { SystemFile.target(of: "/proc/self/exe") ?? "/proc/self/exe" }

    private static func text(_ characters: [CChar]) -> String {
        String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
