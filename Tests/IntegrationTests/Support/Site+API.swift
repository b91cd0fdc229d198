import TestSupport
import Testing

extension Site {
    /// Starts the API on a free port.
    /// - Returns: where it is, too.
    func api(_ options: [String] = []) async throws -> (program: RunningProgram, url: String) {
        let listen = options.contains("--listen") ? [] : ["--listen", "127.0.0.1:0"]
        let program = try await Program.start(
            ["api", "--redis", url, "--prefix", prefix] + listen + options,
            log: "\(directory.path)/api.log"
        )
        try await eventually("the API to listen") { program.printed.contains("the API is at ") }
        let text = program.printed
        let start = try #require(text.firstRange(of: "the API is at "))
        return (program, String(text[start.upperBound...].prefix { !$0.isNewline }))
    }
}

/// Runs curl.
func curl(_ arguments: String...) async throws -> (status: Int, body: String) {
    let result = try await Program.run(["-sS", "-w", "\n%{http_code}"] + arguments, of: "/usr/bin/curl")
    let lines = result.output.split(separator: "\n", omittingEmptySubsequences: false)
    return (Int(lines.last ?? "") ?? 0, lines.dropLast().joined(separator: "\n"))
}
