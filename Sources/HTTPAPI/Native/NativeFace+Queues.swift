import HoistwayModel
import HoistwayStore
import Hummingbird

extension NativeFace {
    var queueRoutes: [Route] {
        let queues = "\(NativeFace.prefix)/queues"
        let workers = "\(NativeFace.prefix)/workers"
        return [
            .get(queues) { _ in .page(try await services.queues.list().map(\.json)) },
            .post("\(queues)/{type}/pause", .operate) { try await pause($0, true) },
            .post("\(queues)/{type}/resume", .operate) { try await pause($0, false) },
            .post("\(queues)/{type}/drain", .operate) { request in
                let count = try await services.queues.drain(request.parameter("type"))
                return .json(["type": .string(request.parameter("type")), "cancelled": .int(count)] as JSON)
            },
            .get(workers) { _ in .page(try await services.queues.workers().map(WorkerView.json)) },
            .post("\(workers)/{id}/stop", .operate, stop),
        ]
    }

    private func pause(_ request: APIRequest, _ pausing: Bool) async throws -> Response {
        let type = request.parameter("type")
        try await services.queues.pause(type, pausing)
        return .json(["type": .string(type), "paused": .bool(pausing)] as JSON)
    }

    private func stop(_ request: APIRequest) async throws -> Response {
        let id = request.parameter("id")
        let members = try await request.members()
        for member in members where member.key != "mode" { throw Problem(field: member.key, "unknown field") }
        let text = members.last.map { $0.value.stringValue ?? "" } ?? ControlDocument.StopMode.drain.rawValue
        guard let mode = ControlDocument.StopMode(rawValue: text) else {
            throw Problem(field: "mode", "must be drain or detach")
        }
        try await services.queues.stop(worker: id, mode)
        return .json(["id": .string(id), "mode": .string(mode.rawValue)] as JSON, status: .accepted)
    }
}
