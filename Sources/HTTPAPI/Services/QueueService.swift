import HoistwayModel
import HoistwayStore

/// Queues and workers.
package struct QueueService: Sendable {
    let store: Store

    /// A line for each known type.
    package func list() async throws -> [QueueSummary] { try await OutagePatience.insist { try await store.queues() } }

    /// - Throws: `Refusal` for a type that nobody knows.
    package func summary(_ type: String) async throws -> [QueueSummary] {
        try await list().filter { type == "*" || $0.type.name == type }
    }

    /// Stops, or allows again, the start of jobs of a type; `*` stands for all.
    /// - Throws: `Refusal` for a type that nobody knows.
    package func pause(_ type: String, _ pausing: Bool) async throws {
        try await OutagePatience.insist { try await store.pause(type, pausing) }
    }

    /// Cancels every waiting job of a type; `*` stands for all.
    /// - Returns: how many.
    /// - Throws: `Refusal` for a type that nobody knows.
    package func drain(_ type: String) async throws -> Int { try await store.drain(type) }

    /// The hashes of the workers, by id.
    package func workers() async throws -> [[String: String]] {
        try await OutagePatience.insist { try await store.workers() }
    }

    /// - Throws: `Refusal` when there is no such worker.
    package func stop(worker id: String, _ mode: ControlDocument.StopMode) async throws {
        try await OutagePatience.insist { try await store.stopWorker(id, mode: mode) }
    }
}
