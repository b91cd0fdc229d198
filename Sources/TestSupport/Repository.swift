/// The files that the tests were built from.
package enum Repository {
    private static let folder = #filePath.split(separator: "/").dropLast(3).reduce(into: "") { $0 += "/\($1)" }

    /// The text of a file, with every line ended.
    package static func text(_ path: String) throws -> String {
        guard let text = Site.text("\(folder)/\(path)") else { throw TimedOut(description: "\(path) cannot be read") }
        return text + "\n"
    }

    /// What stands between each line that begins with `opening` and the next line that is `closing`, both left out.
    package static func blocks(of text: String, from opening: String, to closing: String) -> [String] {
        var blocks: [String] = []
        var open: [Substring]?
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if let lines = open {
                open = line == closing ? nil : lines + [line]
                if open == nil { blocks.append(lines.map { "\($0)\n" }.joined()) }
            } else if line.hasPrefix(opening) {
                open = []
            }
        }
        return blocks
    }
}
