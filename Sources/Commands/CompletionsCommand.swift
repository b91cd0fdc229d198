import ArgumentParser

struct CompletionsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completions",
        abstract: "Print a completion script for a shell.",
        discussion: "Example: hoistway completions bash > /etc/bash_completion.d/hoistway"
    )

    @Argument(
        help: "bash, zsh or fish.",
        transform: { text in
            guard let shell = CompletionShell(rawValue: text) else {
                throw ValidationError("it must be bash, zsh or fish")
            }
            return shell
        }
    )
    var shell: CompletionShell

    @OptionGroup var global: GlobalOptions

    func run() throws {
        Console.current.line(HoistwayCommand.completionScript(for: shell))
    }
}
