import Commands
import Synchronization

/// A console whose output a test can read.
final class CapturedConsole: Sendable {
    private let written = Mutex<(output: [UInt8], error: [UInt8])>(([], []))

    var output: String { written.withLock { String(decoding: $0.output, as: UTF8.self) } }
    var error: String { written.withLock { String(decoding: $0.error, as: UTF8.self) } }

    func console(
        environment: [String: String] = [:],
        directory: String = "/",
        input: String = "",
        isTerminal: Bool = false,
        width: Int? = nil
    ) -> Console {
        Console(
            output: { bytes in self.written.withLock { $0.output += bytes } },
            error: { bytes in self.written.withLock { $0.error += bytes } },
            input: { Array(input.utf8) },
            environment: environment,
            directory: directory,
            isTerminal: isTerminal,
            errorIsTerminal: isTerminal,
            width: width
        )
    }
}

/// What a command did.
struct CommandResult {
    var code: Int32
    var output: String
    var error: String
}

/// Runs a command line in this process.
func hoistway(
    _ arguments: [String],
    environment: [String: String] = [:],
    directory: String = "/",
    input: String = "",
    captured: CapturedConsole = CapturedConsole()
) async -> CommandResult {
    let console = captured.console(environment: environment, directory: directory, input: input)
    let code = await Console.$current.withValue(console) { await HoistwayMain.run(arguments) }
    return CommandResult(code: code, output: captured.output, error: captured.error)
}
