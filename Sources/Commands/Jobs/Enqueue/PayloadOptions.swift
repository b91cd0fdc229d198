import ArgumentParser

/// The recipe's input as options.
struct PayloadOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The recipe's input: JSON, @file, or - for standard input.", valueName: "json"))
    var payload: String?

    @Option(help: ArgumentHelp("Put a value into the payload; may be repeated.", valueName: "key=value"))
    var set: [String] = []

    func bytes(_ console: Console) throws(CommandFailure) -> [UInt8]? {
        guard let payload else { return nil }
        if payload == "-" { return console.input() }
        guard payload.hasPrefix("@") else { return Array(payload.utf8) }
        let path = String(payload.dropFirst())
        do throws(SystemFile.Failure) {
            return try SystemFile.read(console.path(path))
        } catch {
            throw CommandFailure(.usage, "--payload: \(path) cannot be read: \(error.reason)")
        }
    }
}
