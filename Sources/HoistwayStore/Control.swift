import HoistwayModel
import RESP
import RedisClient

extension Store {
    /// What a kill did: a waiting job is cancelled at once, one that a worker has ends when its processes are gone.
    package enum KillResult: String, Sendable {
        case cancelled, requested
    }

    /// Ends a job.
    /// - Throws: `Refusal` when there is no such job or it has ended.
    package func kill(_ id: String, _ order: KillOrder) async throws -> KillResult {
        try await kill(id, order, onlyWaiting: false)
    }

    /// Cancels a job that waits.
    /// - Throws: `Refusal` when there is no such job, it has ended, or a worker has it.
    package func cancel(_ id: String, _ order: KillOrder) async throws {
        _ = try await kill(id, order, onlyWaiting: true)
    }

    private func kill(_ id: String, _ order: KillOrder, onlyWaiting: Bool) async throws -> KillResult {
        let by = JSON.string(orNull: order.by)
        let why = JSON.string(orNull: order.why)
        let message = ["cancelled", order.by.map { "by \($0)" }, order.why.map { "(\($0))" }].compactMap { $0 }
        let (code, values) = try await answer(
            Scripts.kill,
            [
                .string(id), .string(order.signal?.rawValue ?? ""), .string(order.grace?.seconds.jsonText ?? ""),
                .string(by.text), .string(why.text), .string(message.joined(separator: " ")), onlyWaiting ? 1 : 0,
            ]
        )
        let word = values.first?.string ?? ""
        switch code {
        case .ok: return KillResult(rawValue: word) ?? .requested
        case .already: throw Refusal(.alreadyEnded, "\(id) has ended already (\(word))")
        case .wrongState: throw Refusal(.wrongState, "\(id) does not wait any more")
        default: throw Refusal.noJob(id)
        }
    }

    /// Ends every living job that fits, in batches of 100.
    /// - Returns: how many there were.
    package func kill(_ selection: KillSelection, _ order: KillOrder) async throws -> Int {
        // A job may begin to run between the look at those that wait and the look at those that run.
        var found: Set<String> = []
        var count = 0
        var types: [JobType] = []
        if let type = selection.type { types = [JobType(type)] } else { types = try await knownTypes() }
        for key in types.map({ keys.pending($0) }) + [keys.running] {
            var cursor = "-inf"
            while true {
                let page = try await redis.send([
                    "ZRANGEBYSCORE", .string(key), .string(cursor), "+inf", "WITHSCORES", "LIMIT", 0, 100,
                ]).strings
                let ids = stride(from: 0, to: page.count, by: 2).map { page[$0] }
                for job in try await jobs(ids) where selection.matches(job) && found.insert(job.id).inserted {
                    do {
                        _ = try await kill(job.id, order)
                        count += 1
                    } catch is Refusal {
                        continue
                    }
                }
                guard ids.count == 100, let last = page.last else { break }
                cursor = "(\(last)"
            }
        }
        return count
    }

    /// Makes a new job of an ended one; without a request id, of one whose retry lives, answers that.
    /// - Parameters:
    ///   - requestID: has its effect once.
    ///   - recording: the request id of the new job where it is only told.
    ///   - alone: refuses it while any other job of its type waits or runs.
    package func retry(
        _ id: String,
        requestID: String? = nil,
        recording: String? = nil,
        alone: Bool = false
    ) async throws -> Admission {
        let arguments: [RedisArgument] = [
            .string(id), .string(Identifier.ulid()), .string(requestID ?? ""), .string(requestID ?? recording ?? ""),
            alone ? "alone" : "",
        ]
        let (code, values) = try await answer(Scripts.retry, arguments)
        let word = values.first?.string ?? ""
        switch code {
        case .ok: return .accepted(id: word)
        case .already: return .existing(id: word)
        case .notFound: throw Refusal.noJob(id)
        case .conflict: throw Refusal(.conflict, "\(word) has not ended")
        case .queueFull, .quarantined:
            guard let job = try await job(id) else { throw Refusal.noJob(id) }
            if code == .queueFull { throw Refusal.queueFull(job.type, limit: word) }
            throw Refusal.quarantined(job.type, job.resourceID, last: word)
        default: throw Refusal(.wrongState, "\(id) cannot be retried: it is \(word)")
        }
    }

    /// Removes a job that has ended or waits, with its log and history.
    package func remove(_ id: String) async throws {
        switch try await code(Scripts.remove, [.string(id)]) {
        case .ok: return
        case .notFound: throw Refusal.noJob(id)
        default: throw Refusal(.wrongState, "\(id) is running: kill it first")
        }
    }

    /// Lets a delayed job run now.
    package func promote(_ id: String) async throws {
        let (code, values) = try await answer(Scripts.promote, [.string(id)])
        switch code {
        case .ok: return
        case .notFound: throw Refusal.noJob(id)
        default: throw Refusal(.wrongState, "\(id) is not delayed, but \(values.first?.string ?? "elsewhere")")
        }
    }

    /// Stops (or allows again) the start of jobs of a type; with `*` of all there are and of those announced later.
    package func pause(_ type: String, _ pausing: Bool) async throws {
        // Types that are announced from here on are paused by that, so that none slips through.
        if type == "*" { try await pause(JobType("*"), pausing) }
        for type in try await types(named: type) { try await pause(type, pausing) }
    }

    private func pause(_ type: JobType, _ pausing: Bool) async throws {
        var cursor = "0"
        repeat {
            let arguments: [RedisArgument] = [.string(type.name), pausing ? 1 : 0, .string(cursor)]
            cursor = try await run(Scripts.pause, arguments).string ?? ""
        } while !cursor.isEmpty
    }

    /// Cancels every waiting job of a type, of all with `*`.
    /// - Returns: how many.
    package func drain(_ type: String) async throws -> Int {
        var count = 0
        for type in try await types(named: type) {
            var cursor = "0"
            repeat {
                let reply = try await run(Scripts.drain, [.string(type.name), .string(cursor)]).array ?? []
                count += reply.first?.int ?? 0
                cursor = reply.last?.string ?? ""
            } while !cursor.isEmpty
        }
        return count
    }

    /// Asks a worker to stop.
    package func stopWorker(_ id: String, mode: ControlDocument.StopMode) async throws {
        switch try await code(Scripts.stopWorker, [.string(id), .string(mode.rawValue)]) {
        case .ok, .already: return
        default: throw Refusal(.notFound, "there is no worker \"\(id)\"")
        }
    }

    /// Declares a worker's host dead: its attempts end as lost now, 100 at a time, and are tried again where that is allowed;
    /// what it still says of them has no effect. Its record goes.
    package func forgetWorker(_ id: String) async throws {
        let message = "its worker \(id) was declared dead"
        let error: JSON = ["code": "lost", "message": .string(message)]
        for _ in 0..<1000 {
            switch try await code(Scripts.forgetWorker, [.string(id)]) {
            case .ok: return
            case .wrongState: break
            default: throw Refusal(.notFound, "there is no worker \"\(id)\"")
            }
            let ids = try await redis.send(["SRANDMEMBER", .string("\(keys.worker(id)):jobs"), 100]).strings
            for job in try await jobs(ids) {
                guard let fence = job.fence else { continue }
                let wait = job.options.backoff.wait(after: job.failures + 1, jitter: Double.random(in: -1...1))
                let fields = [("message", message), ("error", error.text)]
                _ = try await finish(job.id, fence: fence, Outcome(.lost, wait: wait, fields: fields))
            }
        }
        throw Refusal(.wrongState, "the worker \"\(id)\" goes on taking jobs: stop it first")
    }

    /// Takes, keeps or lets go the role of who carries out commands.
    /// - Returns: whether this holder has it.
    package func holdControl(_ token: String, _ holds: Bool) async throws -> Bool {
        try await code(Scripts.holdControl, [.string(token), holds ? 1 : 0]) == .ok
    }

    /// Commands that wait, at most 100, next first.
    package func commands() async throws -> [[UInt8]] {
        try await redis.send(["LRANGE", .string(keys.control), 0, 99]).array?.compactMap(\.bytes) ?? []
    }

    /// The answer that a request got before.
    package func earlierAnswer(to requestID: String) async throws -> JSON? {
        let reply = try await redis.send(["GET", .string(keys.request(requestID))])
        return reply.bytes.flatMap { try? JSON(parsing: $0) }
    }

    /// Takes a command that was carried out from the list and answers it.
    package func answer(_ raw: [UInt8], replyTo: String?, requestID: String?, _ answer: JSON) async throws {
        let arguments: [RedisArgument] = [
            .bytes(raw), .string(replyTo ?? ""), .string(answer.text), .string(requestID ?? ""),
        ]
        _ = try await code(Scripts.answer, arguments)
    }

    /// Every type that is built in or was ever announced.
    package func knownTypes() async throws -> [JobType] {
        let announced = try await redis.send(["SMEMBERS", .string(keys.types)]).strings.map { JobType($0) }
        return JobType.builtIn + announced.filter { !$0.isBuiltIn }.sorted()
    }

    private func types(named name: String) async throws -> [JobType] {
        let known = try await knownTypes()
        if name == "*" { return known }
        guard known.contains(JobType(name)) else {
            let nearest = Nearest.name(to: name, among: known.map(\.name)).map { "; did you mean \"\($0)\"?" } ?? ""
            throw Refusal(.unknownType, field: "type", "\"\(name)\" is no job type\(nearest)")
        }
        return [JobType(name)]
    }
}

extension Refusal {
    static func unknownType(_ type: JobType, field: String = "type") -> Refusal {
        Refusal(.unknownType, field: field, "\"\(type)\" is not built in and no worker ever announced it")
    }

    static func queueFull(_ type: JobType, limit: String) -> Refusal {
        Refusal(.queueFull, "\(limit) jobs of the type \(type) are pending, as many as its limit (queue.limit) allows")
    }

    static func quarantined(_ type: JobType, _ resource: String, last: String) -> Refusal {
        Refusal(
            .quarantined,
            "\(QuarantineEntry.threshold) jobs in a row of \(type) \"\(resource)\" with this payload were lost, the last was "
                + "\(last); \"hoistway quarantine release \(type) \(resource)\" allows it again"
        )
    }

    package static func noJob(_ id: String) -> Refusal { Refusal(.notFound, "there is no job \"\(id)\"") }
}

extension KillSelection {
    func matches(_ job: Job) -> Bool {
        if let type, job.type.name != type { return false }
        if let resourceID, job.resourceID != resourceID { return false }
        if let label, job.labels[label.key]?.stringValue != label.value { return false }
        if let olderThan {
            guard let created = job.createdAt else { return false }
            if Timestamp.now().milliseconds - created.milliseconds < olderThan.milliseconds { return false }
        }
        return true
    }
}
