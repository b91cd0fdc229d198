import Testing

@testable import Remote

struct FarScriptTests {
    /// A script that is longer would not fit one argument of a program.
    @Test(arguments: [FarScript.run, FarScript.end])
    func fitsACommandLine(script: String) {
        #expect(script.utf8.count < 128 << 10)
        #expect(script.utf8.allSatisfy { $0 < 0x80 })
    }

    /// What the far user's shell reads must mean the same to every kind of shell.
    @Test func bootstrapIsPlain() {
        let command = FarScript.bootstrap
        #expect(command.filter { $0 == "'" }.count == 2 && !command.contains("!") && !command.contains("\n"))
        #expect(command.utf8.count < 512)
    }
}
