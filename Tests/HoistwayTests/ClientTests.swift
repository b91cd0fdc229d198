import Glibc
import Hoistway
import RESP
import RedisClient
import TestSupport
import Testing

/// The client against a real Redis and real workers.
@Suite(.redis, .timeLimit(.minutes(4)))
struct ClientTests {
    /// A site with a client of it.
    private func with(_ body: (Site, HoistwayClient) async throws -> Void) async throws {
        try await Site.with { site in
            try await withHoistway(site.url, prefix: site.prefix) { try await body(site, $0) }
        }
    }

    /// The code of the error that an operation throws.
    private func code(_ operation: () async throws -> Void) async -> HoistwayError.Code? {
        do {
            try await operation()
            return nil
        } catch {
            return (error as? HoistwayError)?.code
        }
    }

    @Test func enqueueAndWait() async throws {
        try await with { site, hoistway in
            try site.recipe("backup", #"echo '{"result":{"rows":3}}' >&3; cat >&2"#)
            let worker = try await site.worker()
            let document = JobDocument.backup("db", payload: ["a": [1, 2]]).with {
                $0.title = "Nightly"
                $0.labels = ["team": "core"]
                $0.idempotencyKey = "once"
            }
            let id = try await hoistway.enqueue(document)
            let job = try await hoistway.wait(for: id, timeout: .seconds(30))
            #expect(job.state == .done && job.exitCode == 0 && job.type == .backup && job.resourceID == "db")
            #expect(job.title == "Nightly" && job.labels == ["team": "core"] && job.progress == 100)
            #expect(job.result == ["rows": 3] && String(decoding: job.payload, as: UTF8.self) == #"{"a":[1,2]}"#)
            #expect(try await hoistway.enqueue(document) == id)
            #expect(try await hoistway.job(id) == job)
            let events = try await hoistway.history(of: id).compactMap { $0["event"]?.stringValue }
            #expect(events == ["accepted", "claimed", "started", "done"])
            let lines = try await hoistway.log(of: id).lines.reduce(into: []) { $0.append($1) }
            #expect(lines.map(\.text) == [#"{"a":[1,2]}"#] && lines.map(\.level) == ["WARN"])
            try await worker.end(SIGTERM)
        }
    }

    @Test func manyAtOnceKeepTheirOrder() async throws {
        try await with { site, hoistway in
            var documents = (0..<600).map { number in JobDocument.backup("db").with { $0.id = "job-\(number)" } }
            documents[3].priority = 77
            documents[4].id = "job-2"
            documents[599].dependsOn = ["job-598"]
            let results = try await hoistway.enqueue(all: documents)
            #expect(results.count == 600)
            for (number, result) in results.enumerated() where ![3, 4].contains(number) {
                #expect(try result.get() == "job-\(number)")
            }
            #expect(throws: HoistwayError.self) { try results[3].get() }
            #expect(results[4].failure?.code == .idInUse)
            #expect(try await hoistway.queues().first { $0.type == .backup }?.pending == 598)
            #expect(try await hoistway.whyWaiting("job-1") == "backup:db is in use")
            #expect(try await hoistway.drain(.backup) > 500)
            #expect(try await hoistway.queues().first { $0.type == .backup }?.pending == 0)
        }
    }

    @Test func theLogToItsLastByte() async throws {
        try await with { site, hoistway in
            try site.recipe(
                "backup",
                """
                echo one; while [ ! -e \(site.directory.path)/gate ]; do sleep 0.05; done
                i=0; while [ $i -lt 20000 ]; do echo "line $i of a long log"; i=$((i+1)); done; printf last
                """
            )
            let worker = try await site.worker()
            let id = try await hoistway.enqueue(.backup("db"))
            var chunks: [LogChunk] = []
            for try await chunk in hoistway.log(of: id) {
                chunks.append(chunk)
                if chunks.count == 1 { mkdir("\(site.directory.path)/gate", 0o755) }
            }
            let job = try await hoistway.job(id)
            #expect(job.status == .done)
            let file = try #require(job.logPath.flatMap { Site.text($0) }) + "\n"
            #expect(String(decoding: chunks.flatMap(\.bytes), as: UTF8.self) == file)
            #expect(chunks.count > 1 && chunks.allSatisfy { $0.gap == nil && $0.attempt == 1 })

            let rest = try await hoistway.log(of: id, from: chunks[0].position).reduce(into: []) { $0 += $1.bytes }
            #expect(rest == chunks.dropFirst().flatMap(\.bytes))
            let tail = try await hoistway.log(of: id, last: 2).lines.reduce(into: []) { $0.append($1.text) }
            #expect(tail == ["line 19999 of a long log", "last"])
            try await site.dropLogCopy(of: id)
            let again = try await hoistway.log(of: id).reduce(into: []) { $0 += $1.bytes }
            #expect(String(decoding: again, as: UTF8.self) == file)
            try await site.dropLogCopy(of: id)
            try await worker.end(SIGTERM)
            #expect(await code { for try await _ in hoistway.log(of: id) {} } == .logUnavailable)
        }
    }

    @Test func theLogsOfEveryAttempt() async throws {
        try await with { site, hoistway in
            try site.recipe("backup", "echo attempt $HOISTWAY_ATTEMPT; [ $HOISTWAY_ATTEMPT = 3 ]")
            let worker = try await site.worker()
            let id = try await hoistway.enqueue(
                .backup("db").with {
                    $0.maxAttempts = 3
                    $0.backoff = Backoff(kind: .fixed, delay: .seconds(1), maximum: .seconds(1))
                }
            )
            let lines = try await hoistway.log(of: id).lines.reduce(into: []) { $0.append($1) }
            #expect(lines.map(\.text) == ["attempt 1", "attempt 2", "attempt 3"])
            #expect(lines.map(\.attempt) == [1, 2, 3])
            #expect(try await hoistway.job(id).state == .done)
            try await worker.end(SIGTERM)
        }
    }

    @Test func eventsInTheirOrder() async throws {
        try await with { site, hoistway in
            try site.recipe("backup", "exit 3")
            let worker = try await site.worker()
            let position = try await hoistway.eventPosition()
            let id = try await hoistway.enqueue(.backup("db"))
            var seen: [HoistwayEvent] = []
            for try await event in hoistway.events(after: position) where event.jobID == id {
                seen.append(event)
                if event.status?.isTerminal == true { break }
            }
            #expect(seen.map(\.event) == [.accepted, .claimed, .started, .failed])
            #expect(seen.last?.reason == .failed && seen.last?.attempt == 1 && seen.last?.workerID != nil)
            var again = hoistway.events(after: seen[1].position).makeAsyncIterator()
            #expect(try await again.next() == seen[2])
            #expect(await code { _ = try await first(of: hoistway.events(after: "nonsense")) } == .redis)
            try await worker.end(SIGTERM)
        }
    }

    private func first(of events: HoistwayEvents) async throws -> HoistwayEvent? {
        for try await event in events { return event }
        return nil
    }

    @Test func killAndRetry() async throws {
        try await with { site, hoistway in
            try site.recipe("backup", "sleep 100 & exec sleep 100")
            let worker = try await site.worker()
            let id = try await hoistway.enqueue(.backup("db"))
            try await site.wait(for: id, "running")
            #expect(await code { _ = try await hoistway.wait(for: id, timeout: .milliseconds(100)) } == .timeout)
            #expect(await code { try await hoistway.remove(id) } == .wrongState)
            #expect(await code { try await hoistway.retry(id) } == .wrongState)
            #expect(await code { try await hoistway.promote(id) } == .wrongState)
            #expect(try await hoistway.kill(id, signal: .kill, by: "me", why: "a test") == .requested)
            let killed = try await hoistway.wait(for: id)
            #expect(killed.state == .error(.killed) && killed.killReceipt?["why"] == "a test")
            #expect(site.processes(of: id).isEmpty)
            #expect(await code { try await hoistway.kill(id) } == .alreadyEnded)

            try await hoistway.pause(.backup)
            #expect(try await hoistway.queues().first { $0.type == .backup }?.isPaused == true)
            let retry = try await hoistway.retry(id)
            #expect(try await hoistway.retry(id) == retry)
            #expect(try await hoistway.job(retry).retryOf == id)
            let other = try await hoistway.retry(id, requestID: "request")
            #expect(other != retry)
            #expect(try await hoistway.retry(id, requestID: "request") == other)
            try await hoistway.remove(other)
            #expect(try await hoistway.whyWaiting(retry)?.contains("paused") == true)
            #expect(try await hoistway.kill(retry) == .cancelled)
            #expect(try await hoistway.job(retry).state == .error(.cancelled))
            try await hoistway.resume(.backup)
            try await hoistway.remove(id)
            #expect(await code { _ = try await hoistway.job(id) } == .notFound)
            try await worker.end(SIGTERM)
        }
    }

    @Test func killPromoteAndListManyJobs() async throws {
        try await with { site, hoistway in
            for number in 0..<5 {
                try await hoistway.enqueue(
                    .compose("c\(number)").with {
                        $0.id = "c-\(number)"
                        $0.delay = .hours(1)
                        $0.labels = ["round": .string(number < 3 ? "one" : "two")]
                    }
                )
            }
            try await hoistway.promote("c-4")
            #expect(try await hoistway.job("c-4").reason == .queued)
            let first = try await hoistway.list(JobQuery(type: .compose), limit: 3)
            #expect(first.jobs.map(\.id) == ["c-4", "c-3", "c-2"])
            let second = try await hoistway.list(JobQuery(type: .compose), limit: 3, cursor: first.nextCursor)
            #expect(second.jobs.map(\.id) == ["c-1", "c-0"] && second.nextCursor == nil)
            let label = KillSelection.Label(key: "round", value: "one")
            #expect(try await hoistway.list(JobQuery(label: label)).jobs.count == 3)
            #expect(try await hoistway.list(JobQuery(resourceID: "c3", status: .pending)).jobs.map(\.id) == ["c-3"])
            #expect(await code { _ = try await hoistway.list(limit: 0) } == .invalid)
            #expect(await code { _ = try await hoistway.list(cursor: "x") } == .invalid)

            var selection = KillSelection()
            #expect(await code { try await hoistway.kill(selection) } == .invalid)
            selection.label = label
            #expect(try await hoistway.kill(selection, why: "a freeze") == 3)
            #expect(try await hoistway.wait(for: ["c-2", "c-0"]).map(\.id) == ["c-2", "c-0"])
            #expect(try await hoistway.drain() == 2)
        }
    }

    @Test func workersAsTheyAnnounceThemselves() async throws {
        try await with { site, hoistway in
            try site.recipe("backup", "true")
            #expect(try await hoistway.workers().isEmpty)
            let worker = try await site.worker(["--slots", "3", "--node", "eu", "--types", "backup"])
            let status = try #require(try await hoistway.workers().first)
            #expect(status.pid == Int(worker.pid) && status.slots == 3 && status.node == "eu")
            #expect(status.types == [.backup] && status.state == "running")
            try await worker.end(SIGTERM)
            #expect(try await hoistway.workers().map(\.state) == ["stopped"])
        }
    }

    @Test func whatIsWrong() async throws {
        try await with { site, hoistway in
            #expect(await code { _ = try await hoistway.job("nobody") } == .notFound)
            #expect(await code { _ = try await hoistway.wait(for: "nobody") } == .notFound)
            #expect(await code { for try await _ in hoistway.log(of: "nobody") {} } == .notFound)
            #expect(await code { try await hoistway.kill("nobody") } == .notFound)
            #expect(await code { try await hoistway.pause("nothing") } == .invalid)
            #expect(await code { try await hoistway.enqueue(JobDocument("nothing", "x")) } == .invalid)
            #expect(await code { try await hoistway.enqueue(json: "{") } == .invalid)
            let busy = JobDocument.backup("db").with { $0.onConflict = .reject }
            try await hoistway.enqueue(busy)
            #expect(await code { try await hoistway.enqueue(busy) } == .conflict)
            do throws(HoistwayError) {
                try await hoistway.enqueue(json: #"{"backupId":"db","tiemout":3}"#, type: .backup)
                Issue.record("a field that is none was accepted")
            } catch {
                #expect(error.code == .invalid && error.fieldErrors.entries.map(\.field) == ["tiemout"])
                #expect("\(error)".contains("did you mean \"timeout\"?"))
            }
        }
    }
}

extension Result {
    fileprivate var failure: Failure? {
        if case .failure(let error) = self { error } else { nil }
    }
}
