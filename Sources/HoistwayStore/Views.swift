import HoistwayModel

extension Job {
    /// The job as the API and `--json` show it, with why it waits.
    package func json(waiting: Waiting?) -> JSON {
        var object = apiJSON
        object.append("waiting", waiting?.json ?? .null)
        return .object(object)
    }
}

extension QueueSummary {
    /// The queue as the API and `--json` show it.
    package var json: JSON {
        [
            "type": .string(type.name), "paused": .bool(isPaused), "pending": .int(pending), "running": .int(running),
            "oldest": .string(orNull: oldest?.description), "workers": .int(workers),
        ]
    }
}

/// The shape of a worker in the API and in `--json`.
package enum WorkerView {
    /// - Parameter worker: its hash.
    package static func json(_ worker: [String: String]) -> JSON {
        var object: JSONObject = [:]
        for name in ["id", "host", "node", "state", "startedAt", "heartbeatAt", "version"] {
            let text = worker[name] ?? ""
            object.append(name, text.isEmpty ? .null : .string(text))
        }
        for name in ["pid", "slots", "running"] {
            object.append(name, worker[name].flatMap { Int($0) }.map { .int($0) } ?? .null)
        }
        for name in ["types", "servers"] {
            object.append(name, .strings((worker[name] ?? "").split(separator: ",").map(String.init)))
        }
        return .object(object)
    }
}
