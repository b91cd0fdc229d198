import HTTPTypes
import Hoistway
import HoistwayModel
import HoistwayStore

/// Reading, killing and removing deployments.
extension DokployFace {
    private static let mostItems = 1000
    private static let page = [Field("limit", .integer(1...mostItems)), Field("cursor", .optionalID)]
    private static let types: [JobType] = [
        .application, .compose, .server, .schedule, .previewDeployment, .backup, .volumeBackup,
    ]
    private static let standardTail = 100

    var deploymentProcedures: [Procedure] { listProcedures + ownProcedures }

    private var listProcedures: [Procedure] {
        let page = DokployFace.page
        return [
            .query(
                "deployment.all",
                "Deployments of an application.",
                [Field("applicationId", .id)] + page,
                .deployments
            ) {
                try await list($0) { filter, input in filter.limit(to: .application, input["applicationId"]) }
            },
            .query(
                "deployment.allByCompose",
                "Deployments of a compose.",
                [Field("composeId", .id)] + page,
                .deployments
            ) {
                try await list($0) { filter, input in filter.limit(to: .compose, input["composeId"]) }
            },
            .query("deployment.allByServer", "Deployments on a server.", [Field("serverId", .id)] + page, .deployments)
            {
                try await list($0) { filter, input in filter.server = input["serverId"] }
            },
            .query(
                "deployment.allByType",
                "Deployments of anything.",
                [Field("id", .id), Field("type", .choice(DokployFace.types.map(\.name)))] + page,
                .deployments
            ) {
                try await list($0) { filter, input in filter.limit(to: JobType(input["type"]), input["id"]) }
            },
            .query("deployment.allCentralized", "All deployments.", page, .deployments) {
                try await list($0) { _, _ in }
            },
            .query("deployment.queueList", "What waits and what runs.", [], .queue) { _ in try await queueList() },
        ]
    }

    private var ownProcedures: [Procedure] {
        let id = Field("deploymentId", .id)
        return [
            .query(
                "deployment.readLogs",
                "The last lines of a deployment's log.",
                [id, Field("tail", .integer(1...10_000))],
                .log
            ) { call in
                let job = try await job(call.input["deploymentId"])
                let lines = call.input.integer("tail") ?? DokployFace.standardTail
                let (now, tail) = try await services.logs.tail(job.id, lines: lines)
                return .string(DokployFace.text(of: tail, now))
            },
            .mutation("deployment.killProcess", .operate, "Kills a deployment's processes.", [id], .success, kill),
            .mutation("deployment.removeDeployment", .operate, "Removes a deployment.", [id], .deployment) { call in
                let job = try await job(call.input["deploymentId"])
                do {
                    try await services.jobs.remove(job.id)
                } catch let refusal as Refusal where refusal.code == .wrongState {
                    throw Problem(.badRequest, code: "running", "Deployment is running")
                }
                return Deployment(job: job).json
            },
        ]
    }

    /// The end of a log as text, with lines where something is missing.
    private static func text(of tail: LogTail?, _ job: Job) -> String {
        guard let tail else { return "" }
        var bytes: [UInt8] = []
        for chunk in tail.chunks {
            if let gap = chunk.gap { bytes += note(of: gap, behind: bytes) }
            bytes += chunk.bytes
        }
        // Of an ended one nothing more comes.
        if job.status.isTerminal, tail.end < job.logBytes { bytes += note(of: tail.end..<job.logBytes, behind: bytes) }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func note(of gap: Range<Int>, behind text: [UInt8]) -> [UInt8] {
        let newline = UInt8(ascii: "\n")
        return (text.last ?? newline == newline ? [] : [newline]) + TextPieces.note(of: gap)
    }

    /// - Throws: ``Problem`` (404) for what is no deployment.
    func job(_ id: String) async throws -> Job {
        guard Identifier.isJobID(id) else { throw Problem.notFound("Deployment not found") }
        do {
            return try await services.jobs.get(id)
        } catch let refusal as Refusal where refusal.code == .notFound {
            throw Problem.notFound("Deployment not found")
        }
    }

    private func kill(_ call: Procedure.Call) async throws -> JSON {
        let job = try await job(call.input["deploymentId"])
        let notRunning = Problem(.badRequest, code: "not_running", "Deployment is not running")
        guard job.status == .running else { throw notRunning }
        let order = KillOrder(signal: .kill, grace: .zero, by: call.caller.name, why: "deployment.killProcess")
        do {
            _ = try await services.jobs.kill(job.id, order)
        } catch let refusal as Refusal where refusal.code == .alreadyEnded {
            throw notRunning
        }
        return ["success": true]
    }

    private func list(
        _ call: Procedure.Call,
        _ limit: (inout JobFilter, Input) -> Void
    ) async throws -> JSON {
        var filter = JobFilter()
        filter.wanted = Deployment.fields
        limit(&filter, call.input)
        filter.limit = DokployFace.mostItems
        let count = call.input.integer("limit") ?? DokployFace.mostItems
        var newer: [Job] = []
        if let last = call.input.text("cursor") {
            // What returned from the first deployments of this page is on the one before.
            newer = try await all(filter)
            filter.cursor = try await cursor(behind: last)
        }
        filter.limit = count
        let jobs = try await all(filter)
        let ids = Set(jobs.map(\.id))
        let deployments = Deployment.all(of: newer.filter { !ids.contains($0.id) } + jobs).suffix(jobs.count)
        return .array(deployments.map(\.json))
    }

    /// The jobs that fit, as many as the filter's limit; a page of the store may be shorter.
    private func all(_ filter: JobFilter) async throws -> [Job] {
        var (filter, jobs) = (filter, [Job]())
        let limit = filter.limit
        repeat {
            filter.limit = limit - jobs.count
            let page = try await services.jobs.list(filter)
            jobs += page.jobs
            filter.cursor = page.nextCursor
        } while jobs.count < limit && filter.cursor != nil
        return jobs
    }

    /// A page ends with a deployment, whose id is the next one's cursor.
    private func cursor(behind id: String) async throws -> String {
        do {
            return try await services.jobs.cursor(behind: id)
        } catch let refusal as Refusal where refusal.code == .notFound {
            throw Problem(field: "cursor", "must be the id of the last deployment of a page")
        }
    }

    private func queueList() async throws -> JSON {
        var filter = JobFilter()
        filter.wanted = Deployment.fields
        filter.limit = DokployFace.mostItems
        // In this order none that starts in between is missed.
        filter.status = .pending
        let waiting = try await all(filter)
        filter.status = .running
        let running = try await all(filter)
        let started = Set(running.map(\.id))
        let jobs = (waiting.filter { !started.contains($0.id) } + running).sorted {
            ($0.createdAt ?? .now(), $0.id) > ($1.createdAt ?? .now(), $1.id)
        }
        return .array(jobs.prefix(DokployFace.mostItems).map { QueueEntry(job: $0).json })
    }
}

extension JobFilter {
    /// What names the resource in its deployment object: deployments of others too that a schedule made, or that run on
    /// a server.
    fileprivate mutating func limit(to type: JobType, _ resourceID: String) {
        switch type {
        case .schedule: schedule = resourceID
        case .server: server = resourceID
        default:
            self.type = type
            self.resourceID = resourceID
        }
    }
}
