import Glibc
import NIOPosix
import Synchronization

/// A program that believes to sit at a terminal: what it draws can be read, keys can be pressed.
package final class PseudoTerminal: Sendable {
    package let program: RunningProgram
    /// TIOCSPTLCK and TIOCGPTN, which Swift does not import.
    private static let setLock: UInt = 0x4004_5431
    private static let getNumber: UInt = 0x8004_5430

    private let master: CInt
    private let shown = Mutex<[UInt8]>([])

    private init(program: RunningProgram, master: CInt) {
        self.program = program
        self.master = master
    }

    deinit { close(master) }

    /// Starts the command line at a terminal of this size; it dies with this process.
    package static func start(
        _ arguments: [String],
        columns: Int = 80,
        rows: Int = 24
    ) async throws -> PseudoTerminal {
        let master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK)
        var unlocked: CInt = 0
        var number: CInt = 0
        guard master >= 0, ioctl(master, setLock, &unlocked) == 0, ioctl(master, getNumber, &number) == 0 else {
            throw SystemError("open /dev/ptmx", errno)
        }
        let path = "/dev/pts/\(number)"
        resize(master, columns: columns, rows: rows)
        let command = ["env", "TERM=xterm", Program.hoistway] + arguments
        let pid = try await ChildProcess.start(command, terminal: path)
        return PseudoTerminal(program: RunningProgram(pid: pid, log: ""), master: master)
    }

    /// Everything the program wrote so far.
    package var transcript: String {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(master, &buffer, buffer.count)
            if count <= 0 { break }
            shown.withLock { $0 += buffer[..<count] }
        }
        return shown.withLock { String(decoding: $0, as: UTF8.self) }
    }

    /// Forgets what was written so far.
    package func forget() {
        _ = transcript
        shown.withLock { $0 = [] }
    }

    package func press(_ keys: String) {
        write(master, keys, keys.utf8.count)
    }

    package func resize(columns: Int, rows: Int) {
        PseudoTerminal.resize(master, columns: columns, rows: rows)
    }

    /// Whether it echoes what is typed and waits for whole lines, as a shell expects it.
    package var isCooked: Bool {
        var settings = termios()
        guard tcgetattr(master, &settings) == 0 else { return false }
        return settings.c_lflag & tcflag_t(ECHO) != 0 && settings.c_lflag & tcflag_t(ICANON) != 0
    }

    /// Waits until the program wrote something.
    package func wait(for text: String, timeout: Duration = .seconds(20)) async throws {
        do {
            try await eventually("\"\(text)\" on the terminal", timeout: timeout) { self.transcript.contains(text) }
        } catch {
            throw TimedOut(description: "\(error): \(transcript.suffix(4000).debugDescription)")
        }
    }

    private static func resize(_ master: CInt, columns: Int, rows: Int) {
        var size = winsize(ws_row: UInt16(rows), ws_col: UInt16(columns), ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(master, UInt(TIOCSWINSZ), &size)
    }
}
