import Hoistway
import HoistwayModel

/// An installer job as a deploy session.
struct InstallerSession: Sendable {
    let job: Job
    /// The end of its log.
    let log: [LogLine]

    private static let mostLines = 1000
    private static let mostBytes = 256 << 10

    static func log(of job: Job, _ logs: LogService) async throws -> [LogLine] {
        try await logs.lastLines(of: job, lines: mostLines, bytes: mostBytes)
    }

    /// How a stream of its log is worded.
    static let wording = LogStream.Wording(
        name: "log",
        line: { JSON.object(json(of: LogLine($0, behind: $1))).utf8 },
        end: { ["id": .string($0.id), "status": .string(word(for: $0))] }
    )

    var json: JSONObject {
        let word = InstallerSession.word(for: job)
        return ["status": .string(word), "session": .object(session(word))]
    }

    private func session(_ word: String) -> JSONObject {
        [
            "id": .string(job.id),
            "status": .string(word),
            "progress": .int(job.progress),
            "currentPhase": .string(orNull: job.stage),
            "currentComponent": .string(orNull: job.fields["component"]),
            "startedAt": .string(orNull: job.fields["startedAt"]),
            "completedAt": .string(orNull: job.fields["completedAt"]),
            "logs": .array(log.map { .object(InstallerSession.json(of: $0)) }),
            "registrations": .array(
                (job.json("registrations")?.arrayValue ?? []).map { .object(InstallerSession.registration($0)) }
            ),
        ]
    }

    private static func word(for job: Job) -> String {
        let standing = Standing(job.state)
        return standing == .succeeded ? "success" : standing.rawValue
    }

    private static func json(of line: LogLine) -> JSONObject {
        [
            "time": .string(orNull: line.time?.description),
            "level": .string(orNull: line.level),
            "message": .string(line.text),
        ]
    }

    private static func registration(_ event: JSON) -> JSONObject {
        func text(_ name: String) -> JSON { .string(orNull: event[name]?.stringValue) }
        let status = event["status"]?.stringValue ?? "pending"
        return [
            "name": text("name"), "endpoint": text("endpoint"), "status": .string(status),
            "registeredAt": text("registeredAt"), "error": text("error"),
        ]
    }
}
