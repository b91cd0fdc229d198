import Glibc

/// How many files and connections this process may have open.
package enum OpenFiles {
    /// Those that are not of clients: connections to Redis, logs being read, what the runtime has open.
    private static let reserve = 128

    private static var limits: rlimit {
        var limits = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits)
        return limits
    }

    /// Raises the limit as far as the system allows. It is low at first for programs that use `select`, and what this process
    /// starts would inherit it: only for one that starts nothing.
    package static func raiseLimit() {
        var limits = limits
        limits.rlim_cur = limits.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits)
    }

    /// Most connections of clients for which there is room.
    static var mostConnections: Int { max(1, Int(clamping: limits.rlim_cur) - reserve) }
}
