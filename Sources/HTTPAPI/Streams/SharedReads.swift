import Synchronization

/// Reads what never changes once for all who ask for it at the same time or soon after.
final class SharedReads<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct State {
        var underWay: [Key: Task<Value, any Error>] = [:]
        /// The newest results, oldest first.
        var kept: [(key: Key, value: Value, size: Int)] = []
        var size = 0
    }

    /// Most results that are kept: who follows closely is near the newest.
    private static var mostResults: Int { 64 }

    private let most: Int
    private let size: @Sendable (Value) -> Int
    private let state = Mutex(State())

    /// - Parameters:
    ///   - most: most bytes that are kept.
    ///   - size: of a result; one of 0 is not kept, as it may be another one soon.
    init(most: Int, size: @escaping @Sendable (Value) -> Int) {
        self.most = most
        self.size = size
    }

    func value(_ key: Key, _ read: @escaping @Sendable () async throws -> Value) async throws -> Value {
        let (kept, task) = state.withLock { state -> (Value?, Task<Value, any Error>?) in
            if let found = state.kept.last(where: { $0.key == key }) { return (found.value, nil) }
            if let task = state.underWay[key] { return (nil, task) }
            let task = Task { try await read() }
            state.underWay[key] = task
            return (nil, task)
        }
        guard let task else {
            guard let kept else { return try await read() }
            return kept
        }
        let result = await task.result
        state.withLock { state in
            guard state.underWay[key] == task else { return }
            state.underWay[key] = nil
            if case .success(let value) = result { keep(key, value, &state) }
        }
        return try result.get()
    }

    private func keep(_ key: Key, _ value: Value, _ state: inout State) {
        let size = size(value)
        guard size > 0, size <= most else { return }
        state.kept.append((key, value, size))
        state.size += size
        while state.size > most || state.kept.count > Self.mostResults { state.size -= state.kept.removeFirst().size }
    }
}
