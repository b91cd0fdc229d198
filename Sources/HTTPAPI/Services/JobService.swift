import Hoistway
import HoistwayModel
import HoistwayStore

/// Jobs: from their acceptance to their removal.
package struct JobService: Sendable {
    let store: Store
    let hub: Hub
    let quiescence: Quiescence
    let resources: ResourceService
    private let reads = FreshReads<String, Job?>()
    private let views = FreshReads<String, View>()

    /// A job and its shape on the wire, made once for all who ask at the same time.
    package struct View: Sendable {
        package var job: Job
        package var json: [UInt8]
        let tag: EntityTag
    }

    /// What became of a request for a job.
    package struct Accepted: Sendable {
        package var job: Job
        /// Whether this request made it; else an earlier one had.
        package var isNew: Bool
    }

    /// A field of a job document and its value.
    package typealias Members = [(key: String, json: [UInt8])]

    /// Accepts a job from the members of its document (contract §3.1), with its `type` among them. What they do not say is
    /// as the registry of resources has it, where that knows the resource.
    /// - Parameters:
    ///   - idempotencyKey: from a header; must not contradict the document's.
    ///   - requestID: of the HTTP request.
    ///   - alone: refuses it (`conflict`) while any other job of its type waits or runs.
    /// - Throws: `Refusal` with every field that is wrong, or why the job cannot be accepted.
    package func submit(
        _ members: Members,
        idempotencyKey: String? = nil,
        requestID: String,
        alone: Bool = false
    ) async throws -> Accepted {
        var members = members
        if let idempotencyKey { try JobService.add(idempotencyKey, to: &members) }
        func text(_ key: String) -> String? {
            members.last { $0.key == key }.flatMap { try? JSON(parsing: $0.json) }?.stringValue
        }
        let type = text("type").map { JobType($0) }
        let resource = type.flatMap { text($0.idKey) } ?? text("resourceId")
        if let type, let resource, let stored = try await resources.find(type, resource) {
            // What the registry says already has to be right nevertheless.
            _ = try JobDocument(parsing: JSON.bytes(of: members))
            let own: Set = ["type", "resourceId", type == .server ? "" : type.idKey]
            let document = try stored.resource.document(of: members.filter { !own.contains($0.key) })
            return try await submit(document, version: stored.version, requestID: requestID, alone: alone)
        }
        return try await submit(try JobDocument(parsing: JSON.bytes(of: members)), requestID: requestID, alone: alone)
    }

    /// Accepts a job of a resource that the registry knows.
    /// - Parameter members: fields of its document beside type and resource, such as `title`.
    /// - Throws: `Refusal`: `notFound` when the registry does not know the resource.
    package func submit(
        _ type: JobType,
        _ resourceID: String,
        _ members: Members = [],
        requestID: String
    ) async throws -> Accepted {
        let stored = try await resources.get(type, resourceID)
        let document = try stored.resource.document(of: members)
        return try await submit(document, version: stored.version, requestID: requestID)
    }

    /// Accepts a job of a document that was made here.
    package func submit(
        _ document: JobDocument,
        version: Int? = nil,
        requestID: String,
        alone: Bool = false
    ) async throws -> Accepted {
        var document = document
        document.id = document.id ?? Identifier.ulid()
        let further = version.map { [("version", String($0))] } ?? []
        let sent = document
        return try await accepted {
            try await store.enqueue(sent, requestID: requestID, further: further, alone: alone)
        }
    }

    /// A job as it stands.
    /// - Throws: `Refusal` when there is none.
    package func get(_ id: String) async throws -> Job {
        try JobService.check(id)
        let store = store
        let found = try await reads.value(id) { try await OutagePatience.insist { try await store.job(id) } }
        guard let found else { throw Refusal.noJob(id) }
        return found
    }

    /// A job as it stands, as ``json(_:)`` shows it.
    /// - Throws: `Refusal` when there is none.
    package func view(_ id: String) async throws -> View {
        try await views.value(id) {
            let job = try await get(id)
            let json = try await json(job)
            return View(job: job, json: json.utf8, tag: JobService.tag(of: job, json))
        }
    }

    /// The revision; what a job waits for changes without the job, and counts as far as the time alone does not change it.
    private static func tag(of job: Job, _ json: JSON) -> EntityTag {
        guard job.status == .pending else { return EntityTag(job.revision) }
        let waiting = ["position", "ahead", "because", "blockedBy"].map { json["waiting"]?[$0] ?? .null }
        return EntityTag(job.revision, JSON.array(waiting).utf8)
    }

    /// The job once it has ended, or as it stands after some seconds, or when the server is to stop.
    package func get(_ id: String, waiting seconds: Double) async throws -> Job {
        let deadline = ContinuousClock.now + .seconds(seconds)
        let following = Following(hub, .job(id), quiescence)
        var nextLook = ContinuousClock.now
        var job = try await get(id)
        while !job.status.isTerminal, ContinuousClock.now < deadline {
            do {
                if try await following.next() == .tick, ContinuousClock.now < nextLook { continue }
            } catch is CancellationError {
                return job
            }
            nextLook = .now + .seconds(5)
            job = try await get(id)
        }
        return job
    }

    /// The jobs that still exist, in the order of the ids.
    package func get(_ ids: [String]) async throws -> [Job] {
        try await OutagePatience.insist { try await store.jobs(ids) }
    }

    /// Jobs, newest first.
    /// - Throws: `Refusal` for a cursor that is none.
    package func list(_ filter: JobFilter) async throws -> JobPage {
        try await OutagePatience.insist { try await store.list(filter) }
    }

    /// The shape of a job that the native face and `--json` have, with why it waits.
    package func json(_ job: Job) async throws -> JSON { job.json(waiting: try await store.waiting(job)) }

    package func json(_ jobs: [Job]) async throws -> [JSON] {
        zip(jobs, try await store.waiting(jobs)).map { $0.json(waiting: $1) }
    }

    /// Every transition of a job, oldest first.
    /// - Throws: `Refusal` when there is no such job.
    package func history(_ id: String) async throws -> [JSON] {
        try JobService.check(id)
        guard let entries = try await OutagePatience.insist({ try await store.history(id) }) else {
            throw Refusal.noJob(id)
        }
        return entries
    }

    /// Ends a job: cancels it while it waits, else has all of its processes killed.
    /// - Throws: `Refusal`: `notFound`, `alreadyEnded`.
    package func kill(_ id: String, _ order: KillOrder) async throws -> KillOutcome {
        try JobService.check(id)
        var times = 0
        return try await OutagePatience.insist {
            times += 1
            do {
                return try await store.kill(id, order) == .cancelled ? .cancelled : .requested
            } catch let refusal as Refusal where refusal.code == .alreadyEnded && times > 1 {
                // The answer to the first of them was lost.
                return .cancelled
            }
        }
    }

    /// Ends every living job that fits.
    /// - Returns: how many.
    package func kill(_ selection: KillSelection, _ order: KillOrder) async throws -> Int {
        try await OutagePatience.insist { try await store.kill(selection, order) }
    }

    /// Runs an ended job again as a new one; one whose retry has not ended answers that.
    /// - Parameters:
    ///   - requestID: of the HTTP request, for the record.
    ///   - alone: refuses it (`conflict`) while any other job of its type waits or runs.
    /// - Throws: `Refusal`: `notFound`, `wrongState`, `queueFull`, `quarantined`.
    package func retry(_ id: String, requestID: String? = nil, alone: Bool = false) async throws -> Accepted {
        try JobService.check(id)
        return try await accepted { try await store.retry(id, recording: requestID, alone: alone) }
    }

    /// Deploys again exactly what a `done` job deployed.
    /// - Parameter change: of the new job's document, for instance its title.
    /// - Throws: `Refusal`: `notFound`, `wrongState` for a job that is not `done`, and what a new job can be refused for.
    package func rollback(
        to id: String,
        requestID: String,
        _ change: @escaping @Sendable (inout JobDocument) -> Void = { _ in }
    ) async throws -> Accepted {
        try JobService.check(id)
        let new = Identifier.ulid()
        return try await accepted {
            try await store.rollback(to: id, requestID: requestID) { document in
                document.id = new
                change(&document)
            }
        }
    }

    /// Lets a delayed job run now.
    /// - Throws: `Refusal`: `notFound`, `wrongState`.
    package func promote(_ id: String) async throws {
        try JobService.check(id)
        try await store.promote(id)
    }

    /// Removes a job that waits or has ended, with its log and history.
    /// - Throws: `Refusal`: `notFound`, `wrongState` while it runs.
    package func remove(_ id: String) async throws {
        try JobService.check(id)
        try await store.remove(id)
    }

    /// What can be no id is nobody's; it may be part of another key.
    private static func check(_ id: String) throws(Refusal) {
        guard Identifier.isJobID(id) else { throw Refusal.noJob(id) }
    }

    private func accepted(_ make: () async throws -> Admission) async throws -> Accepted {
        let admission = try await OutagePatience.insist { try await make() }
        let job = try await get(admission.id)
        if case .accepted = admission { return Accepted(job: job, isNew: true) }
        return Accepted(job: job, isNew: false)
    }

    private static func add(_ key: String, to members: inout Members) throws(Refusal) {
        let value = JSON.string(key).utf8
        guard let own = members.first(where: { $0.key == "idempotencyKey" }) else {
            members.append(("idempotencyKey", value))
            return
        }
        if (try? JSON(parsing: own.json))?.stringValue != key {
            throw Refusal(.invalidDocument, field: "idempotencyKey", "differs from the header Idempotency-Key")
        }
    }
}
