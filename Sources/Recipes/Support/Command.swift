import Glibc
import Subprocess
import SystemPackage

/// A program run without a shell, in the environment and with the output of the job.
struct Command: Sendable {
    var arguments: [String]
    var environment: [String: String]
    var directory: String

    /// What a command said and how it ended.
    struct Outcome: Sendable {
        /// The exit code, 128 + the signal's number for a command that a signal ended.
        var status: Int32
        var output: String
        /// The end of what it wrote to standard error.
        var diagnostics: String

        var succeeded: Bool { status == 0 }
    }

    /// Runs the command with the job's log as its output.
    /// - Throws: `command_not_found` when there is no such program, `command_failed` when it cannot be started.
    func run(log: Log) async throws(RecipeFailure) -> Int32 {
        do {
            let result = try await Subprocess.run(
                configuration,
                input: .none,
                output: .fileDescriptor(FileDescriptor(rawValue: log.output), closeAfterSpawningProcess: false),
                error: .fileDescriptor(FileDescriptor(rawValue: log.error), closeAfterSpawningProcess: false)
            )
            return Command.code(result.terminationStatus)
        } catch {
            throw startFailure(error)
        }
    }

    /// Runs the command and collects its output (at most 4 MiB).
    /// - Parameter log: Where standard error is shown while the command runs; nowhere without it.
    /// - Throws: `command_not_found` when there is no such program, `command_failed` when it cannot be started.
    func capture(log: Log?) async throws(RecipeFailure) -> Outcome {
        do {
            let result = try await Subprocess.run(
                configuration,
                input: .none,
                output: .string(limit: 4 << 20),
                error: .sequence
            ) { execution in
                var tail: [UInt8] = []
                for try await buffer in execution.standardError {
                    let bytes = buffer.withUnsafeBytes { Array($0) }
                    if let log { Log.write(bytes, to: log.error) }
                    tail.append(contentsOf: bytes)
                    if tail.count > 1 << 16 { tail.removeFirst(tail.count - 1 << 15) }
                }
                return String(decoding: tail, as: UTF8.self)
            }
            return Outcome(
                status: Command.code(result.terminationStatus),
                output: result.standardOutput,
                diagnostics: result.closureResult
            )
        } catch {
            throw startFailure(error)
        }
    }

    private var configuration: Configuration {
        let program = arguments.first ?? ""
        return Configuration(
            executable: program.contains("/") ? .path(FilePath(absolute(program))) : .name(program),
            arguments: Arguments(Array(arguments.dropFirst())),
            environment: .custom(environment.map { Array("\($0.key)=\($0.value)\0".utf8) }),
            workingDirectory: FilePath(directory)
        )
    }

    private func absolute(_ path: String) -> String { path.hasPrefix("/") ? path : directory + "/" + path }

    private func startFailure(_ error: any Error) -> RecipeFailure {
        let program = arguments.first ?? ""
        if let error = error as? SubprocessError, error.code == .executableNotFound {
            return RecipeFailure(
                code: "command_not_found",
                message: "\(program) was not found",
                retryable: false,
                status: 127
            )
        }
        return RecipeFailure(code: "command_failed", message: "\(program) could not be run: \(error)", status: 126)
    }

    private static func code(_ status: TerminationStatus) -> Int32 {
        switch status {
        case .exited(let code): code
        case .signaled(let signal): 128 + signal
        }
    }
}

extension RecipeContext {
    /// A command in the job's environment with a few variables changed (`nil` removes one).
    func command(_ arguments: [String], in directory: String? = nil, changing: [String: String?] = [:]) -> Command {
        var environment = environment
        for (name, value) in changing { environment[name] = value }
        return Command(arguments: arguments, environment: environment, directory: directory ?? self.directory)
    }

    /// Writes a script to a file of its own.
    /// - Returns: The words that run it: by its `#!` line, or by `/bin/sh` where it has none.
    func words(running script: String, file name: String = "script") throws(RecipeFailure) -> [String] {
        let file = "\(temporary)/\(name)"
        try Files.write(script, to: file, mode: 0o700)
        return script.hasPrefix("#!") ? [file] : ["/bin/sh", file]
    }
}
