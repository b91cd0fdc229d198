import CLinux
import Glibc
import HoistwayModel

/// What the files of an attempt say about it.
enum Settlement {
    /// Its monitor lives; a connection to it.
    case alive(Int32)
    case ended(ExitRecord)
    /// It is voided: no monitor will start it any more.
    case neverStarted
    /// The monitor died without a result.
    case lost

    /// Finds out, waiting while a monitor is about to come or to go.
    /// - Parameter stop: Asked from time to time; `nil` is returned when it says so.
    static func settle(_ folder: String, unless stop: () -> Bool) -> Settlement? {
        var pause: useconds_t = 1000
        while !stop() {
            if let settlement = look(at: folder) { return settlement }
            usleep(pause)
            pause = min(pause * 2, 50_000)
        }
        return nil
    }

    /// Whether a monitor holds the attempt; not to be asked before it has begun.
    static func isHeld(_ folder: String) -> Bool {
        let lock = open(Journal.path(in: folder), O_RDWR | O_CLOEXEC | O_NOFOLLOW)
        guard lock >= 0 else { return false }
        defer { close(lock) }
        return hw_lock(lock) != 0
    }

    /// `nil` while it cannot be said.
    private static func look(at folder: String) -> Settlement? {
        if let exit = Journal.exit(in: folder) { return .ended(exit) }
        let lock = open(Journal.path(in: folder), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        // Without the folder there is nothing that could start.
        guard lock >= 0 else { return errno == ENOENT ? .neverStarted : nil }
        defer { close(lock) }
        guard hw_lock(lock) == 0 else { return connection(to: folder).map { .alive($0) } }
        // The monitor writes its result before it lets the lock go: look again now that it is ours.
        if let exit = Journal.exit(in: folder) { return .ended(exit) }
        var status = stat()
        guard fstat(lock, &status) == 0 else { return nil }
        if status.st_size > 0 { return .lost }
        guard (try? Files.write([], to: "\(folder)/void")) != nil else { return nil }
        return .neverStarted
    }

    private static func connection(to folder: String) -> Int32? {
        let directory = hw_open_directory(folder)
        guard directory >= 0 else { return nil }
        defer { close(directory) }
        let connection = hw_connect_in(directory, "control")
        return connection >= 0 ? connection : nil
    }
}
