import CLinux
import Glibc
import NIOPosix

/// Starts a process that dies with this one.
package enum ChildProcess {
    /// - Parameters:
    ///   - arguments: the program, found by PATH, and its arguments.
    ///   - log: a file that receives what it prints.
    /// - Returns: its process id.
    package static func start(_ arguments: [String], log: String) async throws -> pid_t {
        // The kernel sends the death signal when the thread that spawned ends, so it has to be one that never does.
        try await NIOThreadPool.singleton.runIfActive {
            try spawn(["setpriv", "--pdeathsig", "KILL"] + arguments, log: log)
        }
    }

    /// Starts the leader of a session whose terminal this is.
    /// - Returns: its process id.
    static func start(_ arguments: [String], terminal: String) async throws -> pid_t {
        try await NIOThreadPool.singleton.runIfActive {
            try spawn(["setpriv", "--pdeathsig", "KILL", "setsid", "--ctty"] + arguments, terminal: terminal)
        }
    }

    /// Sends a signal and waits until the process has ended and is reaped.
    package static func end(_ pid: pid_t, _ signal: CInt) async throws {
        kill(pid, signal)
        try await eventually("the end of process \(pid)") {
            waitpid(pid, nil, WNOHANG) != 0
        }
    }

    private static func spawn(_ arguments: [String], log: String? = nil, terminal: String? = nil) throws -> pid_t {
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, terminal ?? "/dev/null", O_RDWR, 0)
        posix_spawn_file_actions_addopen(
            &actions,
            1,
            terminal ?? log ?? "/dev/null",
            O_WRONLY | O_CREAT | O_APPEND,
            0o600
        )
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        // A connection would stay open as long as the child had it too.
        hw_spawn_closing_from(&actions, 3)

        var argv = arguments.map { strdup($0) } + [nil]
        defer { argv.forEach { free($0) } }
        var pid: pid_t = 0
        let code = posix_spawnp(&pid, arguments[0], &actions, &attributes, &argv, environ)
        guard code == 0 else { throw SystemError("posix_spawn \(arguments[0])", code) }
        return pid
    }
}
