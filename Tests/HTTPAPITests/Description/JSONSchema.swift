import HoistwayModel

/// As much of JSON Schema 2020-12 as the description of the API uses; a word beyond that is an error.
struct JSONSchema: Sendable {
    let document: JSON

    private static let said: Set = ["description", "title", "example", "examples", "default"]

    /// What is wrong with a value, each with its place; empty when the schema allows it.
    func problems(in value: JSON, _ schema: JSON, at place: String = "") -> [String] {
        guard let words = schema.objectValue else { return ["\(place): the schema is no object"] }
        return words.flatMap { word -> [String] in
            if Self.said.contains(word.key) { return [] }
            return problems(in: value, word.key, word.value, schema, at: place)
        }
    }

    private func problems(in value: JSON, _ word: String, _ argument: JSON, _ schema: JSON, at place: String)
        -> [String]
    {
        func unless(_ holds: Bool, _ text: String) -> [String] {
            holds ? [] : ["\(place): \(text), not \(value.text.prefix(80))"]
        }
        switch word {
        case "$ref": return problems(in: value, resolved(argument.stringValue ?? ""), at: place)
        case "type":
            let types = argument.arrayValue?.compactMap(\.stringValue) ?? [argument.stringValue ?? ""]
            return unless(types.contains { Self.isOfType(value, $0) }, "must be \(types)")
        case "const": return unless(value == argument, "must be \(argument.text)")
        case "enum": return unless(argument.arrayValue?.contains(value) ?? false, "must be one of \(argument.text)")
        case "anyOf":
            return unless(argument.arrayValue?.contains { problems(in: value, $0).isEmpty } ?? false, "fits no form")
        case "oneOf":
            return unless(argument.arrayValue?.count { problems(in: value, $0).isEmpty } == 1, "must fit one form")
        case "minimum", "maximum", "minLength", "pattern", "format": return problems(in: value, word, argument, unless)
        default: return problems(inside: value, word, argument, schema, at: place)
        }
    }

    private func problems(
        in value: JSON,
        _ word: String,
        _ argument: JSON,
        _ unless: (Bool, String) -> [String]
    ) -> [String] {
        let bound = argument.doubleValue ?? 0
        switch word {
        case "minimum": return value.doubleValue.map { unless($0 >= bound, "must be at least \(bound)") } ?? []
        case "maximum": return value.doubleValue.map { unless($0 <= bound, "must be at most \(bound)") } ?? []
        case "minLength":
            return value.stringValue.map { unless($0.unicodeScalars.count >= Int(bound), "is too short") } ?? []
        case "pattern":
            guard let text = value.stringValue, let pattern = argument.stringValue else { return [] }
            return unless(Self.matches(text, pattern), "must match \(pattern)")
        default:
            guard let text = value.stringValue else { return [] }
            switch argument {
            case "date-time": return unless(Timestamp(parsing: text) != nil, "must be a time")
            case "uri-reference": return unless(!text.isEmpty && !text.contains(" "), "must be a reference")
            default: return ["\(argument.text) is a format that the checker does not know"]
            }
        }
    }

    /// Of arrays and objects.
    private func problems(
        inside value: JSON,
        _ word: String,
        _ argument: JSON,
        _ schema: JSON,
        at place: String
    ) -> [String] {
        switch word {
        case "items":
            return (value.arrayValue ?? []).enumerated().flatMap {
                problems(in: $1, argument, at: "\(place)[\($0)]")
            }
        case "maxItems":
            return (value.arrayValue?.count ?? 0) <= argument.intValue ?? 0 ? [] : ["\(place): has too many items"]
        case "required":
            guard let object = value.objectValue else { return [] }
            let missing = (argument.arrayValue ?? []).compactMap(\.stringValue).filter { object[$0] == nil }
            return missing.map { "\(place).\($0): is missing" }
        case "properties":
            return (argument.objectValue ?? [:]).flatMap { member in
                value[member.key].map { problems(in: $0, member.value, at: "\(place).\(member.key)") } ?? []
            }
        case "propertyNames":
            return (value.objectValue?.keys ?? []).flatMap { problems(in: .string($0), argument, at: "\(place).\($0)") }
        case "additionalProperties":
            let known = Set(schema["properties"]?.objectValue?.keys ?? [])
            return (value.objectValue ?? [:]).filter { !known.contains($0.key) }.flatMap { member in
                argument == false
                    ? ["\(place).\(member.key): is not described"]
                    : problems(in: member.value, argument, at: "\(place).\(member.key)")
            }
        default: return ["\(word) is a word that the checker does not know"]
        }
    }

    /// What a reference of the document points at.
    func resolved(_ reference: String) -> JSON {
        reference.split(separator: "/").dropFirst().reduce(document) { $0[String($1)] ?? .null }
    }

    /// A value, or what its reference points at.
    func resolved(_ value: JSON) -> JSON { value["$ref"]?.stringValue.map { resolved($0) } ?? value }

    private static func isOfType(_ value: JSON, _ type: String) -> Bool {
        switch type {
        case "null": value.isNull
        case "boolean": value.boolValue != nil
        case "string": value.stringValue != nil
        case "number": value.doubleValue != nil
        case "integer": value.intValue != nil
        case "array": value.arrayValue != nil
        case "object": value.objectValue != nil
        default: false
        }
    }

    /// Patterns are ECMA's; the escapes `\u0000` are the only ones that Swift writes otherwise.
    private static func matches(_ text: String, _ pattern: String) -> Bool {
        let own = pattern.replacing(/\\u([0-9a-f]{4})/) { "\\u{\($0.output.1)}" }
        guard let regex = try? Regex(own).matchingSemantics(.unicodeScalar) else { return false }
        return text.firstMatch(of: regex) != nil
    }
}
