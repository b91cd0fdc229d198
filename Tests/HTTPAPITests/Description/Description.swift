import HTTPAPI
import HoistwayModel
import Testing

/// The OpenAPI document, and what it says of answers.
struct Description: Sendable {
    static let shared = Description()

    let document: JSON
    let schema: JSONSchema
    private let paths: [(segments: [Substring], item: JSON)]

    private init() {
        document = (try? JSON(parsing: Array(DescriptionFace.document.utf8))) ?? .null
        schema = JSONSchema(document: document)
        paths = (document["paths"]?.objectValue ?? [:]).map { (Self.segments($0.key[...]), $0.value) }
    }

    struct Operation: Sendable {
        var method: String
        var path: String
        var operation: JSON
        /// Those of its path, too.
        var parameters: [JSON]
    }

    var operations: [Operation] {
        var all: [Operation] = []
        for path in document["paths"]?.objectValue ?? [:] {
            let shared = path.value["parameters"]?.arrayValue ?? []
            for member in path.value.objectValue ?? [:] where member.key != "parameters" {
                let parameters = (shared + (member.value["parameters"]?.arrayValue ?? [])).map { schema.resolved($0) }
                let method = member.key.uppercased()
                all.append(Operation(method: method, path: path.key, operation: member.value, parameters: parameters))
            }
        }
        return all
    }

    private static func segments(_ path: Substring) -> [Substring] {
        path.split(separator: "/", omittingEmptySubsequences: false)
    }

    /// The operation that answers a request; nil where the router has none either.
    func operation(_ method: String, _ target: String) -> JSON? {
        let path = Self.segments(target.prefix { $0 != "?" })
        let wanted = method == "HEAD" ? "get" : method.lowercased()
        let fitting = paths.filter { pattern, item in
            pattern.count == path.count && item[wanted] != nil
                && zip(pattern, path).allSatisfy { $0.0.hasPrefix("{") || $0.0 == $0.1 }
        }
        // A name goes before a capture, as in the router.
        return fitting.min { $0.segments.count { $0.hasPrefix("{") } < $1.segments.count { $0.hasPrefix("{") } }?
            .item[wanted]
    }

    /// What an answer has that is not described.
    func problems(with answer: Answer, to method: String, _ target: String) -> [String] {
        guard let operation = operation(method, target) else { return [] }
        guard let described = operation["responses"]?[String(answer.status)] else {
            return ["\(method) \(target): \(answer.status) is not described: \(answer.text.prefix(200))"]
        }
        let response = schema.resolved(described)
        var problems = problems(withHeadersOf: answer, response)
        let content = response["content"]?.objectValue ?? [:]
        if answer.body.isEmpty {
            if content.isEmpty || method == "HEAD" { return problems }
            // A log may be empty.
            if content["text/plain"] != nil { return problems }
        }
        let type = (answer[header: "content-type"] ?? "").prefix { $0 != ";" }
        guard let form = content[String(type)] else {
            return problems + ["\(method) \(target): \(answer.status) with \"\(type)\" is not described"]
        }
        let value = type.hasSuffix("json") ? answer.json : .string(answer.text)
        problems += schema.problems(in: value, form["schema"] ?? .null)
        return problems.map { "\(method) \(target): \(answer.status)\($0)" }
    }

    private func problems(withHeadersOf answer: Answer, _ response: JSON) -> [String] {
        (response["headers"]?.objectValue ?? [:]).flatMap { header -> [String] in
            let described = schema.resolved(header.value)
            guard let text = answer[header: header.key] else {
                return described["required"] == true ? [": the header \(header.key) is missing"] : []
            }
            let isNumber = described["schema"]?["type"] == "integer"
            let value = isNumber ? (try? JSON(parsing: Array(text.utf8))) ?? .null : JSON.string(text)
            return schema.problems(in: value, described["schema"] ?? .null, at: " \(header.key)")
        }
    }
}
