import Glibc

/// Where a command writes, and what it knows of its surroundings.
package struct Console: Sendable {
    /// The console of the command that runs.
    @TaskLocal package static var current = Console.process

    /// Writes bytes to standard output.
    package var output: @Sendable ([UInt8]) -> Void
    /// Writes bytes to standard error.
    package var error: @Sendable ([UInt8]) -> Void
    /// Reads standard input to its end.
    package var input: @Sendable () -> [UInt8]
    package var environment: [String: String]
    /// Absolute path of the working directory.
    package var directory: String
    /// Whether standard output is a terminal.
    package var isTerminal: Bool
    /// Whether standard error is a terminal.
    package var errorIsTerminal: Bool
    /// Columns of the terminal, `nil` where none is.
    package var width: Int?

    package init(
        output: @escaping @Sendable ([UInt8]) -> Void,
        error: @escaping @Sendable ([UInt8]) -> Void,
        input: @escaping @Sendable () -> [UInt8] = { [] },
        environment: [String: String] = [:],
        directory: String,
        isTerminal: Bool = false,
        errorIsTerminal: Bool = false,
        width: Int? = nil
    ) {
        self.output = output
        self.error = error
        self.input = input
        self.environment = environment
        self.directory = directory
        self.isTerminal = isTerminal
        self.errorIsTerminal = errorIsTerminal
        self.width = width
    }

    /// A line on standard output.
    func line(_ text: String) { output(Array(text.utf8) + [newline]) }

    /// A line on standard error. What it says of data must not steer the terminal.
    func note(_ text: String) { error(Array(Sanitizer.line(text).utf8) + [newline]) }

    /// An absolute path for one that may be relative to the working directory.
    func path(_ text: String) -> String { text.hasPrefix("/") ? text : "\(directory)/\(text)" }
}

extension Console {
    /// The console of this process.
    package static let process = Console(
        output: { write($0, to: STDOUT_FILENO) },
        error: { write($0, to: STDERR_FILENO) },
        input: { SystemFile.readAll(STDIN_FILENO) ?? [] },
        environment: ProcessSurroundings.environment(),
        directory: ProcessSurroundings.directory(),
        isTerminal: isatty(STDOUT_FILENO) == 1,
        errorIsTerminal: isatty(STDERR_FILENO) == 1,
        width: ProcessSurroundings.width()
    )

    private static func write(_ bytes: [UInt8], to descriptor: Int32) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno == EPIPE {
                // The reader has enough, as with `hoistway list | head`: end as any program of a pipe does.
                signal(SIGPIPE, SIG_DFL)
                raise(SIGPIPE)
                exit(1)
            } else if errno == EAGAIN {
                var poll = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = Glibc.poll(&poll, 1, -1)
            } else if errno != EINTR {
                return
            }
        }
    }
}

private let newline = UInt8(ascii: "\n")
