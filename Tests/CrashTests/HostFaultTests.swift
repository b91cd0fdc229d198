import Glibc
import RESP
import RedisClient
import TestSupport
import Testing

/// A host that runs out of what a worker needs, or whose clock is wrong.
@Suite(.redis, .timeLimit(.minutes(5)), .serialized)
struct HostFaultTests {
    private func push(_ site: Site, _ ids: [String], _ more: String = "") async throws {
        for id in ids { try await site.push("backup", #"{"id":"\#(id)","backupId":"\#(id)"\#(more)}"#) }
    }

    private func run(_ arguments: String...) async throws {
        let result = try await Program.run(Array(arguments.dropFirst()), of: arguments[0])
        try #require(result.status == 0, "\(arguments.joined(separator: " ")): \(result.errors)")
    }

    /// A data folder on a small disk of its own.
    private func onDisk(of size: String, _ site: Site, _ body: () async throws -> Void) async throws {
        mkdir(site.data, 0o700)
        try await run("/bin/mount", "-t", "tmpfs", "-o", "size=\(size)", "tmpfs", site.data)
        do {
            try await body()
        } catch {
            // What the body mounted over it comes first.
            for _ in 0..<2 { _ = try? await Program.run(["-l", site.data], of: "/bin/umount") }
            throw error
        }
        try await run("/bin/umount", "-l", site.data)
    }

    /// What does not fit ends with a reason, and the worker goes on when there is room again.
    @Test func aDataFolderThatIsFull() async throws {
        try await Site.with { site in
            try await onDisk(of: "4m", site) {
                try site.recipe(
                    "backup",
                    "[ $HOISTWAY_JOB_ID = flood ] && head -c 9000000 /dev/zero | tr '\\0' x; echo ran"
                )
                let worker = try await site.worker()
                try await push(site, ["flood"])
                try await site.wait(for: "flood", "error", timeout: .seconds(60))
                #expect(try await site.field("flood", "reason") == "failed")
                #expect(try await site.field("flood", "error")?.contains("log_write") == true)
                // Now even a folder for an attempt cannot be made.
                _ = try await Program.run(
                    ["if=/dev/zero", "of=\(site.data)/filler", "bs=4k", "status=none"],
                    of: "/bin/dd"
                )
                try await push(site, ["tight"], #","maxAttempts":3,"backoff":{"delay":0.2}"#)
                try await eventually("an attempt to fail or to wait for another", timeout: .seconds(60)) {
                    let reason = try await site.field("tight", "reason")
                    return try await site.field("tight", "completedAt") != nil || reason == "retrying"
                }
                unlink("\(site.data)/filler")
                unlink("\(site.data)/jobs/flood/1/log")
                try await push(site, ["after"])
                try await site.wait(for: "after", "done", timeout: .seconds(60))
                try await eventually("the end of the one that had no room", timeout: .seconds(60)) {
                    try await site.field("tight", "completedAt") != nil
                }
                try await worker.end(SIGTERM)
            }
        }
    }

    /// What runs ends well; what cannot be begun says why; nothing is begun twice.
    @Test func aDataFolderThatBecomesReadOnly() async throws {
        try await Site.with { site in
            try await onDisk(of: "16m", site) {
                try site.recipe(
                    "backup",
                    """
                    echo $HOISTWAY_JOB_ID >> \(site.directory.path)/effects
                    while [ ! -e \(site.directory.path)/gate ]; do sleep 0.05; done
                    """
                )
                let worker = try await site.worker()
                try await push(site, ["before"])
                try await site.wait(for: "before", "running")
                // A file that is open for writing stands in the way of a plain remount.
                try await run("/bin/mount", "-o", "bind", site.data, site.data)
                try await run("/bin/mount", "-o", "remount,ro,bind", site.data)
                #expect(Glibc.open("\(site.data)/probe", O_CREAT | O_WRONLY, 0o600) == -1 && errno == EROFS)
                try await push(site, ["during"])
                try await eventually("it to be tried") { try await site.field("during", "attempt") != nil }
                close(Glibc.open("\(site.directory.path)/gate", O_CREAT | O_WRONLY, 0o600))
                try await run("/bin/umount", "-l", site.data)
                for id in ["before", "during"] {
                    try await eventually("the end of \(id)", timeout: .seconds(90)) {
                        try await site.field(id, "completedAt") != nil
                    }
                }
                #expect(site.lines("effects").filter { $0 == "before" }.count == 1)
                #expect(site.lines("effects").filter { $0 == "during" }.count <= 1)
                try await push(site, ["after"])
                try await site.wait(for: "after", "done", timeout: .seconds(60))
                try await worker.end(SIGTERM)
            }
        }
    }

    /// Few descriptors for many slots: each job ends, and each that had an effect had it once an attempt.
    @Test func outOfDescriptors() async throws {
        try await Site.with { site in
            try site.recipe(
                "backup",
                "echo $HOISTWAY_JOB_ID $HOISTWAY_ATTEMPT >> \(site.directory.path)/effects; sleep 0.5"
            )
            let worker = try await site.worker(["--slots", "60"], wrapper: ["prlimit", "--nofile=64:64"])
            let ids = (0..<60).map { "j\($0)" }
            try await push(site, ids, #","maxAttempts":4,"backoff":{"type":"fixed","delay":0.5}"#)
            for id in ids {
                try await eventually("the end of \(id)", timeout: .seconds(120)) {
                    try await site.field(id, "completedAt") != nil
                }
            }
            #expect(Set(site.lines("effects")).count == site.lines("effects").count)
            #expect(worker.printed.contains("Too many open files"), "there were too few")
            try await push(site, ["after"])
            try await site.wait(for: "after", "done", timeout: .seconds(60))
            try await worker.end(SIGTERM)
        }
    }

    /// The kernel ends what is too large; its monitor and the worker are none of it.
    @Test func outOfMemory() async throws {
        try await Site.with { site in
            let hierarchy = ["/sys/fs/cgroup/memory", "/sys/fs/cgroup"].first {
                access("\($0)/cgroup.procs", W_OK) == 0
            }
            let group = "\(try #require(hierarchy))/hoistway-test-\(getpid())"
            try #require(mkdir(group, 0o755) == 0)
            defer { rmdir(group) }
            try site.recipe(
                "backup",
                """
                for name in memory.limit_in_bytes memory.max; do [ -e \(group)/$name ] && echo 64M > \(group)/$name; done
                for name in memory.memsw.limit_in_bytes; do [ -e \(group)/$name ] && echo 64M > \(group)/$name; done
                echo $$ > \(group)/cgroup.procs
                echo begin
                exec tail /dev/zero
                """
            )
            let worker = try await site.worker()
            try await push(site, ["large"])
            try await site.wait(for: "large", "error", timeout: .seconds(60))
            #expect(try await site.field("large", "reason") == "failed")
            #expect(try await site.field("large", "signal") == "KILL")
            try await worker.end(SIGTERM)
        }
    }

    /// The clocks of a worker and of Redis step by an hour, both ways, while jobs run and wait.
    @Test(arguments: [[3600, -3600], [-3600, 3600]])
    func clocksThatStep(steps: [Int]) async throws {
        let folder = try TemporaryDirectory()
        let ofWorker = try await SteppedClock("worker", in: folder.path)
        let ofRedis = try await SteppedClock("redis", in: folder.path)
        var options = RedisServer.Options()
        options.environment = ofRedis.environment
        let redis = try await RedisServer.start(options)
        try await RedisServer.$current.withValue(redis) {
            try await Site.with { site in
                try site.recipe(
                    "backup",
                    """
                    echo $HOISTWAY_JOB_ID $HOISTWAY_ATTEMPT >> \(site.directory.path)/effects
                    while [ ! -e \(site.directory.path)/gate ]; do sleep 0.05; done
                    """
                )
                let worker = try await site.worker(leases, environment: margin.merging(ofWorker.environment) { $1 })
                let second = try await site.worker(leases, data: "\(site.directory.path)/data-2", environment: margin)
                let ids = (0..<4).map { "j\($0)" }
                try await push(site, ids, #","maxAttempts":3,"timeout":600"#)
                for id in ids { try await site.wait(for: id, "running") }
                try ofWorker.step(by: steps[0])
                try ofRedis.step(by: steps[1])
                let time = try await site.client.send(["TIME"]).array?.first?.string.flatMap { Int($0) }
                #expect(abs(try #require(time) - Glibc.time(nil) - steps[1]) < 60, "the clock of Redis has stepped")
                let date = try await Program.run(["+%s"], of: "/bin/date", environment: ofWorker.environment).output
                let shown = try #require(Int(date.prefix { $0.isNumber }))
                #expect(abs(shown - Glibc.time(nil) - steps[0]) < 60, "the clock of the worker has stepped")
                // Longer than lease and margin together.
                try await Task.sleep(for: .seconds(9))
                for id in ids { #expect(try await site.field(id, "status") == "running") }
                close(Glibc.open("\(site.directory.path)/gate", O_CREAT | O_WRONLY, 0o600))
                for id in ids { try await site.wait(for: id, "done", timeout: .seconds(60)) }
                try await push(site, ["after"])
                try await site.wait(for: "after", "done", timeout: .seconds(60))
                #expect(site.lines("effects").sorted() == (ids + ["after"]).map { "\($0) 1" }.sorted())
                for worker in [worker, second] { try await worker.end(SIGTERM) }
            }
        }
        try await redis.stop(SIGKILL)
        folder.remove()
    }
}
