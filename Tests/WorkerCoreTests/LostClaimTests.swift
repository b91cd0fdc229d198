import Glibc
import HoistwayModel
import HoistwayStore
import RedisClient
import TestSupport
import Testing

@testable import WorkerCore

/// A claim whose answer never arrived: Redis believes that the worker has the job, the worker has never heard of it.
@Suite(.redis, .timeLimit(.minutes(2)))
struct LostClaimTests {
    /// Claims a job in the name of a worker that could not take it by itself: it has another label.
    private func claim(_ site: Site, as worker: String) async throws -> Store {
        let store = Store(redis: site.client, prefix: site.prefix)
        try await site.push("backup", #"{"id":"job","backupId":"db","node":"elsewhere"}"#)
        let claimant = Claimant(
            workerID: worker,
            host: "h",
            types: [JobType("backup")],
            scopes: [Scope(node: "elsewhere")]
        )
        try await eventually("a job to claim") { try await store.claim(claimant, count: 1).map(\.id) == ["job"] }
        return store
    }

    private func expectWaiting(_ store: Store) async throws {
        let job = try #require(try await store.job("job"))
        #expect(job.status == .pending && job.reason == .queued && job.workerID == nil && job.attempt == 0)
    }

    @Test func givenBackWhileTheWorkerWorks() async throws {
        try await Site.with { site in
            let worker = try await site.worker()
            let store = try await claim(site, as: try #require(Site.text("\(site.data)/worker-id")))
            try await eventually("the job to be given back", timeout: .seconds(60)) {
                try await store.job("job")?.reason == .queued
            }
            try await expectWaiting(store)
            try await worker.end(SIGTERM)
        }
    }

    @Test(arguments: ["drain", "detach"])
    func givenBackWhenTheWorkerLeaves(mode: String) async throws {
        try await Site.with { site in
            let worker = try await site.worker(["--on-stop", mode])
            let store = try await claim(site, as: try #require(Site.text("\(site.data)/worker-id")))
            worker.send(SIGTERM)
            #expect(try await worker.waitForEnd() == 0)
            try await expectWaiting(store)
        }
    }
}
