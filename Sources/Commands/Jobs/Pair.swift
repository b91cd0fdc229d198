import HoistwayModel

/// `name=value`, as options have it.
struct Pair {
    var name: String
    var value: String

    init(parsing text: String, option: String) throws(CommandFailure) {
        guard let pair = text.assignment, !pair.name.isEmpty else {
            throw CommandFailure(.usage, "\(option): \"\(text)\" must be name=value")
        }
        (name, value) = pair
    }
}
