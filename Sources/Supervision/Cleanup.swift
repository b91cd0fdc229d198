import CLinux
import Glibc
import HoistwayModel

/// Runs the cleanup commands that a dead monitor kept, each under a monitor of its own.
struct Cleanup {
    let file: AttemptFile
    let launcher: Launcher

    private static let limit = Duration.seconds(30)

    /// - Returns: What failed, with the reason.
    func run() -> [String] {
        let path = "\(file.info.folder)/cleanup.jsonl"
        let commands = LinesFile.read(path, from: 0, to: nil).lines.map { try? JSON(parsing: $0) }
        var failures: [String] = []
        for (index, command) in commands.enumerated() {
            let arguments = command?.arrayValue?.compactMap(\.stringValue) ?? []
            guard let name = arguments.first else { continue }
            do {
                try run(arguments, number: index)
            } catch {
                failures.append("\(name): \(error)")
            }
        }
        // A worker that dies before this runs them again, which is what an end of an attempt can bear.
        rename(path, "\(file.info.folder)/cleanup.done.jsonl")
        return failures
    }

    private func run(_ arguments: [String], number: Int) throws(SupervisionError) {
        let folder = "\(file.info.folder)/cleanup-\(number)"
        guard Files.removeTree(folder) else { throw .infrastructure("\(folder) cannot be removed") }
        defer { Files.removeTree(folder) }
        let launch = Launch(
            jobID: file.info.jobID,
            attempt: file.info.attempt,
            fence: file.info.fence,
            executable: try executable(arguments[0]),
            arguments: arguments,
            environment: file.environment,
            payload: [],
            timeout: Cleanup.limit,
            killGrace: .zero,
            user: file.user,
            workspace: "\(folder)/workspace"
        )
        let preparation = AttemptPreparation(launch, folder: folder, cgroup: nil)
        try preparation.make()
        let connection = try launcher.connection(for: preparation.specification)
        waitForEnd(of: connection)
        close(connection)
        guard case .ended(let exit)? = Settlement.settle(folder, unless: { false }) else {
            throw .infrastructure("its monitor died")
        }
        guard exit.outcome == .exited, exit.exitCode == 0 else {
            throw .spawn(exit.message ?? exit.exitCode.map { "exit code \($0)" } ?? "ended by \(exit.outcome)")
        }
    }

    private func waitForEnd(of connection: Int32) {
        var bytes = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = recv(connection, &bytes, bytes.count, 0)
            if count == 0 || count < 0 && errno != EINTR { return }
        }
    }

    private func executable(_ name: String) throws(SupervisionError) -> String {
        if name.hasPrefix("/") { return name }
        let search = file.environment.last { $0.0 == "PATH" }?.1 ?? "/usr/local/bin:/usr/bin:/bin"
        if !name.contains("/") {
            for folder in search.split(separator: ":") where access("\(folder)/\(name)", X_OK) == 0 {
                return "\(folder)/\(name)"
            }
        }
        throw .spawn("not found")
    }
}
