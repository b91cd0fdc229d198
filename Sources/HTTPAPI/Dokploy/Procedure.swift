import HTTPTypes
import HoistwayModel

/// An action of the Dokploy face: `<entity>.<action>`, reached by REST and by tRPC.
struct Procedure: Sendable {
    enum Kind: Sendable {
        /// Reads; GET.
        case query
        /// Changes something; POST.
        case mutation
    }

    /// What is asked of a procedure.
    struct Call: Sendable {
        var input: Input
        /// For what has its effect once in 24 hours.
        var requestID: String
        var caller: Caller
    }

    /// What a procedure answers, for the OpenAPI document.
    enum Answer: String, Sendable, CaseIterable {
        case deployment = "Deployment"
        case deployments = "Deployments"
        case queue = "Queue"
        case accepted = "Accepted"
        case success = "Success"
        case cancelled = "Cancelled"
        case log = "Log"
        case health = "Health"
        case document = "Document"
    }

    typealias Run = @Sendable (Call) async throws -> JSON

    var name: String
    var kind: Kind
    var scope: AccessScope
    var summary: String
    var fields: [Field]
    var answer: Answer
    var run: Run

    static func query(
        _ name: String,
        _ summary: String,
        _ fields: [Field],
        _ answer: Answer,
        _ run: @escaping Run
    ) -> Procedure {
        Procedure(
            name: name,
            kind: .query,
            scope: .read,
            summary: summary,
            fields: fields,
            answer: answer,
            run: run
        )
    }

    static func mutation(
        _ name: String,
        _ scope: AccessScope,
        _ summary: String,
        _ fields: [Field],
        _ answer: Answer,
        _ run: @escaping Run
    ) -> Procedure {
        Procedure(
            name: name,
            kind: .mutation,
            scope: scope,
            summary: summary,
            fields: fields,
            answer: answer,
            run: run
        )
    }
}

/// A field of a procedure's input.
struct Field: Sendable {
    enum Kind: Sendable {
        /// The id of something.
        case id
        /// Text for people, which may be missing or null.
        case prose
        /// May be missing; in a query it comes as text.
        case integer(ClosedRange<Int>)
        case choice([String])
        /// An id that may be missing.
        case optionalID
    }

    var name: String
    var kind: Kind

    init(_ name: String, _ kind: Kind) {
        self.name = name
        self.kind = kind
    }

    var isRequired: Bool {
        switch kind {
        case .id, .choice: true
        case .prose, .integer, .optionalID: false
        }
    }
}

/// The checked input of a procedure. Fields that it does not know are let be, as the product's own server does.
struct Input: Sendable {
    private var values: [String: JSON] = [:]

    /// - Throws: ``Problem`` (400) that names every field that is wrong.
    init(_ object: JSONObject, _ fields: [Field]) throws(Problem) {
        var errors = FieldErrors()
        for field in fields {
            guard let value = object[field.name], !value.isNull else {
                if field.isRequired { errors.add(field.name, "Required") }
                continue
            }
            if let problem = Input.problem(in: value, field.kind) {
                errors.add(field.name, problem)
            } else {
                values[field.name] = value
            }
        }
        guard errors.isEmpty else {
            throw Problem(
                .badRequest,
                code: "invalid_input",
                "Input validation failed",
                fieldErrors: errors
            )
        }
    }

    subscript(name: String) -> String { values[name]?.stringValue ?? "" }
    /// The text of a field that may be missing.
    func text(_ name: String) -> String? { values[name]?.stringValue }
    func integer(_ name: String) -> Int? { values[name].flatMap(Input.integer) }

    private static func integer(_ value: JSON) -> Int? { value.intValue ?? value.stringValue.flatMap { Int($0) } }

    private static func problem(in value: JSON, _ kind: Field.Kind) -> String? {
        if case .integer(let range) = kind {
            guard let number = integer(value), range.contains(number) else {
                return "must be an integer from \(range.lowerBound) to \(range.upperBound)"
            }
            return nil
        }
        guard let text = value.stringValue else { return "Expected string, received \(value.kind)" }
        switch kind {
        case .id, .optionalID:
            return DocumentReader.isText(text) ? nil : "must be 1 to 256 bytes without control characters"
        case .choice(let words):
            return words.contains(text) ? nil : "must be one of \(words.joined(separator: ", "))"
        case .prose, .integer: return nil
        }
    }
}
