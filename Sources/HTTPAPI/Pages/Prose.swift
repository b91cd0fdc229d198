import HoistwayModel

/// Sentences of the description, in which paragraphs, **bold** and `code` are all there is.
enum Prose {
    static func html(_ text: String) -> HTML {
        let paragraphs = text.split(separator: "\n\n").map { paragraph -> HTML in
            "<p>\(pieces(String(paragraph.replacing("\n", with: " "))))</p>"
        }
        return "\(paragraphs)"
    }

    /// A sentence, without a paragraph around it.
    static func pieces(_ text: String) -> [HTML] {
        text.split(separator: "`", omittingEmptySubsequences: false).enumerated().map { index, piece in
            index % 2 == 1 ? "<code>\(piece)</code>" : "\(bold(piece))"
        }
    }

    private static func bold(_ text: Substring) -> [HTML] {
        text.split(separator: "**", omittingEmptySubsequences: false).enumerated().map { index, piece in
            index % 2 == 1 ? "<b>\(piece)</b>" : "\(piece)"
        }
    }

    /// JSON with a line for each member of what is not short; text as it is.
    static func pretty(_ value: JSON, indent: String = "") -> String {
        let short = value.text
        if short.utf8.count + indent.utf8.count <= 100 { return indent.isEmpty ? value.stringValue ?? short : short }
        let inner = indent + "  "
        switch value {
        case .array(let items):
            return "[\n" + items.map { inner + pretty($0, indent: inner) }.joined(separator: ",\n") + "\n\(indent)]"
        case .object(let object):
            let members = object.map { "\(inner)\(JSON.string($0.key).text): \(pretty($0.value, indent: inner))" }
            return "{\n" + members.joined(separator: ",\n") + "\n\(indent)}"
        case .string(let text) where indent.isEmpty: return text
        default: return short
        }
    }
}
