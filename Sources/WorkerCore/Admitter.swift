import HoistwayModel
import HoistwayStore
import Logging
import RESP
import RedisClient

/// Makes jobs of the documents in the inboxes and carries out the commands of the control list.
struct Admitter: Sendable {
    let store: Store
    let logger: Logger

    /// Empties an inbox as far as it stood when this was called.
    func admit(_ type: JobType) async {
        do {
            for _ in 0..<1000 {
                let documents = try await store.inbox(type)
                guard !documents.isEmpty else { return }
                let taken = try await store.admit(documents, type: type)
                if taken == documents.count, documents.count < 100 { return }
            }
        } catch {
            logger.debug("inbox of \(type): \(error)")
        }
    }

    /// Carries out what waits in the control list, unless somebody else is at it.
    func obey() async {
        let token = Identifier.ulid()
        do {
            // What is pushed while the role is let go finds nobody listening to it: hence another look.
            while try await !store.commands().isEmpty, try await store.holdControl(token, true) {
                do {
                    try await carryOutAll(token)
                } catch {
                    _ = try? await store.holdControl(token, false)
                    throw error
                }
                _ = try await store.holdControl(token, false)
            }
        } catch {
            logger.debug("control list: \(error)")
        }
    }

    private func carryOutAll(_ token: String) async throws {
        while true {
            let commands = try await store.commands()
            guard !commands.isEmpty else { return }
            for raw in commands {
                guard try await store.holdControl(token, true) else { return }
                do {
                    try await carryOut(raw)
                } catch let error as RedisError where error.serverCode == "TAKEN" {
                    // It took so long that somebody else thought us dead: the list is another one now.
                    break
                }
            }
        }
    }

    /// Commands have their effect once, so that one whose answer could not be written is simply carried out again.
    private func carryOut(_ raw: [UInt8]) async throws {
        let document: ControlDocument
        do throws(Refusal) {
            document = try ControlDocument(parsing: raw)
        } catch {
            try await store.rejectCommand(raw, error)
            return
        }
        var answer: JSON
        if let id = document.requestID, let earlier = try await store.earlierAnswer(to: id) {
            answer = earlier
        } else {
            do {
                answer = try await carryOut(document, store.whileFirst(raw))
            } catch let refusal as Refusal {
                answer = ["ok": false, "error": refusal.json]
            } catch let error as RedisError where error.isLasting {
                // It would stand before all others for ever.
                logger.error("a command cannot be carried out: \(error)")
                answer = ["ok": false, "error": ["code": "internal", "message": .string("\(error)")]]
            }
        }
        try await store.answer(raw, replyTo: document.replyTo, requestID: document.requestID, answer)
    }

    private func carryOut(_ document: ControlDocument, _ store: Store) async throws -> JSON {
        switch document.command {
        case .kill(.job(let id), let order):
            _ = try await store.kill(id, order)
            return ["ok": true, "id": .string(id)]
        case .kill(.selection(let selection), let order):
            return ["ok": true, "count": .int(try await store.kill(selection, order))]
        case .retry(let id):
            return ["ok": true, "id": .string(try await store.retry(id, requestID: document.requestID).id)]
        case .remove(let id):
            try await store.remove(id)
            return ["ok": true, "id": .string(id)]
        case .promoteJob(let id):
            try await store.promote(id)
            return ["ok": true, "id": .string(id)]
        case .pause(let type):
            try await store.pause(type, true)
            return ["ok": true, "type": .string(type)]
        case .resume(let type):
            try await store.pause(type, false)
            return ["ok": true, "type": .string(type)]
        case .drain(let type):
            return ["ok": true, "type": .string(type), "count": .int(try await store.drain(type))]
        case .stopWorker(let worker, let mode):
            try await store.stopWorker(worker, mode: mode)
            return ["ok": true, "id": .string(worker)]
        case .forgetWorker(let worker):
            try await store.forgetWorker(worker)
            return ["ok": true, "id": .string(worker)]
        case .releaseQuarantine(let type, let resource):
            try await store.releaseQuarantine(type: type, resourceID: resource)
            return ["ok": true, "type": .string(type), "resourceId": .string(resource)]
        }
    }
}

/// The role of one process at a time: hears of every push to an inbox or the control list at once.
struct Listener: Sendable {
    let client: RedisClient
    let store: Store
    let logger: Logger

    /// Listens until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            await listen()
            try? await Task.sleep(for: .seconds(5))
        }
    }

    /// Listens until something fails: while Redis moves to another server, more than one connection is made anew.
    private func listen() async {
        let inboxes = store.keys.prefix + Keys.inboxInfix
        let tracking = RedisTracking(client: client, prefixes: [inboxes, store.keys.control])
        let admitter = Admitter(store: store.through(tracking), logger: logger)
        do {
            for try await changed in tracking.changes() {
                var keys = Set(changed)
                if changed.isEmpty { keys = try await waiting(inboxes) }
                for key in keys {
                    if key == store.keys.control {
                        await admitter.obey()
                    } else if key.hasPrefix(inboxes) {
                        await admitter.admit(JobType(String(key.dropFirst(inboxes.count))))
                    }
                }
            }
        } catch {
            logger.debug("listening: \(error)")
        }
        await tracking.close()
    }

    /// Everything that may have been pushed while nobody listened, also to inboxes of types nobody knows.
    private func waiting(_ inboxes: String) async throws -> Set<String> {
        var keys: Set = [store.keys.control]
        var cursor = "0"
        repeat {
            let reply = try await client.send([
                "SCAN", .string(cursor), "MATCH", "\(inboxes.globEscaped)*", "COUNT", 1000,
            ])
            let parts = reply.array ?? []
            cursor = parts.first?.string ?? "0"
            keys.formUnion(parts.last?.array?.compactMap(\.string) ?? [])
        } while cursor != "0"
        return keys
    }
}

extension RedisError {
    /// Whether the data itself stand in the way, so that no other try can help.
    fileprivate var isLasting: Bool { serverCode == "ERR" || serverCode == "WRONGTYPE" }
}

extension String {
    /// The text as a pattern of Redis that matches itself alone.
    fileprivate var globEscaped: String {
        reduce(into: "") { text, character in
            if "*?[]\\".contains(character) { text.append("\\") }
            text.append(character)
        }
    }
}
