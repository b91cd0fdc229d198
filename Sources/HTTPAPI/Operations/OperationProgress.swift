import HoistwayModel

/// How far an operation is, by the resources it works on.
struct OperationProgress: Sendable {
    enum Status: String, Sendable, CaseIterable {
        case pending, running, succeeded, failed, unchanged

        /// Nothing goes on once the job has ended: what was not told is as the job ended.
        func settled(by status: JobStatus) -> Status {
            switch (status, self) {
            case (.done, .running): .succeeded
            case (.done, .pending): .unchanged
            case (.error, .running), (.error, .pending): .failed
            default: self
            }
        }
    }

    private let stage: String?
    private let message: String?
    private let resources: [(fields: JSON, status: Status)]

    init(of job: Job) {
        stage = job.stage
        message = job.message
        resources = (job.json("resources")?.arrayValue ?? []).map { fields in
            let told = fields["status"]?.stringValue.flatMap(Status.init) ?? .pending
            return (fields, told.settled(by: job.status))
        }
    }

    var json: JSONObject {
        var summary: JSONObject = ["total": .int(resources.count)]
        for status in Status.allCases {
            summary.append(status.rawValue, .int(resources.count { $0.status == status }))
        }
        return [
            "stage": .string(orNull: stage),
            "message": .string(orNull: message),
            "resources": .array(resources.map { .object(OperationProgress.json(of: $0.fields, $0.status)) }),
            "summary": .object(summary),
        ]
    }

    private static func json(of fields: JSON, _ status: Status) -> JSONObject {
        func text(_ name: String) -> JSON { .string(orNull: fields[name]?.stringValue) }
        let duration = fields["duration"].flatMap { TimeSpan($0) }?.json
        return [
            "urn": text("urn"), "type": text("type"), "name": text("name"), "operation": text("operation"),
            "status": .string(status.rawValue), "duration": duration ?? .null,
        ]
    }
}
