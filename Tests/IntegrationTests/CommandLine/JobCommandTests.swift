import Glibc
import HoistwayModel
import TestSupport
import Testing

/// The commands for jobs, as a shell sees them: output, errors and exit codes.
@Suite(.redis, .timeLimit(.minutes(3)))
struct JobCommandTests {
    private func json(_ result: Program.Result) throws -> JSON {
        try JSON(parsing: try #require(result.output.split(separator: "\n").last.map(String.init), "\(result)"))
    }

    @Test func enqueueWaitsAndTellsHowItEnded() async throws {
        try await Site.with { site in
            try site.recipe("backup", "cat; [ $HOISTWAY_RESOURCE_ID = good ] || { echo broken >&2; exit 3; }")
            let worker = try await site.worker()
            let good = try await site.hoistway(
                "enqueue",
                "backup",
                "good",
                "--set",
                "a=1",
                "--set",
                "b.c=text",
                "--label",
                "team=core",
                "--wait"
            )
            #expect(good.status == 0, "\(good)")
            let id = good.output.split(separator: "\n").first.map(String.init) ?? ""
            #expect(
                try JSON(parsing: try #require(try await site.field(id, "payload"))) == ["a": 1, "b": ["c": "text"]]
            )
            #expect(try await site.document(id, "labels") == ["team": "core"])

            let bad = try await site.hoistway("enqueue", "backup", "bad", "--id", "mine", "--wait")
            #expect(bad.status == 1 && bad.output == "mine\n", "\(bad)")
            #expect(bad.errors.split(separator: "\n").count == 1 && bad.errors.contains("hoistway logs mine"))

            let followed = try await site.hoistway("enqueue", "backup", "bad", "--follow")
            #expect(followed.status == 1)
            #expect((followed.output + followed.errors).contains("WARN broken"))
            try await worker.end(SIGTERM)
        }
    }

    @Test func wrongInput() async throws {
        try await Site.with { site in
            let wrong = [
                ["enqueue", "backup"], ["enqueue", "bakcup", "db"], ["enqueue", "backup", "db", "--priority", "11"],
                ["enqueue", "backup", "db", "--payload", "[1]"], ["enqueue", "backup", "db", "--payload", "@/no/such"],
                ["enqueue", "backup", "db", "--timeout", "long"], ["enqueue", "backup", "db", "--id", "a b"],
                ["enqueue", "backup", "db", "--set", "novalue"], ["list", "--status", "asleep"],
                ["list", "--limit", "0"],
                ["list", "--cursor", "nonsense"], ["kill", "x", "--signal", "HUP"], ["pause", "bakcup"], ["explode"],
                ["status"], ["logs", "x", "--tail", "-1"],
            ]
            for words in wrong {
                let result = try await Program.run(words + ["--redis", site.url, "--prefix", site.prefix])
                #expect(result.status == 64, "\(words): \(result)")
                #expect(result.output.isEmpty && !result.errors.isEmpty, "\(words)")
            }
            for words in [
                ["status", "nobody"], ["wait", "nobody"], ["logs", "nobody"], ["history", "nobody"],
                ["kill", "nobody"],
                ["retry", "nobody"], ["remove", "nobody"], ["promote", "nobody"], ["worker", "stop", "nobody"],
            ] {
                let result = try await Program.run(words + ["--redis", site.url, "--prefix", site.prefix])
                #expect(result.status == 2, "\(words): \(result)")
                #expect(result.errors.split(separator: "\n").count == 1 && result.errors.contains("nobody"))
            }
            for words in [["list"], ["status", "x"], ["enqueue", "backup", "db"], ["queues"]] {
                let result = try await Program.run(words + ["--redis", "redis://:secret-word@127.0.0.1:1"])
                #expect(result.status == 69, "\(words): \(result)")
                #expect(!result.errors.contains("secret-word"))
            }
            let nobody = try await Program.run(["redis-cli", "--redis", "redis://:secret-word@127.0.0.1:1", "PING"])
            #expect(nobody.status == 69 && !nobody.errors.contains("secret-word"), "\(nobody)")
            let pong = try await Program.run(["redis-cli", "--redis", site.url, "PING"])
            #expect(pong.status == 0 && pong.output == "PONG\n", "\(pong)")
        }
    }

    @Test func jobAsJSON() async throws {
        try await Site.with { site in
            try site.recipe("backup", "printf '{\"result\":{\"size\":7}}\\n' >&3")
            let worker = try await site.worker()
            let result = try await site.hoistway("enqueue", "backup", "db", "--json", "--wait", "--max-attempts", "2")
            #expect(result.status == 0)
            let job = try json(result)
            #expect(job["status"] == "done" && job["result"] == ["size": 7] && job["maxAttempts"] == 2)
            #expect(job["exitCode"] == 0 && job["pid"] == .null && job["error"] == .null && job["reason"] == .null)
            #expect(job["resources"] == [] && job["labels"] == [:] && job["progress"] == 100 && job["waiting"] == .null)
            let names = """
                id type status reason title description resourceId serverId node priority payload organizationId memberId \
                labels concurrencyKey idempotencyKey dependsOn attempt failures maxAttempts requestId fence revision \
                workerId host pid pidStartTime remotePid logPath logBytes exitCode signal progress stage component message \
                result error resources registrations kill supersededBy retryOf rollbackOf parentId version createdAt runAt \
                queuedAt startedAt completedAt updatedAt waiting
                """
            #expect(Set(job.objectValue?.keys ?? []) == Set(names.split(separator: " ").map(String.init)))
            let id = try #require(job["id"]?.stringValue)
            #expect(try json(try await site.hoistway("status", id, "--json")) == job)
            let history = try json(try await site.hoistway("history", id, "--json"))
            #expect(history["items"]?.arrayValue?.map { $0["event"] } == ["accepted", "claimed", "started", "done"])
            try await worker.end(SIGTERM)
        }
    }

    @Test func listFiltersAndPages() async throws {
        try await Site.with { site in
            for type in ["backup", "compose"] { try site.recipe(type, "[ $HOISTWAY_RESOURCE_ID != bad ]") }
            let worker = try await site.worker()
            for (id, resource) in [("b1", "db"), ("b2", "bad"), ("b3", "db")] {
                try await site.push("backup", #"{"id":"\#(id)","backupId":"\#(resource)","labels":{"l":"\#(id)"}}"#)
            }
            try await site.push("compose", #"{"id":"c1","composeId":"db"}"#)
            for id in ["b1", "b2", "b3", "c1"] { _ = try await site.ended(id) }
            func ids(_ options: [String]) async throws -> (ids: [String], cursor: String?) {
                let result = try await Program.run(
                    ["list", "--json", "--redis", site.url, "--prefix", site.prefix] + options
                )
                #expect(result.status == 0, "\(result)")
                let page = try json(result)
                return (
                    page["items"]?.arrayValue?.compactMap { $0["id"]?.stringValue } ?? [],
                    page["nextCursor"]?.stringValue
                )
            }
            #expect(try await ids(["--type", "backup"]).ids == ["b3", "b2", "b1"])
            #expect(try await ids(["--type", "backup", "--resource", "db"]).ids == ["b3", "b1"])
            #expect(try await ids(["--resource", "db"]).ids.sorted() == ["b1", "b3", "c1"])
            #expect(try await ids(["--status", "error"]).ids == ["b2"])
            #expect(try await ids(["--label", "l=b1"]).ids == ["b1"])
            #expect(try await ids(["--type", "compose", "--status", "error"]).ids == [])
            var seen: [String] = []
            var cursor: String?
            repeat {
                let options = cursor.map { ["--limit", "1", "--cursor", $0] } ?? ["--limit", "1"]
                let page = try await ids(options)
                seen += page.ids
                cursor = page.cursor
            } while cursor != nil && seen.count < 10
            #expect(seen.sorted() == ["b1", "b2", "b3", "c1"])
            let table = try await site.hoistway("list")
            #expect(table.status == 0 && table.output.contains("b2") && table.output.split(separator: "\n").count == 5)
            try await worker.end(SIGTERM)
        }
    }

    @Test func killRetryRemovePromote() async throws {
        try await Site.with { site in
            try site.recipe("backup", "printf '{\"progress\":1}\\n' >&3; sleep 1000")
            let worker = try await site.worker()
            try await site.push("backup", #"{"id":"job","backupId":"db"}"#)
            try await eventually("it to run") { try await site.field("job", "progress") == "1" }
            #expect(try await site.hoistway("remove", "job").status == 1)
            let killed = try await site.hoistway("kill", "job", "--why", "wrong branch", "--wait")
            #expect(killed.status == 0, "\(killed)")
            #expect(try await site.field("job", "reason") == "killed")
            #expect(try await site.document("job", "kill")["why"] == "wrong branch")
            #expect(try await site.hoistway("kill", "job").status == 0)
            let status = try await site.hoistway("status", "job")
            #expect(status.status == 0 && status.output.contains("wrong branch"))
            #expect(try await site.hoistway("wait", "job").status == 1)

            try site.recipe("backup", "true")
            let retried = try await site.hoistway("retry", "job")
            let id = try #require(retried.output.split(separator: "\n").first.map(String.init))
            #expect(try await site.hoistway("wait", id, "--timeout", "20s").status == 0)
            #expect(try await site.field(id, "retryOf") == "job")
            #expect(try await site.hoistway("remove", "job").status == 0)
            #expect(try await site.hoistway("status", "job").status == 2)

            let late = try await site.hoistway("enqueue", "backup", "later", "--delay", "1h", "--id", "late")
            #expect(late.status == 0)
            #expect(try await site.hoistway("wait", "late", "--timeout", "0.2").status == 1)
            #expect(try await site.hoistway("promote", "late").status == 0)
            #expect(try await site.hoistway("wait", "late", "--timeout", "20s").status == 0)
            #expect(try await site.hoistway("promote", "late").status == 1)
            try await worker.end(SIGTERM)
        }
    }
}
