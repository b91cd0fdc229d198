// The code of the article Swift.md, region by region, each run by ArticleTests.

// example: first
import Hoistway

func deploy(url: String) async throws -> Job {
    try await withHoistway(url) { hoistway in
        let id = try await hoistway.enqueue(.application("shop", payload: ["ref": "main"]))
        return try await hoistway.wait(for: id, timeout: .seconds(600))
    }
}
// end

// example: document
struct Release: Codable {
    var ref: String
    var replicas: Int
}

func document(_ release: Release) throws -> JobDocument {
    var job = JobDocument.application("shop", payload: try JSON(encoding: release))
    job.title = "Release \(release.ref)"
    job.priority = 1
    job.timeout = .minutes(10)
    job.onConflict = .supersede
    job.idempotencyKey = "push-\(release.ref)"
    job.labels = ["team": "core"]
    job.secrets = ["TOKEN": "file:/etc/hoistway/secrets/shop"]
    return job
}
// end

// example: own
func report(month: String) -> JobDocument {
    JobDocument("report", month, payload: ["format": "pdf"]).with {
        $0.node = "reports"
        $0.delay = .minutes(5)
    }
}
// end

// example: text
func enqueueText(_ hoistway: HoistwayClient) async throws -> String {
    try await hoistway.enqueue(json: #"{"type":"backup","backupId":"db","payload":{"full":true}}"#)
}
// end

// example: bulk
func enqueueAll(_ names: [String], _ hoistway: HoistwayClient) async throws -> [String] {
    let documents = names.map { JobDocument.backup($0) }
    var ids: [String] = []
    for (name, result) in zip(names, try await hoistway.enqueue(all: documents)) {
        switch result {
        case .success(let id): ids.append(id)
        case .failure(let error): print("\(name) was refused: \(error)")
        }
    }
    return ids
}
// end

// example: outcome
func outcome(_ id: String, _ hoistway: HoistwayClient) async throws -> String {
    let job = try await hoistway.wait(for: id)
    if job.status == .done {
        let release = try job.result?.decoded(as: Release.self)
        return "done: \(release?.ref ?? "without a result")"
    }
    return "\(job.state): \(job.error?["message"]?.stringValue ?? job.message ?? "without a message")"
}
// end

// example: log
func show(_ id: String, _ hoistway: HoistwayClient) async throws {
    for try await line in hoistway.log(of: id).lines {
        print(line.level ?? "", line.text)
    }
}
// end

// example: resume
func copyLog(
    of id: String,
    from saved: LogPosition?,
    _ hoistway: HoistwayClient,
    keep: (LogChunk) -> Void
) async throws -> LogPosition? {
    var position = saved
    for try await chunk in hoistway.log(of: id, from: saved) {
        keep(chunk)
        position = chunk.position
    }
    return position
}
// end

// example: events
func firstFailure(after position: String?, _ hoistway: HoistwayClient) async throws -> HoistwayEvent? {
    for try await event in hoistway.events(after: position) where event.status == .error {
        return event
    }
    return nil
}
// end

// example: kill
func giveUp(_ id: String, _ hoistway: HoistwayClient) async throws -> Job {
    try await hoistway.kill(id, grace: .seconds(5), by: "me", why: "the wrong branch")
    return try await hoistway.wait(for: id)
}
// end

// example: many
func giveUpAll(_ hoistway: HoistwayClient) async throws -> Int {
    var selection = KillSelection()
    selection.type = "application"
    selection.label = KillSelection.Label(key: "team", value: "core")
    return try await hoistway.kill(selection, why: "a freeze")
}
// end

// example: again
func againWhatFailed(_ hoistway: HoistwayClient) async throws -> [String] {
    var ids: [String] = []
    for job in try await hoistway.list(JobQuery(type: .backup, status: .error)).jobs {
        ids.append(try await hoistway.retry(job.id))
    }
    return ids
}
// end

// example: errors
func explain(_ document: JobDocument, _ hoistway: HoistwayClient) async -> String {
    do {
        return "accepted as \(try await hoistway.enqueue(document))"
    } catch {
        switch error.code {
        case .invalid: return error.fieldErrors.entries.map { "\($0.field) \($0.message)" }.joined(separator: ", ")
        case .conflict: return "a deployment is on its way"
        case .unreachable: return "later, please: \(error)"
        default: return "\(error)"
        }
    }
}
// end
