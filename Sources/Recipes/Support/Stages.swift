import HoistwayModel
import Synchronization

/// The steps of a recipe: each one a resource of the job, with progress that only grows.
final class Stages: Sendable {
    struct Stage: Sendable {
        var name: String
        /// Progress in percent when the stage begins.
        var progress: Int
    }

    private let context: RecipeContext
    private let type: String
    private let stages: [Stage]
    private let open: Mutex<[String]>

    /// Announces every stage as pending.
    init(_ stages: [Stage], type: String, in context: RecipeContext) {
        self.context = context
        self.type = type
        self.stages = stages
        open = Mutex(stages.map(\.name))
        for stage in stages { send(stage.name, "pending", nil) }
    }

    /// Performs one stage.
    func perform<Value>(
        _ name: String,
        _ message: String,
        _ body: () async throws(RecipeFailure) -> Value
    ) async throws(RecipeFailure) -> Value {
        let clock = ContinuousClock()
        let start = clock.now
        context.events.progress(stages.first { $0.name == name }?.progress ?? 0, stage: name, message: message)
        send(name, "running", nil)
        do {
            let value = try await body()
            settle(name, "succeeded", clock.now - start)
            return value
        } catch {
            settle(name, "failed", clock.now - start)
            throw error
        }
    }

    /// Settles what never began: a failed recipe leaves no stage pending.
    func settleRest() {
        for name in open.withLock({ $0 }) { settle(name, "unchanged", nil) }
    }

    private func settle(_ name: String, _ status: String, _ duration: Duration?) {
        open.withLock { $0.removeAll { $0 == name } }
        send(name, status, duration)
    }

    private func send(_ name: String, _ status: String, _ duration: Duration?) {
        var resource: JSONObject = [
            "urn": .string("urn:hoistway:\(type):\(context.resourceID):\(name)"),
            "type": .string("\(type).stage"),
            "name": .string(name),
            "operation": .string(context.action),
            "status": .string(status),
        ]
        if let duration {
            let milliseconds =
                duration.components.seconds * 1000 + duration.components.attoseconds / 1_000_000_000_000_000
            resource["duration"] = .double(Double(milliseconds) / 1000)
        }
        context.events.send(["resource": .object(resource)])
    }
}
