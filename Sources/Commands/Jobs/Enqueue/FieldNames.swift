import HoistwayModel

extension DocumentBuilder {
    private static let singular = ["secrets": "--secret", "labels": "--label"]

    /// The word of the command line that a field of the document comes from: `--max-attempts` for `maxAttempts`, `--env A` for
    /// `env.A`.
    static func option(for field: String, type: JobType?) -> String {
        let parts = field.split(separator: ".", maxSplits: 1).map(String.init)
        let name = String(parts[0].prefix { $0 != "[" })
        if name == "type" { return "TYPE" }
        if name == "resourceId" || name == type?.idKey { return "RESOURCE" }
        var option = singular[name] ?? "--"
        if option == "--" {
            for character in name {
                if character.isUppercase { option += "-" }
                option += character.lowercased()
            }
        }
        return parts.count == 2 && ["env", "secrets", "labels", "backoff"].contains(name)
            ? "\(option) \(parts[1])" : option
    }

    /// The refusal of a document, in the words of the command line.
    static func failure(_ refusal: Refusal, type: JobType? = nil) -> CommandFailure {
        guard !refusal.fieldErrors.isEmpty else { return CommandFailure(refusal) }
        let text = refusal.fieldErrors.entries.map { "\(option(for: $0.field, type: type)): \($0.message)" }
        let code: CommandFailure.Code =
            [.conflict, .queueFull, .quarantined].contains(refusal.code) ? .failed : .usage
        return CommandFailure(code, text.joined(separator: "; "))
    }
}
