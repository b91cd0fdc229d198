import HTTPTypes
import HoistwayModel
import HoistwayStore
import Hummingbird

extension NativeFace {
    var scheduleRoutes: [Route] {
        let schedules = "\(NativeFace.prefix)/schedules"
        return [
            .get(schedules) { _ in .page(try await services.schedules.list().map { .object($0.json()) }) },
            .post(schedules, .admin) { request in
                let schedule = try Schedule(parsing: try await request.bytes())
                let (stored, isNew) = try await services.schedules.add(schedule)
                let place = "\(schedules)/\(Percent.encode(schedule.id))"
                return .json(stored.json(), status: isNew ? .created : .ok, headers: [.location: place])
            },
            .get("\(schedules)/{id}") { .json(try await services.schedules.get($0.parameter("id")).json()) },
            .put("\(schedules)/{id}", .admin, replace),
            .delete("\(schedules)/{id}", .admin) { request in
                try await services.schedules.remove(request.parameter("id"))
                return .noContent
            },
            .post("\(schedules)/{id}/run", .enqueue, run),
            .post("\(schedules)/{id}/pause", .operate) { request in
                .json(try await services.schedules.pause(request.parameter("id"), true).json())
            },
            .post("\(schedules)/{id}/resume", .operate) { request in
                .json(try await services.schedules.pause(request.parameter("id"), false).json())
            },
        ]
    }

    /// The id of the path goes for a document without one, and may not contradict its own.
    private func replace(_ request: APIRequest) async throws -> Response {
        let id = request.parameter("id")
        var members = try await request.members().map { (key: $0.key, value: $0.value, json: $0.json) }
        if let own = members.first(where: { $0.key == "id" }) {
            guard own.value.stringValue == id else { throw Problem(field: "id", "differs from the id of the path") }
        } else {
            members.append((key: "id", value: .string(id), json: JSON.string(id).utf8))
        }
        let schedule = try Schedule(parsing: JSON.bytes(of: members.map { ($0.key, $0.json) }))
        return .json(try await services.schedules.replace(schedule).json())
    }

    private func run(_ request: APIRequest) async throws -> Response {
        let job = try await services.schedules.run(request.parameter("id"), requestID: request.id)
        return .json(
            try await services.jobs.json(job),
            status: .accepted,
            headers: [.location: "\(NativeFace.prefix)/jobs/\(job.id)"]
        )
    }
}
