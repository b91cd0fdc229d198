import Synchronization

/// Tells what lasts long that the server is to stop.
package final class Quiescence: Sendable {
    private struct State {
        var isStopping = false
        var next = 0
        var waiting: [Int: @Sendable () -> Void] = [:]
    }

    private let state = Mutex(State())

    package init() {}

    package var isStopping: Bool { state.withLock { $0.isStopping } }

    /// Begins to stop.
    package func begin() {
        let waiting = state.withLock { state in
            state.isStopping = true
            defer { state.waiting = [:] }
            return Array(state.waiting.values)
        }
        for notify in waiting { notify() }
    }

    /// Does something that is cancelled once the server is to stop.
    package func whileOpen<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws -> Value
    {
        let task = Task { try await body() }
        let id = state.withLock { state -> Int? in
            guard !state.isStopping else { return nil }
            state.next += 1
            state.waiting[state.next] = { task.cancel() }
            return state.next
        }
        if id == nil { task.cancel() }
        defer { if let id { state.withLock { $0.waiting[id] = nil } } }
        return try await withTaskCancellationHandler {
            try await task.value
        } onCancel: {
            task.cancel()
        }
    }
}
