import Glibc
import HoistwayModel
import TestSupport
import Testing

/// Workers die all the time; every job runs once, and no two of a key at a time.
@Suite(.redis, .timeLimit(.minutes(3)))
struct ChaosTests {
    @Test func everyJobOnceAndTurnsKept() async throws {
        try await Site.with { site in
            let folder = site.directory.path
            try site.recipe(
                "backup",
                """
                mkdir \(folder)/held-$HOISTWAY_RESOURCE_ID || echo overlap >> \(folder)/overlaps
                echo $HOISTWAY_JOB_ID >> \(folder)/effects
                sleep 0.0$((HOISTWAY_FENCE % 7 + 1))
                rmdir \(folder)/held-$HOISTWAY_RESOURCE_ID
                """
            )
            var workers: [RunningProgram] = []
            for index in 0..<3 {
                workers.append(try await site.worker(["--slots", "3"], data: "\(folder)/data\(index)"))
            }
            let count = 120
            try await site.push("backup", all: (0..<count).map { #"{"id":"j\#($0)","backupId":"r\#($0 % 12)"}"# })
            for round in 0..<9 {
                let before = site.lines("effects").count
                try await workers[round % 3].end(SIGKILL)
                workers[round % 3] = try await site.worker(["--slots", "3"], data: "\(folder)/data\(round % 3)")
                try await eventually("some to be done", timeout: .seconds(30)) {
                    let now = site.lines("effects").count
                    return now > before + 3 || now >= count
                }
            }
            for index in 0..<count {
                #expect(try await site.ended("j\(index)")["status"] == "done", "j\(index)")
            }
            let effects = site.lines("effects")
            #expect(effects.count == count && Set(effects).count == count)
            #expect(site.lines("overlaps").isEmpty)
            for resource in 0..<12 {
                let own = effects.filter { (Int($0.dropFirst()) ?? 0) % 12 == resource }
                #expect(own == (0..<count / 12).map { "j\($0 * 12 + resource)" }, "order of r\(resource)")
            }
            for worker in workers { try await worker.end(SIGTERM) }
        }
    }

    @Test func eventsOfAnAdoptedJobAddUp() async throws {
        try await Site.with { site in
            try site.recipe(
                "installer",
                """
                say() { printf '%s\\n' "$1" >&3; }
                say '{"progress":60,"stage":"one","resource":{"urn":"a","name":"a","status":"succeeded"}}'
                \(site.awaiting("first"))
                say '{"progress":20,"resource":{"urn":"b","name":"b","status":"running"}}'
                say '{"registration":{"name":"r","endpoint":"e","status":"pending"},"stage":"two"}'
                \(site.awaiting("second"))
                """
            )
            let first = try await site.worker()
            try await site.push("installer", #"{"id":"job","installerId":"i"}"#)
            try await eventually("the first events") { try await site.field("job", "progress") == "60" }
            try await first.end(SIGKILL)
            let second = try await site.worker()
            site.touch("first")
            try await eventually("the later events") { try await site.field("job", "registrations") != nil }
            let running = try await site.job("job")
            #expect(running["progress"] == "60" && running["stage"] == "two" && running["status"] == "running")
            let resources = try await site.document("job", "resources").arrayValue
            #expect(resources?.map { $0["urn"] } == ["a", "b"])
            site.touch("second")
            #expect(try await site.ended("job")["progress"] == "100")
            try await second.end(SIGTERM)
        }
    }

    @Test func silentWorkerIsShownUnreachable() async throws {
        try await Site.with { site in
            try site.recipe("backup", site.awaiting("gate"))
            let frozen = try await site.worker()
            let id = try #require(Site.text("\(site.data)/worker-id"))
            try await site.push("backup", #"{"id":"job","backupId":"db"}"#)
            try await site.wait(for: "job", "running")
            let other = try await site.worker(data: "\(site.directory.path)/other")
            frozen.send(SIGSTOP)
            try await eventually("it to be unreachable", timeout: .seconds(25)) {
                try await site.hash("worker:\(id)")["state"] == "unreachable"
            }
            #expect(try await site.field("job", "status") == "running")
            frozen.send(SIGCONT)
            try await eventually("it to be back") { try await site.hash("worker:\(id)")["state"] == "running" }
            site.touch("gate")
            try await site.wait(for: "job", "done")
            try await frozen.end(SIGTERM)
            try await other.end(SIGTERM)
        }
    }
}
