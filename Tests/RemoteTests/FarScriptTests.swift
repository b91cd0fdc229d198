import Glibc
import TestSupport
import Testing

@testable import Remote

struct FarScriptTests {
    /// A script that is longer would not fit one argument of a program.
    @Test(arguments: [FarScript.run, FarScript.end])
    func fitsACommandLine(script: String) {
        #expect(script.utf8.count < 128 << 10)
        #expect(script.utf8.allSatisfy { $0 < 0x80 })
    }

    /// It is shell that every shell takes. What the first lines read in a loop, and what one part alone does not use, is
    /// beyond the checker.
    @Test(arguments: [FarScript.run, FarScript.end])
    func isPortableShell(script: String) async throws {
        let folder = try TemporaryDirectory()
        let path = "\(folder.path)/script"
        let file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        #expect(write(file, script, script.utf8.count) == script.utf8.count)
        close(file)
        for shell in ["/bin/dash", "/bin/bash"] {
            let result = try await Program.run(["-n", path], of: shell)
            #expect(result.status == 0, "\(result.errors)")
        }
        let checked = try await Program.run(
            ["-s", "sh", "-S", "warning", "-e", "SC2154,SC2034", path],
            of: "/usr/bin/shellcheck"
        )
        #expect(checked.status == 0, "\(checked.output)")
    }

    /// What the far user's shell reads must mean the same to every kind of shell.
    @Test func bootstrapIsPlain() {
        let command = FarScript.bootstrap
        #expect(command.filter { $0 == "'" }.count == 2 && !command.contains("!") && !command.contains("\n"))
        #expect(command.utf8.count < 512)
    }
}
