import Glibc
import HoistwayModel
import Synchronization

@testable import Recipes

/// A folder of a test's own, in which recipes run and programs are started; gone with `with`.
struct Sandbox: Sendable {
    let path: String
    /// Variables on top of those of the test run.
    var variables: [String: String] = [:]

    private static let count = Atomic(0)

    /// Lends a new folder.
    static func with<Value>(_ body: (Sandbox) async throws -> Value) async throws -> Value {
        let number = count.add(1, ordering: .relaxed).newValue
        let path = "/tmp/hoistway-recipes-\(getpid())-\(number)"
        try Files.remove(path)
        try Files.makeDirectory(path)
        defer { try? Files.remove(path) }
        return try await body(Sandbox(path: path))
    }

    var environment: [String: String] {
        ["PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin", "HOME": path, "LANG": "C.UTF-8"].merging(variables) { $1 }
    }

    /// Runs a program to its end.
    /// - Throws: `ProgramFailure` when it does not exit with 0.
    @discardableResult
    func program(_ words: String..., in directory: String? = nil) async throws -> String {
        let command = Command(arguments: words, environment: environment, directory: directory ?? path)
        let outcome = try await command.capture(log: nil)
        guard outcome.succeeded else { throw ProgramFailure(words: words, diagnostics: outcome.diagnostics) }
        return outcome.output.trimmed
    }

    func write(_ text: String, to name: String, mode: mode_t = 0o644) throws {
        let file = name.hasPrefix("/") ? name : path + "/" + name
        if let slash = file.lastIndex(of: "/") { try Files.makeDirectory(String(file[..<slash])) }
        try Files.write(text, to: file, mode: mode)
    }

    func read(_ name: String) -> String? {
        let file = name.hasPrefix("/") ? name : path + "/" + name
        return (try? Files.read(file)).map { String(decoding: $0, as: UTF8.self) }
    }
}

struct ProgramFailure: Error {
    var words: [String]
    var diagnostics: String
}

/// Waits for a condition, at most for a while.
func until(_ deadline: Duration = .seconds(60), _ condition: () async throws -> Bool) async throws {
    let end = ContinuousClock().now + deadline
    while try await !condition() {
        guard ContinuousClock().now < end else { throw DeadlinePassed() }
        try await Task.sleep(for: .milliseconds(10))
    }
}

struct DeadlinePassed: Error {}
