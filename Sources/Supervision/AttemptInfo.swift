import Glibc
import HoistwayModel

/// Which attempt it is and where it lies on disk.
package struct AttemptInfo: Sendable, Hashable {
    package let jobID: String
    package let attempt: Int
    package let fence: Int64
    /// `Launch.record`.
    package let record: JSON
    /// Absolute path of the attempt's folder.
    package let folder: String
    package let logPath: String
    /// Most bytes of the log, 0 for any number.
    package let logMaxBytes: Int

    package var log: AttemptLog { AttemptLog(folder: folder, logPath: logPath, maxBytes: logMaxBytes) }

    /// What the monitor told of the start; nil when the recipe never ran.
    package var started: StartedRecord? {
        Journal.started(in: folder)
    }

    /// Lines of `events.jsonl` from `offset` on, and the offset behind the last.
    package func events(from offset: Int = 0) -> (lines: [JSON], endOffset: Int) {
        EventsFile.read("\(folder)/events.jsonl", from: offset, to: nil)
    }
}

extension AttemptLog {
    /// The log at the path that the job's record names, whose attempt's folder is the one around it.
    /// - Parameter standardMaxBytes: its limit where the folder does not tell.
    package init(logPath: String, standardMaxBytes: Int) {
        let folder = Files.parent(of: logPath) ?? "/"
        let names = folder.split(separator: "/").suffix(2).map(String.init)
        let attempt = names.last.flatMap { Int($0) } ?? 0
        let file = AttemptFile(folder: folder, jobID: names.first ?? "", attempt: attempt)
        self.init(folder: folder, logPath: logPath, maxBytes: file?.info.logMaxBytes ?? standardMaxBytes)
    }
}

/// The content of `attempt.json`.
struct AttemptFile: Sendable {
    static let version = 1
    /// The file's name until `Supervisor.settled(_:)`, and after.
    static let name = "attempt.json"
    static let settledName = "settled.json"

    var info: AttemptInfo
    var cgroup: String?
    var user: Launch.User?
    /// What the recipe got, without what holds a secret: cleanup commands of a dead monitor run with it.
    var environment: [(String, String)]

    init(info: AttemptInfo, cgroup: String?, user: Launch.User?, environment: [(String, String)]) {
        self.info = info
        self.cgroup = cgroup
        self.user = user
        self.environment = environment
    }

    /// Reads the file of a folder, settled or not.
    init?(folder: String, jobID: String, attempt: Int) {
        guard
            let bytes = Files.read("\(folder)/\(AttemptFile.name)")
                ?? Files.read("\(folder)/\(AttemptFile.settledName)"),
            let json = try? JSON(parsing: bytes),
            json["version"]?.intValue == AttemptFile.version,
            json["jobId"]?.stringValue == jobID,
            json["attempt"]?.intValue == attempt
        else { return nil }
        info = AttemptInfo(
            jobID: jobID,
            attempt: attempt,
            fence: Int64(json["fence"]?.intValue ?? 0),
            record: json["record"] ?? .null,
            folder: folder,
            logPath: json["logPath"]?.stringValue ?? "\(folder)/log",
            logMaxBytes: json["logMaxBytes"]?.intValue ?? 0
        )
        cgroup = json["cgroup"]?.stringValue
        if let uid = json["uid"]?.intValue, let gid = json["gid"]?.intValue {
            let groups = json["groups"]?.arrayValue?.compactMap { $0.intValue.map { UInt32($0) } } ?? []
            user = Launch.User(uid: UInt32(uid), gid: UInt32(gid), groups: groups)
        }
        environment = json["environment"]?.objectValue?.map { ($0.key, $0.value.stringValue ?? "") } ?? []
    }

    var json: JSON {
        var variables = JSONObject()
        for (name, value) in environment { variables.append(name, .string(value)) }
        var object: JSONObject = [
            "version": .int(AttemptFile.version), "jobId": .string(info.jobID), "attempt": .int(info.attempt),
            "fence": .int(Int(info.fence)), "logPath": .string(info.logPath),
            "logMaxBytes": .int(info.logMaxBytes), "record": info.record,
            "environment": .object(variables),
        ]
        if let cgroup { object.append("cgroup", .string(cgroup)) }
        if let user {
            object.append("uid", .int(Int(user.uid)))
            object.append("gid", .int(Int(user.gid)))
            object.append("groups", .array(user.groups.map { .int(Int($0)) }))
        }
        return .object(object)
    }
}
