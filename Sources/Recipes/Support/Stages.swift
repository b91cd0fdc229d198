import HoistwayModel
import Synchronization

/// The steps of a recipe: each one a resource of the job, with progress that only grows.
final class Stages: Sendable {
    struct Stage: Sendable {
        var name: String
        /// Progress in percent when the stage begins.
        var progress: Int
        /// What people read, where that is not the name.
        var title: String?
        /// What it deploys, where a job deploys several things.
        var component: String?
    }

    private let context: RecipeContext
    private let type: String
    private let kind: String
    private let stages: [Stage]
    private let open: Mutex<[String]>

    /// Announces every stage as pending.
    /// - Parameter kind: what a stage is, as a resource.
    init(_ stages: [Stage], type: String, kind: String = "stage", in context: RecipeContext) {
        self.context = context
        self.type = type
        self.kind = kind
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
        let stage = stages.first { $0.name == name }
        context.events.progress(
            stage?.progress ?? 0,
            stage: stage?.title ?? name,
            component: stage?.component,
            message: message
        )
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

    /// Passes over a stage that an earlier job performed.
    func skip(_ name: String) { settle(name, "unchanged", nil) }

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
            "type": .string("\(type).\(kind)"),
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
