import Glibc
import HoistwayModel
import RESP
import TestSupport
import Testing

/// How recipes are found, and what is said of those that cannot be started.
@Suite(.redis, .timeLimit(.minutes(3)))
struct RecipeFolderTests {
    @Test func folderFileAndOwnType() async throws {
        try await Site.with { site in
            mkdir("\(site.recipes)/compose", 0o755)
            try site.recipe("compose/run", "echo folder $0")
            try site.recipe("terraform", "echo own")
            let worker = try await site.worker()
            #expect(try await site.run("compose", "a")["status"] == "done")
            #expect(try await site.log("a").contains("INFO folder \(site.recipes)/compose/run"))
            #expect(try await site.run("terraform", "b")["status"] == "done")
            let id = try #require(Site.text("\(site.data)/worker-id"))
            let served = try await site.hash("worker:\(id)")["types"]?.split(separator: ",").map(String.init) ?? []
            #expect(Set(served).isSuperset(of: ["application", "compose", "schedule", "terraform"]))
            #expect(!served.contains("backup"))
            try await worker.end(SIGTERM)
        }
    }

    /// What is on record of the worker besides stays.
    @Test func aTypeThatComesLater() async throws {
        try await Site.with { site in
            let worker = try await site.worker()
            let id = try #require(Site.text("\(site.data)/worker-id"))
            let before = try await site.hash("worker:\(id)")
            try await site.send(["HSET", "\(site.prefix):worker:\(id)", "state", "draining"])
            try await site.send(["SET", "\(site.prefix):worker:\(id):forgotten", "1", "EX", 60])
            try site.recipe("terraform", "true")
            try await eventually("the type to be known", timeout: .seconds(30)) {
                try await site.hash("worker:\(id)")["types"]?.contains("terraform") == true
            }
            let after = try await site.hash("worker:\(id)")
            #expect(after["startedAt"] == before["startedAt"] && after["state"] == "draining")
            #expect(try await site.send(["EXISTS", "\(site.prefix):worker:\(id):forgotten"]).int == 1)
            #expect(try await site.send(["SISMEMBER", "\(site.prefix):types", "terraform"]).int == 1)
            try await worker.end(SIGTERM)
        }
    }

    @Test func ownTypesOfTheConfigurationAreKnown() async throws {
        try await Site.with { site in
            let path = try site.write("types: [terraform]\n", to: "hoistway.yaml")
            let worker = try await site.worker(["--config", path])
            try await site.push("terraform", #"{"id":"job","resourceId":"r","replyTo":"\#(site.answers)"}"#)
            #expect(try await site.answer(in: site.answers)["ok"] == true)
            #expect(try await site.field("job", "status") == "pending")
            try site.recipe("terraform", "true")
            try await site.wait(for: "job", "done")
            try await worker.end(SIGTERM)
        }
    }

    @Test func whatCannotBeStartedIsNamed() async throws {
        try await Site.with { site in
            for type in ["backup", "installer"] { try site.recipe(type, "true") }
            try site.recipe("compose", "#!/no/such/interpreter\n")
            chmod("\(site.recipes)/installer", 0o644)
            let worker = try await site.worker()
            unlink("\(site.recipes)/backup")
            for type in ["backup", "compose", "installer"] {
                let job = try await site.run(type, type)
                #expect(job["status"] == "error" && job["reason"] == "spawn", "\(type): \(job)")
                let message = try #require(job["message"])
                #expect(message.contains(type), "\(message)")
                #expect(job["pid"] == nil && job["failures"] == nil)
                #expect(try await site.document(type, "error")["code"] == "spawn")
            }
            try await worker.end(SIGTERM)
        }
    }

    @Test func onlyTheTypesThatWereAskedFor() async throws {
        try await Site.with { site in
            for type in ["backup", "compose"] { try site.recipe(type, "true") }
            let worker = try await site.worker(["--types", "backup"])
            try await site.push("compose", #"{"id":"waits","resourceId":"r"}"#)
            #expect(try await site.run("backup", "runs")["status"] == "done")
            try await eventually("the other to wait") { try await site.field("waits", "reason") == "queued" }
            let second = try await site.worker(["--types", "compose"], data: "\(site.directory.path)/second")
            try await site.wait(for: "waits", "done")
            try await worker.end(SIGTERM)
            try await second.end(SIGTERM)
        }
    }

    @Test func pinnedToANode() async throws {
        try await Site.with { site in
            try site.recipe("backup", "true")
            let plain = try await site.worker()
            try await site.push("backup", #"{"id":"pinned","backupId":"db","node":"eu-1","priority":2}"#)
            #expect(try await site.run("backup", "free")["status"] == "done")
            try await eventually("it to wait") { try await site.field("pinned", "reason") == "queued" }
            #expect(try await site.list("queue:backup@eu-1:p2") == ["pinned"])
            let node = try await site.worker(["--node", "eu-1"], data: "\(site.directory.path)/second")
            let job = try await site.ended("pinned")
            #expect(job["status"] == "done" && job["workerId"] == Site.text("\(site.directory.path)/second/worker-id"))
            try await plain.end(SIGTERM)
            try await node.end(SIGTERM)
        }
    }

    @Test func noCommandEvalRefuses() async throws {
        try await Site.with { site in
            try site.recipe("backup", "true")
            let worker = try await site.worker(["--no-command-eval"])
            for (index, name) in ["LD_PRELOAD", "PATH", "BASH_ENV", "ENV", "GIT_SSH_COMMAND"].enumerated() {
                let job = try await site.run("backup", "env\(index)", #""env":{"\#(name)":"/tmp/x"}"#)
                #expect(job["status"] == "error", "\(name)")
                #expect(job["message"]?.contains(name) == true, "\(job)")
            }
            #expect(try await site.run("backup", "fine", #""env":{"COLOR":"blue"}"#)["status"] == "done")
            let file = "\(site.directory.path)/ran"
            for (index, payload) in [#"{"command":["touch","\#(file)"]}"#, #"{"script":"touch \#(file)"}"#].enumerated()
            {
                let job = try await site.run("schedule", "schedule\(index)", #""payload":\#(payload)"#)
                #expect(job["status"] == "error" && job["reason"] == "failed", "\(job)")
            }
            #expect(access(file, F_OK) != 0)
            try await worker.end(SIGTERM)
        }
    }
}
