import HoistwayModel
import RESP
import RedisClient

/// A document as it lies at the head of an inbox.
package struct InboxDocument: Sendable {
    package var type: JobType
    package var bytes: [UInt8]

    package init(type: JobType, bytes: [UInt8]) {
        self.type = type
        self.bytes = bytes
    }
}

/// What became of a document.
package enum Admission: Sendable, Hashable {
    case accepted(id: String)
    /// The job that this document, or an earlier one with its idempotency key, was made into before.
    case existing(id: String)

    package var id: String {
        switch self {
        case .accepted(let id), .existing(let id): id
        }
    }
}

extension Store {
    /// Makes a job of a checked document.
    /// - Parameters:
    ///   - requestID: of the request that brought it; sent twice with one id, a document makes one job.
    ///   - further: fields of its hash that a document cannot set.
    ///   - alone: refuses it while any other job of its type waits or runs, and as `onConflict: reject` does.
    /// - Throws: `Refusal` when its id is in use, its key is busy (`onConflict: reject`), a dependency is unknown, its queue is
    ///   full or its payload is in quarantine.
    package func enqueue(
        _ document: JobDocument,
        requestID: String = Identifier.ulid(),
        further: [(String, String)] = [],
        alone: Bool = false
    ) async throws -> Admission {
        guard try await isKnown(document.type) else { throw Refusal.unknownType(document.type) }
        let id = document.id ?? Identifier.ulid()
        let arguments = Store.arguments(of: document, id: id, requestID: requestID, further: further, alone: alone)
        let (code, values) = try await answer(Scripts.admit, arguments)
        return try Store.admission(of: document, id: id, code, values.first?.string ?? "")
    }

    /// Makes jobs of checked documents in one go, in their order.
    /// - Parameter requests: each with an id of its own; sent twice with one id, a document makes one job.
    /// - Returns: a result for each, a `Refusal` or a `RedisError` where it failed.
    /// - Throws: `RedisError` when nothing is known of any.
    package func enqueue(
        _ requests: [(document: JobDocument, requestID: String)]
    ) async throws -> [Result<Admission, any Error>] {
        let types = Set(requests.map(\.document.type).filter { !$0.isBuiltIn })
        let known = types.isEmpty ? [] : try await knownTypes()
        let prepared = requests.map { request in
            (document: request.document, id: request.document.id ?? Identifier.ulid(), request: request.requestID)
        }
        let sent = prepared.filter { $0.document.type.isBuiltIn || known.contains($0.document.type) }
        var replies = try await redis.run(
            Scripts.admit,
            batch: sent.map { request in
                let arguments = Store.arguments(
                    of: request.document,
                    id: request.id,
                    inbox: "",
                    raw: [],
                    requestID: request.request
                )
                return (keys: [.string(keys.meta)], arguments: arguments)
            }
        )[...]
        return prepared.map { request in
            Result {
                guard request.document.type.isBuiltIn || known.contains(request.document.type) else {
                    throw Refusal.unknownType(request.document.type)
                }
                let values = try replies.removeFirst().get().array ?? []
                let code = try Store.code(of: values.first ?? .null, Scripts.admit)
                let detail = values.dropFirst().first?.string ?? ""
                return try Store.admission(of: request.document, id: request.id, code, detail)
            }
        }
    }

    /// What waits in an inbox, at most 100 documents, next first.
    package func inbox(_ type: JobType) async throws -> [[UInt8]] {
        let reply = try await redis.send(["LRANGE", .string(keys.inbox(type)), 0, 99])
        return reply.array?.compactMap(\.bytes) ?? []
    }

    /// Makes jobs of the documents at the head of an inbox, in one round trip, and takes them out of it; one that
    /// cannot be understood goes to the list of the rejected. Run twice or by two processes, each becomes one job.
    /// - Returns: how many documents left the inbox.
    package func admit(_ documents: [[UInt8]], type: JobType) async throws -> Int {
        let knownType = try await isKnown(type)
        var left = 0
        var batch: [(document: JobDocument, id: String, raw: [UInt8])] = []
        for raw in documents {
            do throws(Refusal) {
                guard knownType else {
                    throw Refusal.unknownType(type)
                }
                let document = try JobDocument(parsing: raw, type: type)
                batch.append((document, document.id ?? Identifier.ulid(), raw))
            } catch {
                let (taken, complete) = try await admit(batch, type: type)
                left += taken
                batch = []
                guard complete, try await reject(raw, type: type, error) else { return left }
                left += 1
            }
        }
        return left + (try await admit(batch, type: type)).taken
    }

    /// Whether a type is built in or was ever announced by a worker.
    func isKnown(_ type: JobType) async throws -> Bool {
        if type.isBuiltIn { return true }
        return try await redis.send(["SISMEMBER", .string(keys.types), .string(type.name)]).int == 1
    }

    private func admit(
        _ batch: [(document: JobDocument, id: String, raw: [UInt8])],
        type: JobType
    ) async throws -> (taken: Int, complete: Bool) {
        guard !batch.isEmpty else { return (0, true) }
        let inbox = keys.inbox(type)
        let results = try await redis.run(
            Scripts.admit,
            batch: batch.map { entry in
                let arguments = Store.arguments(
                    of: entry.document,
                    id: entry.id,
                    inbox: inbox,
                    raw: entry.raw,
                    requestID: ""
                )
                return (keys: [.string(keys.meta)], arguments: arguments)
            }
        )
        for (index, result) in results.enumerated() {
            let values = try result.get().array ?? []
            let code = try Store.code(of: values.first ?? .null, Scripts.admit)
            if code == .headChanged { return (index, false) }
            do throws(Refusal) {
                let detail = values.dropFirst().first?.string ?? ""
                _ = try Store.admission(of: batch[index].document, id: batch[index].id, code, detail)
            } catch {
                guard try await reject(batch[index].raw, type: type, error) else { return (index, false) }
                let rest = try await admit(Array(batch[(index + 1)...]), type: type)
                return (index + 1 + rest.taken, rest.complete)
            }
        }
        return (batch.count, true)
    }

    /// Takes a document out of its inbox into the list of the rejected.
    /// - Returns: false when it does not lie at the head any more.
    private func reject(_ raw: [UInt8], type: JobType, _ refusal: Refusal) async throws -> Bool {
        let members = (try? JSON.members(of: raw)) ?? []
        func text(_ key: String) -> String? { members.last { $0.key == key }?.value.stringValue }
        let id = text("id").flatMap {
            Identifier.isJobID($0) && refusal.code != .idInUse && Identifier.isName(type.name) ? $0 : nil
        }
        let resource = text(type.idKey) ?? text("resourceId") ?? ""
        let usable = DocumentReader.isText(resource) ? resource : ""
        let arguments: [RedisArgument] = [
            .string(keys.inbox(type)), .bytes(raw), .string(keys.rejected), .string(Store.entry(raw, refusal)),
            .string("inbox:\(type)"), .string(text("replyTo") ?? ""), .string(refusal.json.text), .string(id ?? ""),
            .string(type.name), .string(usable), .string(refusal.message),
        ]
        return try await code(Scripts.reject, arguments) == .ok
    }

    /// Takes a command out of the control list into the list of the rejected.
    package func rejectCommand(_ raw: [UInt8], _ refusal: Refusal) async throws {
        let arguments: [RedisArgument] = [
            .string(keys.control), .bytes(raw), .string(keys.controlRejected), .string(Store.entry(raw, refusal)),
            "control", .string(ControlDocument.replyTo(in: raw) ?? ""), .string(refusal.json.text), "", "", "", "",
        ]
        _ = try await code(Scripts.reject, arguments)
    }

    /// An entry of the list of the rejected, without its end: the script adds time and queue.
    private static func entry(_ raw: [UInt8], _ refusal: Refusal) -> String {
        let kept = String(decoding: raw.prefix(64 * 1024), as: UTF8.self)
        return "{\"raw\":\(JSON.string(kept).text),\"error\":\(refusal.json.text)"
    }

    static func admission(
        of document: JobDocument,
        id: String,
        _ code: StoreCode,
        _ detail: String
    ) throws(Refusal) -> Admission {
        switch code {
        case .ok: return .accepted(id: id)
        case .already: return .existing(id: detail)
        case .idInUse: throw Refusal(.idInUse, field: "id", "\"\(id)\" is in use already")
        case .conflict:
            let holders = detail.isEmpty ? "" : " by \(detail)"
            throw Refusal(.conflict, field: "onConflict", "\"\(document.concurrencyKey)\" is in use\(holders)")
        case .unknownDependency: throw Refusal(.unknownDependency, field: "dependsOn", "there is no job \"\(detail)\"")
        case .queueFull: throw Refusal.queueFull(document.type, limit: detail)
        case .quarantined: throw Refusal.quarantined(document.type, document.resourceID, last: detail)
        default: throw Refusal(.wrongState, "it could not be accepted")
        }
    }

    static func arguments(
        of document: JobDocument,
        id: String,
        inbox: String = "",
        raw: [UInt8] = [],
        requestID: String,
        scheduleID: String? = nil,
        further: [(String, String)] = [],
        alone: Bool = false
    ) -> [RedisArgument] {
        var arguments: [RedisArgument] = [
            .string(inbox), .bytes(raw), .string(id), .string(document.type.name), .string(document.resourceID),
            .string(document.node ?? ""), .string(document.serverID ?? ""), .int(document.priority),
            .string(document.concurrencyKey), .int(document.concurrencyLimit),
            RedisArgument(document.delay.milliseconds), RedisArgument(document.runAt?.milliseconds ?? 0),
            .string(alone ? "alone" : document.onConflict.rawValue), .string(document.idempotencyKey ?? ""),
            RedisArgument(document.startDeadline.milliseconds), .string(document.replyTo ?? ""), .string(requestID),
            .int(document.dependsOn.count),
        ]
        arguments += document.dependsOn.map { .string($0) }
        arguments += .fields([
            "title": document.title.isEmpty ? nil : document.title,
            "description": document.details.isEmpty ? nil : document.details,
            "maxAttempts": String(document.maxAttempts),
            "organizationId": document.organizationID,
            "memberId": document.memberID,
            "labels": document.labels.isEmpty ? nil : JSON.object(document.labels).text,
            "dependsOn": document.dependsOn.isEmpty ? nil : JSON.strings(document.dependsOn).text,
            "scheduleId": scheduleID,
            "notify": document.notificationMarks,
            "options": document.options.isEmpty ? nil : JSON.object(document.options).text,
        ])
        return arguments + .fields(further) + ["payload", .bytes(document.payload)]
    }
}
