import HoistwayModel

/// An OpenAPI document as a page, written once.
struct DocsPage {
    private let document: JSON
    private static let methods = ["get", "put", "post", "delete", "patch"]

    static func text(of document: JSON) -> String {
        let title = document["info"]?["title"]?.stringValue ?? ""
        return Page.text("\(title): API", DocsPage(document: document).body)
    }

    private var body: HTML {
        let tags = document["tags"]?.arrayValue ?? []
        let title = document["info"]?["title"]?.stringValue ?? ""
        let links = tags.map { tag -> HTML in
            "<a href=\"#\(DocsPage.anchor(tag))\">\(tag["name"]?.stringValue ?? "")</a>\n"
        }
        return """
            <h1>\(title): the HTTP API</h1>
            \(Prose.html(document["info"]?["description"]?.stringValue ?? ""))
            <p>The same for programs: <a href="/openapi.json">openapi.json</a>.</p>
            <form method="post" action="/logout"><button>Log this browser out</button></form>
            <nav aria-label="Sections">\(links)<a href="#schemas">Schemas</a></nav>
            \(tags.map(section))
            <h2 id="schemas">Schemas</h2>
            \((document["components"]?["schemas"]?.objectValue ?? [:]).map { schema($0.key, $0.value) })
            """
    }

    private static func anchor(_ tag: JSON) -> String {
        (tag["name"]?.stringValue ?? "").lowercased().replacing(" ", with: "-")
    }

    private func section(_ tag: JSON) -> HTML {
        let paths = document["paths"]?.objectValue ?? [:]
        let operations = paths.flatMap { path in
            DocsPage.methods.compactMap { method -> HTML? in
                guard let operation = path.value[method], operation["tags"]?.arrayValue?.first == tag["name"] else {
                    return nil
                }
                let shared = path.value["parameters"]?.arrayValue ?? []
                return self.operation(method, path.key, operation, shared)
            }
        }
        return """
            <h2 id="\(DocsPage.anchor(tag))">\(tag["name"]?.stringValue ?? "")</h2>
            \(Prose.html(tag["description"]?.stringValue ?? ""))
            \(operations)
            """
    }

    private func operation(_ method: String, _ path: String, _ operation: JSON, _ shared: [JSON]) -> HTML {
        let parameters = (shared + (operation["parameters"]?.arrayValue ?? [])).map(resolved)
        let answers = (operation["responses"]?.objectValue ?? [:]).map { answer($0.key, resolved($0.value)) }
        return """
            <details id="\(operation["operationId"]?.stringValue ?? "")">
            <summary><b>\(method.uppercased())</b> <code>\(path)</code><br><small>\(summary(of: operation))</small></summary>
            <div class="note">\(Prose.html(operation["description"]?.stringValue ?? ""))</div>
            \(parameters.isEmpty ? HTML.empty : "<h3>Parameters</h3>\(table(of: parameters))")
            \(body(of: operation))
            <h3>Answers</h3><div class="scroll"><table>\(answers)</table></div>
            </details>

            """
    }

    private func summary(of operation: JSON) -> [HTML] { Prose.pieces(operation["summary"]?.stringValue ?? "") }

    private func table(of parameters: [JSON]) -> HTML {
        let rows = parameters.map { parameter -> HTML in
            let isNeeded = parameter["required"]?.boolValue ?? false
            let place = parameter["in"]?.stringValue ?? ""
            return """
                <tr><td><code>\(parameter["name"]?.stringValue ?? "")</code><br>
                <span class="need">\(place)\(isNeeded ? ", required" : "")</span></td>
                <td>\(kind(of: parameter["schema"] ?? [:]))</td>
                <td>\(Prose.html(parameter["description"]?.stringValue ?? ""))\(example(parameter["example"]))</td></tr>
                """
        }
        return "<div class=\"scroll\"><table>\(rows)</table></div>"
    }

    private func body(of operation: JSON) -> HTML {
        guard let body = operation["requestBody"] else { return .empty }
        let isNeeded = body["required"]?.boolValue ?? false
        let contents = (body["content"]?.objectValue ?? [:]).map { content($0.key, $0.value) }
        return "<h3>Body\(isNeeded ? "" : ", which may be left out")</h3>\(contents)"
    }

    private func content(_ type: String, _ content: JSON) -> HTML {
        let examples = (content["examples"]?.objectValue ?? [:]).map { example($0.value["value"]) }
        return
            "<p><code>\(type)</code>: \(kind(of: content["schema"] ?? [:]))</p>\(example(content["example"]))\(examples)"
    }

    private func answer(_ status: String, _ answer: JSON) -> HTML {
        let headers = (answer["headers"]?.objectValue ?? [:]).map { "<code>\($0.key)</code> " as HTML }
        let contents = (answer["content"]?.objectValue ?? [:]).map { content($0.key, $0.value) }
        return """
            <tr><td><code>\(status)</code></td>
            <td>\(Prose.html(answer["description"]?.stringValue ?? ""))\(contents)
            <p class="need">\(headers.isEmpty ? HTML.empty : "Headers: \(headers)")</p></td></tr>

            """
    }

    private func example(_ value: JSON?) -> HTML { value.map { "<pre>\(Prose.pretty($0))</pre>" } ?? .empty }

    private func resolved(_ value: JSON) -> JSON {
        guard let path = value["$ref"]?.stringValue else { return value }
        return path.split(separator: "/").dropFirst().reduce(document) { $0[String($1)] ?? [:] }
    }
}

extension DocsPage {
    private func schema(_ name: String, _ schema: JSON) -> HTML {
        let forms = schema["oneOf"]?.arrayValue ?? schema["anyOf"]?.arrayValue ?? []
        return """
            <details id="schema-\(name)"><summary><code>\(name)</code></summary>
            <div class="note">\(Prose.html(schema["description"]?.stringValue ?? ""))</div>
            <p>\(forms.isEmpty ? kind(of: schema) : HTML.empty)</p>
            \(fields(of: schema))
            \(forms.map { "<p>One of: \($0["title"]?.stringValue ?? "") \(kind(of: $0))</p>\(fields(of: $0))" as HTML })
            \(example(schema["example"]))
            </details>

            """
    }

    private func fields(of schema: JSON) -> HTML {
        guard let properties = schema["properties"]?.objectValue else { return .empty }
        let needed = Set((schema["required"]?.arrayValue ?? []).compactMap(\.stringValue))
        let rows = properties.map { property -> HTML in
            """
            <tr><td><code>\(property.key)</code>\(needed.contains(property.key) ? Self.needed : HTML.empty)</td>
            <td>\(kind(of: property.value))</td>
            <td>\(Prose.html(property.value["description"]?.stringValue ?? ""))\(fields(of: property.value))</td></tr>

            """
        }
        return "<div class=\"scroll\"><table>\(rows)</table></div>"
    }

    private static let needed: HTML = "<br><span class=\"need\">required</span>"

    /// What a value can be, in a few words.
    private func kind(of schema: JSON) -> HTML {
        if let name = schema["$ref"]?.stringValue?.split(separator: "/").last {
            return "<a href=\"#schema-\(name)\">\(name)</a>"
        }
        if let words = schema["enum"]?.arrayValue {
            return "\(words.map { "<code>\($0.stringValue ?? $0.text)</code> " as HTML })"
        }
        if let constant = schema["const"] { return "<code>\(constant.stringValue ?? constant.text)</code>" }
        if let forms = schema["anyOf"]?.arrayValue ?? schema["oneOf"]?.arrayValue {
            return "\(forms.enumerated().map { "\($0 == 0 ? "" : " or ")\(kind(of: $1))" as HTML })"
        }
        let types = schema["type"]?.arrayValue?.compactMap(\.stringValue) ?? [schema["type"]?.stringValue ?? "anything"]
        var words: HTML = "\(types.joined(separator: " or "))"
        if let items = schema["items"] { words = "\(words) of \(kind(of: items))" }
        for (key, sign) in [("minimum", "≥"), ("maximum", "≤")] {
            if let bound = schema[key] { words = "\(words), \(sign) \(bound.text)" }
        }
        if let pattern = schema["pattern"]?.stringValue { words = "\(words) <code>\(pattern)</code>" }
        if let standard = schema["default"] { words = "\(words), else <code>\(standard.text)</code>" }
        return words
    }
}
