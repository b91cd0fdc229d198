/// What is wrong with a document, by field, in the order found.
public struct FieldErrors: Sendable, Hashable {
    public private(set) var entries: [Entry] = []

    public struct Entry: Sendable, Hashable {
        public var field: String
        public var message: String
    }

    public init() {}

    public var isEmpty: Bool { entries.isEmpty }

    public mutating func add(_ field: String, _ message: String) {
        if !entries.contains(where: { $0.field == field }) { entries.append(Entry(field: field, message: message)) }
    }

    public var json: JSON {
        .object(JSONObject(entries.map { JSONObject.Member(key: $0.field, value: .string($0.message)) }))
    }
}

/// Why a document, command or action was refused, in the shape of the wire: `{"code","message","fieldErrors"}`.
public struct Refusal: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable {
        case invalidJSON = "invalid_json"
        case invalidDocument = "invalid_document"
        case tooLarge = "too_large"
        case unknownType = "unknown_type"
        case unknownCommand = "unknown_command"
        case idInUse = "id_in_use"
        case conflict
        case unknownDependency = "unknown_dependency"
        case notFound = "not_found"
        case wrongState = "wrong_state"
        case alreadyEnded = "already_ended"
        case queueFull = "queue_full"
        case quarantined
        case versionChanged = "version_changed"
    }

    public var code: Code
    public var message: String
    public var fieldErrors: FieldErrors

    public init(_ code: Code, _ message: String, fieldErrors: FieldErrors = FieldErrors()) {
        self.code = code
        self.message = message
        self.fieldErrors = fieldErrors
    }

    /// A refusal for one field.
    public init(_ code: Code, field: String, _ message: String) {
        var errors = FieldErrors()
        errors.add(field, message)
        self.init(code, "\(field): \(message)", fieldErrors: errors)
    }

    public init(_ errors: FieldErrors) {
        let text = errors.entries.map { "\($0.field): \($0.message)" }.joined(separator: "; ")
        self.init(.invalidDocument, text, fieldErrors: errors)
    }

    public var description: String { message }

    public var json: JSON {
        ["code": .string(code.rawValue), "message": .string(message), "fieldErrors": fieldErrors.json]
    }
}
