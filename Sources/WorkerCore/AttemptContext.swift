import HoistwayModel

/// What must be known of a job to end its attempt, also by a worker that did not start it.
struct AttemptContext: Sendable {
    var type: JobType
    var failures: Int
    var backoff: Backoff
    /// The job's own grace; nil when the worker's configuration decides.
    var killGrace: TimeSpan?
    /// The hash of the job as it was claimed, without its payload: what it takes to write it back to a Redis that lost it.
    var fields: [String: String]?

    init(_ job: Job) {
        type = job.type
        failures = job.failures
        backoff = job.options.backoff
        killGrace = job.options.killGrace
        fields = job.fields
        fields?["payload"] = nil
    }

    /// - Parameter record: what `json` wrote into the attempt's folder.
    init(_ record: JSON) {
        type = JobType(record["type"]?.stringValue ?? "")
        failures = record["failures"]?.intValue ?? 0
        backoff = Backoff(
            kind: record["backoff"]?["type"]?.stringValue.flatMap(Backoff.Kind.init) ?? .exponential,
            delay: record["backoff"]?["delay"].flatMap { TimeSpan($0) } ?? Backoff.standard.delay,
            maximum: record["backoff"]?["max"].flatMap { TimeSpan($0) } ?? Backoff.standard.maximum
        )
        killGrace = record["killGrace"].flatMap { TimeSpan($0) }
        fields = record["job"]?.objectValue.map { object in
            Dictionary(object.map { ($0.key, $0.value.stringValue ?? "") }) { first, _ in first }
        }
    }

    var json: JSON {
        [
            "type": .string(type.name), "failures": .int(failures), "backoff": backoff.json,
            "killGrace": killGrace?.json ?? .null, "job": job,
        ]
    }

    private var job: JSON {
        var object = JSONObject()
        for (name, value) in fields ?? [:] { object.append(name, .string(value)) }
        return .object(object)
    }

    /// Whether the recipe runs on a server.
    var isRemote: Bool { fields?["serverId"] != nil }

    /// The wait before the next attempt.
    func wait() -> TimeSpan {
        backoff.wait(after: failures + 1, jitter: Double.random(in: -1...1))
    }
}
