import HoistwayModel
import HoistwayStore
import RedisClient

extension HoistwayClient {
    /// Accepts a job.
    ///
    /// Sent again after a lost connection it still becomes one job. A document with an `idempotencyKey` that was used within 24
    /// hours answers the job that was made then.
    /// - Returns: the job's id.
    /// - Throws: ``HoistwayError``: `invalid`, with every field that is wrong; `idInUse`; `conflict`; `queueFull`;
    ///   `quarantined`; `unreachable`, when it is not known whether the job was accepted: ask for its status, or enqueue the
    ///   document again with the same id.
    @discardableResult
    public func enqueue(_ document: JobDocument) async throws(HoistwayError) -> String {
        try await enqueue(all: [document])[0].get()
    }

    /// Accepts a job from the text of a document, as any producer would push it.
    /// - Parameter type: the type, when the document does not name one.
    /// - Returns: the job's id.
    /// - Throws: ``HoistwayError`` as ``enqueue(_:)`` does.
    @discardableResult
    public func enqueue(json: String, type: JobType? = nil) async throws(HoistwayError) -> String {
        do {
            return try await enqueue(try JobDocument(parsing: Array(json.utf8), type: type))
        } catch {
            throw HoistwayError(error)
        }
    }

    /// Accepts many jobs in few round trips, in their order. Each is accepted or refused on its own.
    /// - Returns: for each document its job's id, or why there is none, as ``enqueue(_:)`` throws it.
    /// - Throws: ``HoistwayError``: `unreachable` and `redis`, when it is not known which were accepted.
    public func enqueue(all documents: [JobDocument]) async throws(HoistwayError) -> [Result<String, HoistwayError>] {
        var results: [Result<String, HoistwayError>] = []
        results.reserveCapacity(documents.count)
        for start in stride(from: 0, to: documents.count, by: HoistwayClient.batch) {
            results += try await batch(documents[start..<min(start + HoistwayClient.batch, documents.count)])
        }
        return results
    }

    /// Documents of one round trip.
    private static let batch = 256

    private func batch(
        _ documents: ArraySlice<JobDocument>
    ) async throws(HoistwayError) -> [Result<String, HoistwayError>] {
        var requests: [(document: JobDocument, requestID: String)] = []
        var results: [Result<String, HoistwayError>?] = []
        for document in documents {
            do throws(Refusal) {
                var checked = try document.checked()
                checked.id = checked.id ?? Identifier.ulid()
                requests.append((checked, Identifier.ulid()))
                results.append(nil)
            } catch {
                results.append(.failure(HoistwayError(error)))
            }
        }
        if requests.isEmpty { return results.compactMap { $0 } }
        var answers = try await admitted(requests)[...]
        return results.compactMap { $0 ?? answers.popFirst() }
    }

    /// Sends documents until the outcome of each is known: with their ids and those of the requests each becomes one job.
    private func admitted(
        _ requests: [(document: JobDocument, requestID: String)]
    ) async throws(HoistwayError) -> [Result<String, HoistwayError>] {
        do {
            return try await Patience.insist(patience) {
                try await store.enqueue(requests).map { result in
                    switch result {
                    case .success(let admission): .success(admission.id)
                    case .failure(let error as RedisError) where error.isConnectionLoss: throw error
                    case .failure(let error): .failure(HoistwayError(error))
                    }
                }
            }
        } catch let error as RedisError where error.isConnectionLoss {
            let ids = requests.compactMap(\.document.id)
            let which = ids.count == 1 ? "job \(ids[0]) was" : "\(ids.count) jobs from \(ids[0]) on were"
            throw HoistwayError(.unreachable, "it is not known whether \(which) accepted: \(error)")
        } catch {
            throw HoistwayError(error)
        }
    }
}
