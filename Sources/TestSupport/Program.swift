import Glibc
import Subprocess
import SystemPackage

/// The built programs, beside the test bundle.
package enum Program {
    package static let folder: String = {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        let path = String(decoding: buffer[..<max(0, count)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return path.split(separator: "/").dropLast().reduce(into: "") { $0 += "/\($1)" }
    }()

    package static var hoistway: String { "\(folder)/hoistway" }
    package static var monitor: String { "\(folder)/hoistway-monitor" }

    /// What a program did.
    package struct Result: Sendable {
        /// The exit code, or 128 and the number of the signal.
        package var status: Int
        package var output: String
        package var errors: String
    }

    /// Runs the command line, or another program, to its end.
    package static func run(
        _ arguments: [String],
        of program: String = hoistway,
        environment: [String: String] = [:]
    ) async throws -> Result {
        var variables = Environment.inherit
        for (name, value) in environment {
            variables = variables.updating([.init(stringLiteral: name): value])
        }
        let result = try await Subprocess.run(
            .path(FilePath(program)),
            arguments: Arguments(arguments),
            environment: variables,
            output: .string(limit: 16 << 20),
            error: .string(limit: 1 << 20)
        )
        let status =
            switch result.terminationStatus {
            case .exited(let code): Int(code)
            case .signaled(let signal): 128 + Int(signal)
            }
        return Result(status: status, output: result.standardOutput, errors: result.standardError)
    }

    /// Starts the command line in the background; it dies with this process.
    /// - Parameter wrapper: a program and its arguments that runs it in its place.
    package static func start(
        _ arguments: [String],
        environment: [String: String] = [:],
        wrapper: [String] = [],
        log: String
    ) async throws -> RunningProgram {
        let assignments = environment.map { "\($0.key)=\($0.value)" }
        let pid = try await ChildProcess.start(["env"] + assignments + wrapper + [hoistway] + arguments, log: log)
        return RunningProgram(pid: pid, log: log)
    }
}

/// A program in the background.
package struct RunningProgram: Sendable {
    package let pid: pid_t
    /// The file with what it prints.
    package let log: String

    /// Sends a signal, and waits for the end unless told otherwise.
    package func end(_ signal: CInt = SIGKILL) async throws {
        try await ChildProcess.end(pid, signal)
    }

    package func send(_ signal: CInt) {
        kill(pid, signal)
    }

    /// Waits until it ended by itself.
    /// - Returns: its exit code, or 128 and the number of the signal.
    package func waitForEnd(timeout: Duration = .seconds(30)) async throws -> Int {
        var status: Int32 = 0
        try await eventually("the end of process \(pid)", timeout: timeout) {
            waitpid(pid, &status, WNOHANG) == pid
        }
        return status & 0x7F == 0 ? Int(status >> 8 & 0xFF) : 128 + Int(status & 0x7F)
    }

    package var printed: String {
        let file = open(log, O_RDONLY)
        guard file >= 0 else { return "" }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = read(file, &bytes, bytes.count)
        return String(decoding: bytes[..<max(0, count)], as: UTF8.self)
    }
}

/// Processes of this host whose environment carries a variable with a value that begins so.
package func processes(with variable: String, beginning value: String) -> [pid_t] {
    guard let listing = opendir("/proc") else { return [] }
    defer { closedir(listing) }
    var found: [pid_t] = []
    while let entry = readdir(listing) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
            pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        guard let pid = pid_t(name) else { continue }
        let file = open("/proc/\(pid)/environ", O_RDONLY)
        guard file >= 0 else { continue }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 64 * 1024)
        let count = read(file, &bytes, bytes.count)
        let variables = bytes[..<max(0, count)].split(separator: 0)
        if variables.contains(where: { $0.starts(with: "\(variable)=\(value)".utf8) }) { found.append(pid) }
    }
    return found
}
