/// `name=value`, as options have it.
struct Pair {
    var name: String
    var value: String

    init(parsing text: String, option: String) throws(CommandFailure) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty else {
            throw CommandFailure(.usage, "\(option): \"\(text)\" must be name=value")
        }
        name = String(parts[0])
        value = String(parts[1])
    }
}
