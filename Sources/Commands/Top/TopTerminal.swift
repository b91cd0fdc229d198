import CLinux
import Dispatch
import Glibc
import Synchronization

/// The terminal while a view has it to itself: alternate screen, no echo, each key at once. It is given back as it was
/// found, however the process ends (but for SIGKILL).
final class TopTerminal: Sendable {
    enum Event: Sendable {
        case keys([TopKey])
        case resized
        /// Nobody sits there any more.
        case closed
    }

    private static let enter = "\u{1B}[?1049h\u{1B}[?25l"
    private static let leave = "\u{1B}[0m\u{1B}[?25h\u{1B}[?1049l"
    private static let ending = [SIGTERM, SIGHUP, SIGINT, SIGQUIT]

    /// Dispatch sources may be cancelled from any thread.
    private struct Sources: @unchecked Sendable {
        var all: [any DispatchSourceProtocol] = []
    }

    private struct State {
        var before: termios?
        var sources = Sources()
    }

    private let state = Mutex(State())
    private let console: Console
    let events: AsyncStream<Event>
    private let continuation: AsyncStream<Event>.Continuation

    init(console: Console) {
        self.console = console
        (events, continuation) = AsyncStream.makeStream()
    }

    /// Whether somebody sits at a terminal that can show more than lines.
    static func isThere(_ console: Console) -> Bool {
        console.isTerminal && isatty(STDIN_FILENO) == 1 && console.environment["TERM"] != "dumb"
    }

    static func size() -> TopScreen.Size {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
            return TopScreen.Size(columns: 80, rows: 24)
        }
        return TopScreen.Size(columns: Int(size.ws_col), rows: Int(size.ws_row))
    }

    /// Takes the terminal.
    func open() {
        var found = termios()
        guard tcgetattr(STDIN_FILENO, &found) == 0 else { return }
        state.withLock { $0.before = found }
        listen()
        takeOver()
    }

    /// Gives the terminal back. Does nothing the second time.
    func close() {
        let before = state.withLock { state in
            state.sources.all.forEach { $0.cancel() }
            defer { state = State() }
            return state.before
        }
        guard var before else { return }
        console.output(Array(TopTerminal.leave.utf8))
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &before)
        for number in TopTerminal.ending { signal(number, SIG_DFL) }
        continuation.finish()
    }

    func draw(_ lines: [TopScreen.Line]) {
        var text = "\u{1B}[?2026h"
        for (row, line) in lines.enumerated() {
            text += "\u{1B}[\(row + 1);1H"
            switch line.style {
            case .plain: text += line.text
            case .title: text += "\u{1B}[7m\(line.text)\u{1B}[0m"
            case .heading: text += "\u{1B}[1m\(line.text)\u{1B}[0m"
            case .chosen: text += "\u{1B}[7m\(line.text)\u{1B}[0m"
            case .warning: text += "\u{1B}[1;33m\(line.text)\u{1B}[0m"
            }
            text += "\u{1B}[K"
        }
        console.output(Array((text + "\u{1B}[?2026l").utf8))
    }

    /// Ends the process by a signal, as it would have ended without the view. The threads of Dispatch block signals.
    private static func end(by number: CInt) -> Never {
        var only = sigset_t()
        sigemptyset(&only)
        sigaddset(&only, number)
        pthread_sigmask(SIG_UNBLOCK, &only, nil)
        raise(number)
        exit(128 + number)
    }

    private func takeOver() {
        guard var raw = state.withLock({ $0.before }) else { return }
        raw.c_lflag &= ~tcflag_t(ICANON | ECHO | ISIG | IEXTEN)
        raw.c_iflag &= ~tcflag_t(IXON | ICRNL)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw)
        console.output(Array(TopTerminal.enter.utf8))
    }

    private func listen() {
        let keys = DispatchSource.makeReadSource(fileDescriptor: STDIN_FILENO, queue: .global())
        keys.setEventHandler { [continuation] in
            var buffer = [UInt8](repeating: 0, count: 256)
            let count = read(STDIN_FILENO, &buffer, buffer.count)
            if count > 0 {
                continuation.yield(.keys(TopKey.parse(Array(buffer[..<count]))))
            } else if count == 0 || errno != EINTR && errno != EAGAIN {
                continuation.yield(.closed)
                continuation.finish()
            }
        }
        var sources: [any DispatchSourceProtocol] = [keys]
        sources += TopTerminal.ending.map { number in
            source(of: number) { [self] in
                close()
                TopTerminal.end(by: number)
            }
        }
        sources.append(source(of: SIGWINCH) { [continuation] in continuation.yield(.resized) })
        // Back from a stop, during which the shell had the terminal.
        sources.append(
            source(of: SIGCONT) { [self] in
                takeOver()
                continuation.yield(.resized)
            }
        )
        sources.forEach { $0.resume() }
        let kept = Sources(all: sources)
        state.withLock { $0.sources = kept }
    }

    private func source(of number: CInt, _ handler: @escaping @Sendable () -> Void) -> any DispatchSourceSignal {
        if TopTerminal.ending.contains(number) { signal(number, SIG_IGN) }
        let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
        source.setEventHandler(handler: handler)
        return source
    }
}
