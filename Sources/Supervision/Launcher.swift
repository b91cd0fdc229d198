import CLinux
import Glibc
import Synchronization

/// The process that forks the monitors; started when first needed, and anew when it died.
final class Launcher: Sendable {
    private struct Running {
        let pid: Int32
        let channel: Int32
    }

    private static let sendLimit = timeval(tv_sec: 5, tv_usec: 0)

    private let path: String
    private let running = Mutex<Running?>(nil)

    init(path: String) {
        self.path = path
    }

    /// The launcher's process id, `nil` when none runs.
    var pid: Int32? { running.withLock { $0?.pid } }

    /// Asks for a monitor.
    ///
    /// - Parameters:
    ///   - connection: The monitor's end; still the caller's to close.
    ///   - specification: A memory file; still the caller's to close.
    /// - Throws: `SupervisionError.infrastructure` when no launcher can be started or it does not take the request.
    func request(connection: Int32, specification: Int32) throws(SupervisionError) {
        let failure: SupervisionError? = running.withLock { running in
            for _ in 0..<2 {
                if running == nil {
                    switch Result(catching: start) {
                    case .success(let new): running = new
                    case .failure(let error): return error
                    }
                }
                guard let channel = running?.channel else { continue }
                let sent = hw_send_launch(channel, connection, specification)
                if sent == 0 { return nil }
                if -sent == EAGAIN || -sent == ETOOMANYREFS {
                    return .infrastructure("the launcher does not answer: \(Files.reason(-sent))")
                }
                close(channel)
                running = nil
            }
            return .infrastructure("the launcher \(path) ended as soon as it was started")
        }
        if let failure { throw failure }
    }

    /// Lets go of the launcher, which ends with its last monitor.
    func release() {
        running.withLock { running in
            if let channel = running?.channel { close(channel) }
            running = nil
        }
    }

    private func start() throws(SupervisionError) -> Running {
        var ours: Int32 = -1
        var theirs: Int32 = -1
        let failure = hw_socket_pair(1, &ours, &theirs)
        guard failure == 0 else { throw .infrastructure("no socket for the launcher: \(Files.reason(-failure))") }
        defer { close(theirs) }
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        defer { close(null) }
        let pid = hw_start_launcher(path, theirs, null)
        guard pid > 0 else {
            close(ours)
            throw .infrastructure("cannot start \(path): \(Files.reason(-pid))")
        }
        var limit = Launcher.sendLimit
        setsockopt(ours, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        Threads.detach { self.reap(pid) }
        return Running(pid: pid, channel: ours)
    }

    private func reap(_ pid: Int32) {
        while waitpid(pid, nil, 0) < 0, errno == EINTR {}
        running.withLock { running in
            guard let current = running, current.pid == pid else { return }
            close(current.channel)
            running = nil
        }
    }
}
