import Synchronization

/// Reads for many who ask for the same at once, at most one read of a key at a time. Nobody gets the result of a read that
/// began before they asked: who comes during one shares the next one with all who came meanwhile.
final class FreshReads<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private typealias Waiter = CheckedContinuation<Value, any Error>

    /// Who waits for the next read of each key of which one is under way.
    private let waiting = Mutex<[Key: [Waiter]]>([:])

    func value(_ key: Key, _ read: @escaping @Sendable () async throws -> Value) async throws -> Value {
        let isAlone = waiting.withLock { waiting in
            guard waiting[key] == nil else { return false }
            waiting[key] = []
            return true
        }
        guard !isAlone else {
            defer { next(key, read) }
            return try await read()
        }
        return try await withCheckedThrowingContinuation { waiter in
            let isLate = waiting.withLock { waiting in
                guard waiting[key] == nil else {
                    waiting[key]?.append(waiter)
                    return false
                }
                waiting[key] = [waiter]
                return true
            }
            // The read that was under way has just ended.
            if isLate { next(key, read) }
        }
    }

    /// How many wait for the next read of a key.
    func waiters(of key: Key) -> Int { waiting.withLock { $0[key]?.count ?? 0 } }

    /// Reads once for all who wait, if anybody does.
    private func next(_ key: Key, _ read: @escaping @Sendable () async throws -> Value) {
        let waiters = waiting.withLock { waiting -> [Waiter] in
            guard let waiters = waiting[key], !waiters.isEmpty else {
                waiting[key] = nil
                return []
            }
            waiting[key] = []
            return waiters
        }
        guard !waiters.isEmpty else { return }
        Task {
            let result: Result<Value, any Error>
            do {
                result = .success(try await read())
            } catch {
                result = .failure(error)
            }
            for waiter in waiters { waiter.resume(with: result) }
            next(key, read)
        }
    }
}
