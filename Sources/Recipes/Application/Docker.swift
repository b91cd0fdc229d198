import HoistwayModel

/// The `docker` command line, as the job's environment directs it (`DOCKER_HOST` and the rest).
struct Docker: Sendable {
    let environment: [String: String]
    let directory: String
    let log: Log

    init(environment: [String: String], directory: String, log: Log) {
        self.environment = environment
        self.directory = directory
        self.log = log
    }

    init(context: RecipeContext) {
        self.init(environment: context.environment, directory: context.directory, log: context.log)
    }

    /// - Throws: `docker_unavailable` when there is no client, or its daemon does not answer.
    func requireDaemon() async throws(RecipeFailure) {
        let outcome: Command.Outcome
        do {
            outcome = try await command(["version", "--format", "{{.Server.Version}}"]).capture(log: nil)
        } catch {
            throw RecipeFailure(
                code: "docker_unavailable",
                message: "a container release needs docker, which is not installed here (\(error.message))",
                retryable: false
            )
        }
        guard outcome.succeeded else {
            let reason = outcome.diagnostics.trimmed
            throw RecipeFailure(
                code: "docker_unavailable",
                message: "the docker daemon does not answer: \(reason.isEmpty ? "no reason given" : reason)"
            )
        }
    }

    /// Runs docker quietly.
    /// - Returns: Its output without white space at the ends.
    /// - Throws: `docker_failed` with what docker said.
    @discardableResult
    func run(_ arguments: [String], changing variables: [String: String] = [:]) async throws(RecipeFailure) -> String {
        let outcome = try await command(arguments, changing: variables).capture(log: nil)
        guard outcome.succeeded else { throw Docker.failure(arguments, outcome.diagnostics) }
        return outcome.output.trimmed
    }

    func command(
        _ arguments: [String],
        in directory: String? = nil,
        changing variables: [String: String] = [:]
    ) -> Command {
        Command(
            arguments: ["docker"] + arguments,
            environment: environment.merging(variables) { $1 },
            directory: directory ?? self.directory
        )
    }

    static func failure(_ arguments: [String], _ diagnostics: String) -> RecipeFailure {
        let reason = diagnostics.split(whereSeparator: \.isNewline).first { !$0.hasPrefix("DEPRECATED") } ?? "no reason"
        let isTaken = ["port is already allocated", "address already in use"].contains {
            diagnostics.range(of: $0) != nil
        }
        return RecipeFailure(
            code: isTaken ? "port_taken" : "docker_failed",
            message: "docker \(arguments.prefix(2).joined(separator: " ")) failed: \(reason)"
        )
    }

    /// What docker knows of a container, `nil` when there is none of this name.
    func container(_ name: String) async throws(RecipeFailure) -> Container? {
        let arguments = ["container", "inspect", name]
        let outcome = try await command(arguments).capture(log: nil)
        guard outcome.succeeded else {
            if outcome.diagnostics.lowercased().range(of: "no such") != nil { return nil }
            throw Docker.failure(arguments, outcome.diagnostics)
        }
        guard let json = try? JSON(parsing: outcome.output), let first = json.arrayValue?.first else { return nil }
        return Container(json: first)
    }

    struct Container: Sendable {
        let json: JSON

        var id: String { json["Id"]?.stringValue ?? "" }
        var isRunning: Bool {
            json["State"]?["Running"]?.boolValue == true && json["State"]?["Restarting"]?.boolValue != true
        }
        var restarts: Bool {
            let policy = json["HostConfig"]?["RestartPolicy"]?["Name"]?.stringValue ?? ""
            return !policy.isEmpty && policy != "no"
        }
        var usesHostNetwork: Bool { json["HostConfig"]?["NetworkMode"]?.stringValue == "host" }
        var networkAddress: String? {
            let networks = json["NetworkSettings"]?["Networks"]?.objectValue ?? [:]
            return networks.lazy.compactMap { $0.value["IPAddress"]?.stringValue }.first { !$0.isEmpty }
        }
        var ports: [ContainerOptions.Port] {
            var ports: [ContainerOptions.Port] = []
            for member in json["HostConfig"]?["PortBindings"]?.objectValue ?? [:] {
                let protocolName = member.key.split(separator: "/").last.map(String.init) ?? "tcp"
                for binding in member.value.arrayValue ?? [] {
                    guard let port = Int(binding["HostPort"]?.stringValue ?? "") else { continue }
                    let address = binding["HostIp"]?.stringValue ?? ""
                    ports.append(ContainerOptions.Port(address: address, hostPort: port, protocolName: protocolName))
                }
            }
            return ports
        }

        func label(_ name: String) -> String? { json["Config"]?["Labels"]?[name]?.stringValue }
    }
}

/// What the recipe writes on its containers and images, to know them again.
enum DockerLabel {
    static let job = "hoistway.job"
    static let resource = "hoistway.resource"
    static let name = "hoistway.name"
    static let fence = "hoistway.fence"
    static let release = "hoistway.release"
    static let commit = "hoistway.commit"
}
