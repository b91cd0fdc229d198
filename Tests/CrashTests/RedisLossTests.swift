import Glibc
import RESP
import RedisClient
import TestSupport
import Testing

/// What a running attempt has told is not lost with Redis's data. Each test has a Redis of its own.
@Suite(.timeLimit(.minutes(5)), .serialized)
struct RedisLossTests {
    private func withSite(_ body: (Site) async throws -> Void) async throws {
        let redis = try await RedisServer.start()
        try await RedisServer.$current.withValue(redis) { try await Site.with { try await body($0) } }
        try await redis.stop(SIGKILL)
    }

    private static let first = #"{"progress":10,"stage":"one","message":"begun"}"#
    private static let second =
        #"{"progress":60,"stage":"two","component":"db","message":"half","result":{"url":"x"},"#
        + #""resource":{"urn":"u","status":"succeeded"},"registration":{"name":"n","status":"registered"}}"#

    /// A recipe that says one thing at once, another one when it may, and waits for its end.
    private func recipe(_ site: Site) throws {
        let folder = site.directory.path
        try site.recipe(
            "backup",
            """
            echo begun; echo '\(Self.first)' >&3
            while [ ! -e \(folder)/more ]; do sleep 0.05; done
            echo '\(Self.second)' >&3
            while [ ! -e \(folder)/gate ]; do sleep 0.05; done
            """
        )
    }

    private func open(_ site: Site, _ gate: String) {
        close(Glibc.open("\(site.directory.path)/\(gate)", O_CREAT | O_WRONLY, 0o600))
    }

    private func told(_ site: Site, names: [String] = Self.fields) async throws -> [String: String] {
        var fields: [String: String] = [:]
        for name in names { fields[name] = try await site.field("job", name) }
        return fields
    }

    private static let fields = [
        "progress", "stage", "component", "message", "result", "resources", "registrations", "startedAt", "logBytes",
        "pid", "attempt", "fence",
    ]

    private func run(_ site: Site, to progress: String) async throws {
        try await site.push("backup", #"{"id":"job","backupId":"a"}"#)
        try await eventually("the first words") { try await site.field("job", "progress") == "10" }
        guard progress != "10" else { return }
        open(site, "more")
        try await eventually("the second words") { try await site.field("job", "progress") == progress }
        try await keptFence(site)
    }

    private func keptFence(_ site: Site) async throws {
        let fence = try await site.field("job", "fence")
        try await eventually("the fence to be kept on disk") {
            Site.text("\(site.data)/fence")?.hasPrefix(fence ?? "-") == true
        }
    }

    @Test func everythingToldIsWrittenBack() async throws {
        try await withSite { site in
            try recipe(site)
            let worker = try await site.worker(leases, environment: margin)
            try await run(site, to: "60")
            let before = try await told(site)
            #expect(before.count == Self.fields.count)
            let revision = Int(try await site.field("job", "revision") ?? "") ?? 0
            _ = try await site.client.send(["FLUSHALL"])
            try await site.wait(for: "job", "running")
            #expect(try await told(site) == before)
            #expect(Int(try await site.field("job", "revision") ?? "") ?? 0 > revision)
            open(site, "gate")
            try await site.wait(for: "job", "done")
            #expect(try await site.field("job", "result") == #"{"url":"x"}"#)
            #expect(try await site.field("job", "message") == "half")
            try await worker.end(SIGTERM)
        }
    }

    /// What was told to a Redis that did not know the job comes after it, without another event.
    @Test func wordsOfTheMomentOfTheLoss() async throws {
        try await withSite { site in
            try recipe(site)
            let worker = try await site.worker(leases, environment: margin)
            try await run(site, to: "10")
            try await keptFence(site)
            _ = try await site.client.send(["FLUSHALL"])
            open(site, "more")
            try await eventually("the second words") { try await site.field("job", "progress") == "60" }
            try await eventually("the result") { try await site.field("job", "result") == #"{"url":"x"}"# }
            open(site, "gate")
            try await site.wait(for: "job", "done")
            try await worker.end(SIGTERM)
        }
    }

    /// The dump is of a moment when the attempt ran already, and knew less.
    @Test func anOlderStateOfTheSameAttempt() async throws {
        try await withSite { site in
            try recipe(site)
            let worker = try await site.worker(leases, environment: margin)
            try await run(site, to: "10")
            _ = try await site.client.send(["SAVE"])
            open(site, "more")
            try await eventually("the second words") { try await site.field("job", "progress") == "60" }
            let before = try await told(site)
            try await site.redis.restart()
            try await eventually("the second words again", timeout: .seconds(60)) {
                (try? await site.field("job", "progress")) == "60"
            }
            #expect(try await told(site) == before)
            open(site, "gate")
            try await site.wait(for: "job", "done")
            #expect(try await site.field("job", "result") == #"{"url":"x"}"#)
            try await worker.end(SIGTERM)
        }
    }

    /// It ends while Redis, or its worker too, is away; Redis comes back with nothing.
    @Test(arguments: [false, true])
    func endDuringTheOutage(isWorkerGone: Bool) async throws {
        try await withSite { site in
            try recipe(site)
            let long = ["--fence-after", "30s"]
            var worker = try await site.worker(long, environment: margin)
            try await run(site, to: "60")
            let before = try await told(site, names: ["result", "stage", "resources", "startedAt"])
            try await site.redis.stop()
            if isWorkerGone { try await worker.end(SIGKILL) }
            open(site, "gate")
            try await eventually("the recipe to end") { site.processes(of: "job").isEmpty }
            if isWorkerGone {
                worker = try await site.worker(long, environment: margin, awaitsReadiness: false)
            }
            try await site.redis.restart()
            try await eventually("the end to be told", timeout: .seconds(90)) {
                (try? await site.field("job", "status")) == "done"
            }
            #expect(try await told(site, names: ["result", "stage", "resources", "startedAt"]) == before)
            #expect(try await site.field("job", "exitCode") == "0")
            try await worker.end(SIGTERM)
        }
    }
}
