import Glibc
import Hoistway
import TestSupport
import Testing

/// The article "Producing from Swift" shows code that was compiled, and that does what the article says.
@Suite(.redis, .timeLimit(.minutes(3)))
struct ArticleTests {
    @Test func theArticleShowsTheCompiledCode() throws {
        let source = try Repository.text("Tests/HoistwayTests/Examples.swift")
        let article = try Repository.text("Sources/Hoistway/Hoistway.docc/Swift.md")
        let regions = Repository.blocks(of: source, from: "// example: ", to: "// end")
        #expect(regions.count > 10)
        #expect(Repository.blocks(of: article, from: "```swift", to: "```") == regions)
    }

    @Test func theExamplesDoWhatTheySay() async throws {
        try await Site.with(prefix: "hoistway") { site in
            try site.recipe("application", #"case "$(cat)" in *nap*) exec sleep 100 ;; *) echo deployed ;; esac"#)
            try site.recipe(
                "backup",
                #"case "$(cat)" in *fail*) exit 1 ;; *) echo '{"result":{"ref":"v1","replicas":2}}' >&3 ;; esac"#
            )
            let worker = try await site.worker(["--slots", "4"])
            let deployed = try await deploy(url: site.url)
            #expect(deployed.status == .done)
            try await withHoistway(site.url) { hoistway in
                try await theJobs(hoistway, deployed, site)
                try await theEnds(hoistway)
            }
            try await worker.end(SIGTERM)
        }
    }

    private func theJobs(_ hoistway: HoistwayClient, _ deployed: Job, _ site: Site) async throws {
        #expect(try await outcome(try await enqueueText(hoistway), hoistway) == "done: v1")
        #expect(try await enqueueAll(["a", "", "b"], hoistway).count == 2)
        #expect(try document(Release(ref: "v2", replicas: 2)).checked().labels == ["team": "core"])
        #expect(report(month: "2026-01").delay == .seconds(300))

        try await show(deployed.id, hoistway)
        var copy: [UInt8] = []
        let position = try await copyLog(of: deployed.id, from: nil, hoistway) { copy += $0.bytes }
        #expect(String(decoding: copy, as: UTF8.self).hasSuffix(" INFO deployed\n"))
        #expect(position == LogPosition(attempt: 1, offset: deployed.logBytes))
        #expect(try await copyLog(of: deployed.id, from: position, hoistway) { copy += $0.bytes } == position)
        #expect(copy.count == deployed.logBytes)
    }

    private func theEnds(_ hoistway: HoistwayClient) async throws {
        let position = try await hoistway.eventPosition()
        let failing = try await hoistway.enqueue(.backup("broken", payload: ["fail": true]))
        #expect(try await firstFailure(after: position, hoistway)?.jobID == failing)
        #expect(try await againWhatFailed(hoistway).count == 1)

        let napping = try await hoistway.enqueue(.application("x", payload: ["nap": true]))
        #expect(try await giveUp(napping, hoistway).status == .error)
        let labelled = JobDocument.application("y", payload: ["nap": true]).with { $0.labels = ["team": "core"] }
        try await hoistway.enqueue(labelled)
        try await hoistway.enqueue(labelled)
        #expect(try await giveUpAll(hoistway) == 2)

        let wrong = JobDocument.backup("x").with { $0.priority = 10 }
        #expect(await explain(wrong, hoistway) == "priority must be an integer from 0 to 9")
        let unknown = await explain(report(month: "2026-01"), hoistway)
        #expect(unknown.hasPrefix("type \"report\" is not built in"), "\(unknown)")
    }
}
