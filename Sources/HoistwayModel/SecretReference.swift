/// Where a worker finds a secret: the value itself is never in a document, nor in Redis.
public enum SecretReference: Sendable, Hashable {
    /// The content of a file on the worker, by absolute path.
    case file(String)
    /// A variable of the worker's own environment.
    case environment(String)
    /// What a command prints that the worker's configuration defines under this name.
    case command(String)

    public init?(_ text: String) {
        guard let colon = text.firstIndex(of: ":"), text.utf8.count <= 4096, !text.utf8.contains(0) else { return nil }
        let value = String(text[text.index(after: colon)...])
        switch text[..<colon] {
        case "file" where value.hasPrefix("/"): self = .file(value)
        case "env" where Identifier.isVariable(value): self = .environment(value)
        case "command" where Identifier.isName(value): self = .command(value)
        default: return nil
        }
    }

    public var description: String {
        switch self {
        case .file(let path): "file:\(path)"
        case .environment(let name): "env:\(name)"
        case .command(let name): "command:\(name)"
        }
    }
}
