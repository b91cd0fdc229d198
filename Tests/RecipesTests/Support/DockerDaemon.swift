import Glibc

@testable import Recipes

/// A docker daemon of the test's own: nothing of it is shared with one that the machine may run.
struct DockerDaemon: Sendable {
    let sandbox: Sandbox

    static func with<Value>(_ body: (DockerDaemon) async throws -> Value) async throws -> Value {
        try await Sandbox.with { sandbox in
            var sandbox = sandbox
            let folder = sandbox.path
            sandbox.variables["DOCKER_HOST"] = "unix://\(folder)/docker.sock"
            let process = try Server(
                [
                    "dockerd", "--storage-driver=vfs", "--data-root", folder + "/docker", "--exec-root",
                    folder + "/exec", "--pidfile", folder + "/docker.pid", "-H", "unix://\(folder)/docker.sock",
                ],
                environment: sandbox.environment,
                log: folder + "/docker.log"
            )
            let daemon = DockerDaemon(sandbox: sandbox)
            do {
                try await until { try await daemon.answers() }
                let value = try await body(daemon)
                try await daemon.stop(process)
                return value
            } catch {
                try await daemon.stop(process)
                throw error
            }
        }
    }

    private func answers() async throws -> Bool {
        try await Command(arguments: ["docker", "version"], environment: sandbox.environment, directory: "/")
            .capture(log: nil).succeeded
    }

    private func stop(_ process: Server) async throws {
        let all = try? await docker("container", "ls", "--all", "--quiet")
        for id in (all ?? "").split(separator: "\n") {
            _ = try? await docker("container", "rm", "--force", String(id))
        }
        process.stop()
        // The daemon may leave the mount of its own folder behind.
        umount2(sandbox.path + "/docker", Int32(MNT_DETACH))
        for name in Files.list(sandbox.path + "/exec/netns") {
            umount2(sandbox.path + "/exec/netns/" + name, Int32(MNT_DETACH))
        }
    }

    @discardableResult
    func docker(_ words: String...) async throws -> String {
        let command = Command(arguments: ["docker"] + words, environment: sandbox.environment, directory: sandbox.path)
        let outcome = try await command.capture(log: nil)
        guard outcome.succeeded else { throw ProgramFailure(words: words, diagnostics: outcome.diagnostics) }
        return outcome.output.trimmed
    }

    /// Names of the containers there are, running or not.
    func containers() async throws -> [String] {
        try await docker("container", "ls", "--all", "--format", "{{.Names}}").split(separator: "\n").map(String.init)
            .sorted()
    }
}
