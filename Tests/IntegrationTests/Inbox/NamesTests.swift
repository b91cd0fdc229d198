import Glibc
import HoistwayModel
import RESP
import TestSupport
import Testing

/// Names that tempt whoever builds keys, patterns, JSON or shell words of them.
@Suite(.redis, .timeLimit(.minutes(3)))
struct NamesTests {
    static let resources = [
        #"we"ird"#, #"back\slash"#, "spaces and 'quotes'", "*", "[x]?", "%s%d", "é漢字🚀", "a:b@c!d", "../..", "-rf",
        "$(id)",
        String(repeating: "x", count: 256), String(repeating: "é", count: 128),
    ]

    @Test func resourcesKeysAndLabels() async throws {
        try await Site.with { site in
            try site.recipe(
                "backup",
                #"printf '%s' "$HOISTWAY_RESOURCE_ID" > "$HOISTWAY_WORKSPACE/id"; cat "$HOISTWAY_WORKSPACE/id"; echo"#
            )
            let worker = try await site.worker()
            for (index, resource) in Self.resources.enumerated() {
                let text = JSON.string(resource).text
                for suffix in ["a", "b"] {
                    let fields =
                        #""id":"j\#(index)\#(suffix)","labels":{"k":\#(text)},"title":\#(text),"onConflict":"supersede""#
                    try await site.push("backup", #"{\#(fields),"resourceId":\#(text),"concurrencyKey":\#(text)}"#)
                    let job = try await site.ended("j\(index)\(suffix)")
                    #expect(job["status"] == "done" && job["resourceId"] == resource, "\(job)")
                }
                #expect(try await site.log("j\(index)b").hasSuffix(" INFO \(resource)"))
                let listed = try await site.hoistway(
                    "list",
                    "--json",
                    "--resource=\(resource)",
                    "--label=k=\(resource)"
                )
                let items = try JSON(parsing: listed.output)["items"]?.arrayValue
                #expect(
                    items?.map { $0["id"]?.stringValue } == ["j\(index)b", "j\(index)a"],
                    "\(resource): \(listed.errors)"
                )
                for entry in try await site.list("job:j\(index)a:history") { _ = try JSON(parsing: entry) }
                #expect(try await site.order(#""command":"remove","id":"j\#(index)a""#)["ok"] == true)
            }
            try await worker.end(SIGTERM)
        }
    }

    @Test func typesNodesIdsAndPrefixes() async throws {
        try await Site.with(prefix: "a*b[c]{tag}") { site in
            let type = "terra.form_2-x"
            try site.recipe(type, "true")
            let worker = try await site.worker(["--node", "p1.eu_2-x"])
            let id = "A." + String(repeating: "z", count: 126)
            try await site.push(type, #"{"id":"\#(id)","resourceId":"r","node":"p1.eu_2-x","priority":1}"#)
            #expect(try await site.ended(id)["status"] == "done")
            let unserved = try await site.order(#""command":"kill","type":"\#(type)""#)
            #expect(unserved["count"] == 0)
            #expect(try await site.hoistway("list", "--type", type).output.contains("r"))
            try await worker.end(SIGTERM)
        }
    }
}
