import HTTPAPI
import HTTPTypes
import HoistwayModel
import TestSupport
import Testing

/// That every real answer of these tests is as described is held by ``HTTPClient/send(_:_:_:body:)``.
@Suite(.redis, .timeLimit(.minutes(3))) struct DescriptionTests {
    @Test func everyRouteIsDescribedAndEveryOperationIsRouted() async throws {
        try await API.with { api async throws in
            let routes = Faces.all(api.services, isTLS: false).flatMap(\.routes).map { route -> String in
                let scope =
                    switch route.access {
                    case .open: "open"
                    case .token: "token"
                    case .scope(let scope): scope.rawValue
                    }
                return "\(route.method.rawValue) \(route.path) \(scope)"
            }
            let described = Description.shared.operations.map {
                "\($0.method) \($0.path) \($0.operation["x-scope"]?.stringValue ?? "")"
            }
            #expect(Set(routes).subtracting(described) == [])
            #expect(Set(described).subtracting(routes) == [])
            #expect(routes.count == described.count)
        }
    }

    @Test func operationsHaveNamesTagsSecurityAndTheParametersOfTheirPaths() {
        let description = Description.shared
        let tags = description.document["tags"]?.arrayValue?.compactMap { $0["name"] } ?? []
        let ids = description.operations.compactMap { $0.operation["operationId"]?.stringValue }
        #expect(ids.count == description.operations.count && Set(ids).count == ids.count && ids.count > 60)
        for described in description.operations {
            let (operation, parameters, path) = (described.operation, described.parameters, described.path)
            let name = "\(described.method) \(path)"
            #expect(operation["summary"]?.stringValue?.isEmpty == false, "\(name)")
            #expect(operation["tags"]?.arrayValue?.allSatisfy(tags.contains) == true, "\(name)")
            #expect((operation["security"] == []) == (operation["x-scope"] == "open"), "\(name)")
            let captured = path.split(separator: "/").filter { $0.hasPrefix("{") }.map { $0.dropFirst().dropLast() }
            let named = parameters.filter { $0["in"] == "path" }.compactMap { $0["name"]?.stringValue }
            #expect(captured.map(String.init).sorted() == named.sorted(), "\(name)")
            let succeeds = operation["responses"]?.objectValue?.keys.contains { $0 < "400" } ?? false
            #expect(succeeds, "\(name)")
        }
    }

    @Test func everyExampleFitsItsSchema() {
        let description = Description.shared
        var count = 0
        func check(_ value: JSON, at place: String) {
            if let elements = value.arrayValue {
                for (index, element) in elements.enumerated() { check(element, at: "\(place)/\(index)") }
            }
            guard let object = value.objectValue else { return }
            var examples = (object["examples"]?.objectValue ?? [:]).compactMap { $0.value["value"] }
            if let example = object["example"] { examples.append(example) }
            let isSchema = place.hasPrefix("/components/schemas")
            var schema = object["schema"]
            if schema == nil, isSchema { schema = .some(value) }
            if let schema {
                for example in examples {
                    count += 1
                    #expect(description.schema.problems(in: example, schema) == [], "\(place)")
                }
            }
            for member in object where !["example", "examples"].contains(member.key) {
                check(member.value, at: "\(place)/\(member.key)")
            }
        }
        check(description.document, at: "")
        #expect(count > 100)
    }

    @Test func aWrongValueIsNoticed() {
        let description = Description.shared
        let job = description.document["components"]?["schemas"]?["Job"] ?? .null
        var example = job["example"]?.objectValue ?? [:]
        #expect(description.schema.problems(in: .object(example), job) == [])
        example["status"] = "finished"
        example["createdAt"] = "yesterday"
        example["progress"] = 101
        example["colour"] = "red"
        example["title"] = nil
        #expect(description.schema.problems(in: .object(example), job).count == 5)
        let document = description.document["components"]?["schemas"]?["JobDocument"] ?? .null
        for wrong: JSON in [
            ["type": "application"], ["type": "application", "composeId": "x"],
            ["type": "backup", "backupId": "x", "env": ["HOISTWAY_X": "1"]],
        ] {
            #expect(description.schema.problems(in: wrong, document) != [], "\(wrong.text)")
        }
    }

    @Test func itIsServedWithoutATokenAndCached() async throws {
        try await API.with { api async throws in
            let answer = try await api.stranger.get("/openapi.json")
            #expect(answer.status == 200 && answer["openapi"] == "3.1.0")
            let tag = try #require(answer[header: "etag"])
            #expect(try await api.stranger.get("/openapi.json", [("if-none-match", tag)]).status == 304)
            #expect(try await api.stranger.get("/openapi.json", [("if-none-match", "\"x\"")]).status == 200)
        }
    }

    @Test func thePageShowsEveryOperationAndSchemaWithoutScripts() async throws {
        try await API.with { api async throws in
            let page = try await api.stranger.get("/docs")
            #expect(page.status == 200 && page[header: "content-type"] == "text/html; charset=utf-8")
            let policy = try #require(page[header: "content-security-policy"])
            #expect(
                policy.contains("default-src 'none'") && !policy.contains("unsafe") && !policy.contains("script-src")
            )
            for operation in Description.shared.operations {
                let id = operation.operation["operationId"]?.stringValue ?? "?"
                #expect(page.text.contains("<details id=\"\(id)\">"), "\(id)")
            }
            for name in Description.shared.document["components"]?["schemas"]?.objectValue?.keys ?? [] {
                #expect(page.text.contains("<details id=\"schema-\(name)\">"), "\(name)")
            }
            let links = page.text.matches(of: /href="#([^"]+)"/).map { String($0.output.1) }
            #expect(links.count > 100)
            for link in Set(links) { #expect(page.text.contains("id=\"\(link)\""), "\(link)") }
            for word in ["<script", "javascript:", " src=", "@import", "url("] {
                #expect(!page.text.lowercased().contains(word), "\(word)")
            }
        }
    }
}
