import CLinux
import Glibc
import HoistwayModel

/// The files that a monitor finds when it starts.
struct AttemptPreparation {
    let file: AttemptFile
    let specification: Specification
    private let launch: Launch

    /// Where the attempts of a data folder lie.
    static func folder(data: String, jobID: String, attempt: Int) -> String { "\(data)/jobs/\(jobID)/\(attempt)" }

    /// Touches nothing on disk.
    init(_ launch: Launch, folder: String, cgroup: String?) {
        var launch = launch
        let kept = launch.environment.filter { variable in
            !launch.secrets.contains { AttemptPreparation.contains(variable.1, $0) }
        }
        let own = [
            ("HOISTWAY_PAYLOAD", "\(folder)/payload.json"), ("HOISTWAY_EVENTS", "3"), ("TMPDIR", "\(folder)/tmp"),
        ]
        launch.environment.removeAll { variable in own.contains { $0.0 == variable.0 } }
        launch.environment += own
        let logPath = launch.logPath ?? "\(folder)/log"
        let info = AttemptInfo(
            jobID: launch.jobID,
            attempt: launch.attempt,
            fence: launch.fence,
            record: launch.record,
            folder: folder,
            logPath: logPath,
            logMaxBytes: launch.logMaxBytes
        )
        file = AttemptFile(info: info, cgroup: cgroup, user: launch.user, environment: kept)
        specification = Specification(launch, folder: folder, logPath: logPath, cgroup: cgroup)
        self.launch = launch
    }

    /// Makes the attempt's folder, which must not be there yet, and all in it; nothing is left of it on failure.
    /// - Throws: `SupervisionError.infrastructure` naming the file and the reason.
    func make() throws(SupervisionError) {
        let info = file.info
        // A user of its own must be able to pass through to its folders, and to read nothing on the way.
        let passage: mode_t = launch.user == nil ? 0o700 : 0o711
        if let parent = Files.parent(of: info.folder) { try Files.makeFolder(parent, mode: passage) }
        guard mkdir(info.folder, passage) == 0 else { throw .infrastructure("\(info.folder): \(Files.reason())") }
        do throws(SupervisionError) {
            try fill()
            if let parent = Files.parent(of: launch.workspace) { try Files.makeFolders(parent, mode: passage) }
            if launch.logPath != nil, let parent = Files.parent(of: info.logPath) { try Files.makeFolders(parent) }
        } catch {
            discard()
            throw error
        }
    }

    /// Removes the folder again.
    func discard() {
        Files.removeTree(file.info.folder)
        if let parent = Files.parent(of: file.info.folder) { rmdir(parent) }
    }

    private func fill() throws(SupervisionError) {
        let folder = file.info.folder
        try Files.write(file.json.utf8, to: "\(folder)/\(AttemptFile.name)")
        let payload = "\(folder)/payload.json"
        try Files.write(launch.payload, to: payload)
        for name in ["work", "tmp"] { try Files.makeFolder("\(folder)/\(name)") }
        guard let user = launch.user else { return }
        try AttemptPreparation.give("\(folder)/work", to: user)
        try AttemptPreparation.give("\(folder)/tmp", to: user)
        guard chown(payload, uid_t.max, user.gid) == 0, chmod(payload, 0o640) == 0 else {
            throw .infrastructure("\(payload): \(Files.reason())")
        }
    }

    private static func give(_ path: String, to user: Launch.User) throws(SupervisionError) {
        guard chown(path, user.uid, user.gid) == 0 else { throw .infrastructure("\(path): \(Files.reason())") }
    }

    private static func contains(_ value: String, _ secret: [UInt8]) -> Bool {
        guard let first = secret.first else { return false }
        let bytes = Array(value.utf8)
        return bytes.indices.contains { bytes[$0] == first && bytes[$0...].starts(with: secret) }
    }
}

extension Launch {
    /// Nothing that a user chose may lead out of the data folder or break the specification.
    func validate() throws(SupervisionError) {
        guard Identifier.isJobID(jobID) else { throw .invalid("\(jobID) is no job id") }
        guard attempt > 0 else { throw .invalid("\(attempt) is no number of an attempt") }
        for path in [executable, workspace] + (logPath.map { [$0] } ?? []) where !path.hasPrefix("/") {
            throw .invalid("\(path) is no absolute path")
        }
        let texts = [executable, workspace, logPath ?? ""] + arguments + environment.map { $0.0 + $0.1 }
        guard !texts.contains(where: { $0.utf8.contains(0) }) else {
            throw .invalid("a path, an argument or a variable holds a NUL byte")
        }
    }
}
