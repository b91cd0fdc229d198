/// `${NAME}` in text.
enum Variables {
    /// The text with every `${NAME}` replaced, by nothing where there is no such variable; `nil` when the text was only the
    /// name of one that is not set, so that it is not passed on either.
    static func expand(_ text: String, from environment: [String: String]) -> String? {
        var result = ""
        var rest = text[...]
        while let start = rest.firstRange(of: "${"), let end = rest[start.upperBound...].firstIndex(of: "}") {
            let name = String(rest[start.upperBound..<end])
            result += rest[..<start.lowerBound]
            if text == "${\(name)}" { return environment[name] }
            result += environment[name] ?? ""
            rest = rest[rest.index(after: end)...]
        }
        return result + rest
    }
}
