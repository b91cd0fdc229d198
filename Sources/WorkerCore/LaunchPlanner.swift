import Glibc
import HoistwayModel
import Supervision

/// A job cannot be started on this worker; nothing of it ran.
struct LaunchFailure: Error {
    var message: String
    /// Whether another try could help.
    var isRepeatable: Bool
}

/// Makes of a claimed job what its monitor must know: recipe, environment, secrets, limits.
struct LaunchPlanner: Sendable {
    let settings: WorkerSettings
    let recipes: RecipeBook
    let secrets: SecretResolver
    let user: RecipeUser

    static let standardPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    /// - Throws: `LaunchFailure` naming the recipe, variable or secret that stands in the way.
    func launch(for job: Job) async throws(LaunchFailure) -> Launch {
        guard let recipe = recipes.recipe(for: job.type) else {
            throw LaunchFailure(message: "this worker has no recipe for \(job.type) any more", isRepeatable: false)
        }
        let options = job.options
        let (environment, values) = try await environment(of: job, options)
        let grace = options.killGrace ?? settings.killGrace
        let place = workspace(of: job)
        var launch = Launch(
            jobID: job.id,
            attempt: job.attempt,
            fence: job.fence ?? 0,
            record: AttemptContext(job).json,
            executable: recipe.executable,
            arguments: recipe.arguments,
            environment: environment,
            payload: job.payload,
            secrets: values.map { Array($0.utf8) },
            logMaxBytes: settings.logMaxBytes,
            timeout: options.timeout == .zero ? nil : options.timeout.duration,
            idleTimeout: options.idleTimeout == .zero ? nil : options.idleTimeout.duration,
            killGrace: grace.duration,
            resources: settings.resources,
            user: user.credentials,
            workspace: "\(settings.data)/workspaces/\(place)"
        )
        if let server = job.serverID { try move(&launch, of: job, to: server, recipe.onServer, workspace: place) }
        return launch
    }

    private func environment(
        of job: Job,
        _ options: JobOptions
    ) async throws(LaunchFailure) -> (variables: [(String, String)], secrets: [String]) {
        var variables = Variables()
        variables.set("PATH", LaunchPlanner.standardPath)
        variables.set("LANG", "C.UTF-8")
        // On a server they are those of its user.
        if job.serverID == nil {
            for (name, value) in user.variables { variables.set(name, value) }
        }
        for variable in settings.environment { variables.set(variable.name, variable.value) }
        for variable in options.environment {
            if settings.noCommandEval, LaunchPlanner.steersCommands(variable.name) {
                throw LaunchFailure(
                    message: "env \(variable.name) is not allowed: this worker runs with --no-command-eval",
                    isRepeatable: false
                )
            }
            variables.set(variable.name, variable.value)
        }
        var values: [String] = []
        for secret in options.secrets {
            do throws(SecretFailure) {
                let value = try await secrets.value(of: secret.name, secret.value)
                variables.set(secret.name, value)
                values.append(value)
            } catch {
                throw LaunchFailure(message: error.description, isRepeatable: error.isPassing)
            }
        }
        variables.set("HOISTWAY_JOB_ID", job.id)
        variables.set("HOISTWAY_JOB_TYPE", job.type.name)
        variables.set("HOISTWAY_RESOURCE_ID", job.resourceID)
        variables.set("HOISTWAY_ATTEMPT", String(job.attempt))
        variables.set("HOISTWAY_FENCE", String(job.fence ?? 0))
        let origin = job.fields["rollbackOf"]
        variables.set("HOISTWAY_ACTION", origin == nil ? "update" : "rollback")
        if let origin { variables.set("HOISTWAY_ROLLBACK_OF", origin) }
        if let earlier = job.fields["retryOf"] { variables.set("HOISTWAY_RETRY_OF", earlier) }
        if let node = settings.node { variables.set("HOISTWAY_NODE", node) }
        if let server = job.serverID { variables.set("HOISTWAY_SERVER_ID", server) }
        if settings.noCommandEval { variables.set("HOISTWAY_NO_COMMAND_EVAL", "1") }
        return (variables.pairs, values)
    }

    /// Whether a variable decides what a command does, so that it would bring a command in by the back door.
    private static func steersCommands(_ name: String) -> Bool {
        ["PATH", "BASH_ENV", "ENV"].contains(name) || name.hasPrefix("LD_") || name.hasPrefix("GIT_")
    }

    /// The folder kept for a job's resource, below that of all.
    private func workspace(of job: Job) -> String {
        "\(job.type)/\(LaunchPlanner.workspaceName(job.resourceID))"
    }

    /// The name of the folder kept for a resource: its id with every unusual byte written as `%XX`, a dot too that only digits
    /// follow, so that none is the numbered folder of another one's second attempt; a long one is cut and told apart by its
    /// FNV-1a digest (isthe.com/chongo/tech/comp/fnv).
    static func workspaceName(_ resource: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var name: [UInt8] = []
        var digest: UInt64 = 0xcbf2_9ce4_8422_2325
        let number = resource.utf8.reversed().prefix { (0x30...0x39).contains($0) }.count
        let lastDot = number > 0 ? resource.utf8.count - number - 1 : nil
        for (index, byte) in resource.utf8.enumerated() {
            digest = (digest ^ UInt64(byte)) &* 0x100_0000_01b3
            let letter = (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20)
            if letter || byte == 0x5F || byte == 0x2D || byte == 0x2E && index > 0 && index != lastDot {
                name.append(byte)
            } else {
                name += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        var text = String(decoding: name, as: UTF8.self)
        if name.count > 180 { text = String(decoding: name[..<160], as: UTF8.self) + "~" + String(digest, radix: 16) }
        return text
    }
}

/// Environment variables of which the later ones win.
struct Variables {
    private(set) var pairs: [(String, String)] = []

    mutating func set(_ name: String, _ value: String) {
        if let index = pairs.firstIndex(where: { $0.0 == name }) {
            pairs[index].1 = value
        } else {
            pairs.append((name, value))
        }
    }
}
