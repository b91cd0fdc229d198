import Glibc
import HoistwayModel
import Subprocess
import SystemPackage

/// A secret that cannot be had, or must not be.
struct SecretFailure: Error, CustomStringConvertible {
    var description: String
    /// Whether another try could help.
    var isPassing = false
}

/// Finds the values of secrets that a job asks for, as far as the worker's configuration allows.
struct SecretResolver: Sendable {
    let allow: [String]
    let commands: [String: [String]]
    /// The time a command has.
    var commandLimit = Duration.seconds(30)

    /// Fewest bytes of a secret: a shorter one could not be told from ordinary text in a log.
    static let minimum = 4
    private static let maximum = 64 * 1024

    /// - Throws: `SecretFailure` naming the secret, never its value.
    func value(of name: String, _ text: String) async throws(SecretFailure) -> String {
        guard let reference = SecretReference(text) else {
            throw SecretFailure(description: "secret \(name): \"\(text)\" is no file:, env: or command:")
        }
        guard isAllowed(reference) else {
            throw SecretFailure(
                description: "secret \(name): \(reference.description) is not allowed by worker.secrets on this worker"
            )
        }
        let bytes: [UInt8]
        switch reference {
        case .file(let path): bytes = try SecretResolver.content(of: path, name)
        case .environment(let variable):
            guard let value = getenv(variable) else {
                throw SecretFailure(description: "secret \(name): the worker has no variable \(variable)")
            }
            bytes = Array(String(cString: value).utf8)
        case .command(let command): bytes = try await output(of: command, name)
        }
        guard let value = String(validating: SecretResolver.trimmed(bytes), as: UTF8.self), !value.utf8.contains(0)
        else {
            throw SecretFailure(description: "secret \(name): its value is no text")
        }
        guard value.utf8.count >= SecretResolver.minimum else {
            throw SecretFailure(description: "secret \(name): its value has fewer than \(SecretResolver.minimum) bytes")
        }
        return value
    }

    /// Whether the configuration allows a reference; a defined command is allowed by being defined.
    func isAllowed(_ reference: SecretReference) -> Bool {
        if case .command(let name) = reference { return commands[name] != nil }
        if case .file(let path) = reference {
            let parts = path.parts(by: "/")
            if parts.contains("..") || parts.contains(".") { return false }
        }
        return allow.contains { pattern in
            pattern == "file:*" && reference.description.hasPrefix("file:")
                || fnmatch(pattern, reference.description, FNM_PATHNAME | FNM_NOESCAPE) == 0
        }
    }

    private static func content(of path: String, _ name: String) throws(SecretFailure) -> [UInt8] {
        // A pipe that nobody writes to would hold up the worker.
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
        guard file >= 0 else {
            throw SecretFailure(description: "secret \(name): \(path): \(String(cString: strerror(errno)))")
        }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw SecretFailure(description: "secret \(name): \(path) is no regular file")
        }
        var bytes = [UInt8](repeating: 0, count: maximum + 1)
        var count = 0
        while count < bytes.count {
            let got = bytes.withUnsafeMutableBytes { read(file, $0.baseAddress?.advanced(by: count), $0.count - count) }
            guard got >= 0 else {
                throw SecretFailure(description: "secret \(name): \(path): \(String(cString: strerror(errno)))")
            }
            if got == 0 { return Array(bytes[..<count]) }
            count += got
        }
        throw SecretFailure(description: "secret \(name): \(path) has more than \(maximum) bytes")
    }

    private func output(of command: String, _ name: String) async throws(SecretFailure) -> [UInt8] {
        let words = commands[command] ?? []
        guard let program = words.first else { throw SecretFailure(description: "secret \(name): \(command) is empty") }
        // What it started may hold its output open: it ends with all that is in its group.
        var options = PlatformOptions()
        options.processGroupID = 0
        options.teardownSequence = [.send(signal: .kill, toProcessGroup: true, allowedDurationToNextStep: .zero)]
        do {
            let result = try await withTimeout(commandLimit) { [options] in
                try await run(
                    program.hasPrefix("/") ? .path(FilePath(program)) : .name(program),
                    arguments: Arguments(Array(words.dropFirst())),
                    platformOptions: options,
                    output: .bytes(limit: SecretResolver.maximum),
                    error: .discarded
                )
            }
            guard let result else {
                throw SecretFailure(
                    description: "secret \(name): the command \(command) did not end within \(commandLimit)",
                    isPassing: true
                )
            }
            guard result.terminationStatus.isSuccess else {
                throw SecretFailure(
                    description: "secret \(name): the command \(command) failed (\(result.terminationStatus))",
                    isPassing: true
                )
            }
            return result.standardOutput
        } catch let failure as SecretFailure {
            throw failure
        } catch {
            throw SecretFailure(description: "secret \(name): the command \(command): \(error)")
        }
    }

    private static func trimmed(_ bytes: [UInt8]) -> ArraySlice<UInt8> {
        guard bytes.last == UInt8(ascii: "\n") else { return bytes[...] }
        let line = bytes.dropLast()
        return line.last == UInt8(ascii: "\r") ? line.dropLast() : line
    }
}

/// The result of an operation, `nil` when it did not end in time and was cancelled.
private func withTimeout<Value: Sendable>(
    _ limit: Duration,
    _ operation: @escaping @Sendable () async throws -> Value
) async throws -> Value? {
    try await withThrowingTaskGroup(of: Value?.self) { group in
        group.addTask { try await operation() }
        group.addTask {
            try await Task.sleep(for: limit)
            return nil
        }
        defer { group.cancelAll() }
        return try await group.next() ?? nil
    }
}
