/// How a `container` release runs.
struct ContainerOptions: Sendable {
    /// A published port; `hostPort` is `nil` where the daemon chooses one.
    struct Port: Sendable, Equatable {
        var address: String
        var hostPort: Int?
        var protocolName: String

        /// Whether two containers cannot have both at a time.
        func clashes(with other: Port) -> Bool {
            guard let hostPort, hostPort == other.hostPort, protocolName == other.protocolName else { return false }
            let wildcards = ["", "0.0.0.0", "::"]
            return address == other.address || wildcards.contains(address) || wildcards.contains(other.address)
        }
    }

    var name: String
    /// As written, for `--publish`.
    var ports: [String]
    var environment: [(name: String, value: VariableValue)]
    var volumes: [String]
    var network: String?
    var restart: String?
    /// How many images stay, the running one counted.
    var keep: Int

    init(_ fields: PayloadFields) {
        fields.expect(["type", "name", "ports", "env", "volumes", "network", "restart", "keep"])
        name = fields.string("name")
        let isName = name.utf8.allSatisfy { Ascii.isLetter($0) || Ascii.isDigit($0) || "_.-".utf8.contains($0) }
        let first = name.utf8.first ?? 0
        if !name.isEmpty,
            !isName || !(2...64).contains(name.utf8.count) || !(Ascii.isLetter(first) || Ascii.isDigit(first))
        {
            fields.fail("name", "must be 2 to 64 letters, digits, '_', '.' or '-', and begin with a letter or digit")
        }
        ports = fields.strings("ports")
        for (index, port) in ports.enumerated() where ContainerOptions.port(port) == nil {
            fields.reader.fail(
                "\(fields.name("ports"))[\(index)]",
                "must be [[address:]hostPort:]containerPort[/tcp|/udp]"
            )
        }
        environment = fields.variables("env")
        volumes = fields.strings("volumes")
        network = fields.optionalString("network")
        restart = fields.optionalString("restart")
        if let restart, !["no", "always", "unless-stopped"].contains(restart), !restart.hasPrefix("on-failure") {
            fields.fail("restart", "must be one of no, always, unless-stopped, on-failure[:n]")
        }
        keep = fields.integer("keep", default: 5, in: 1...1000)
    }

    /// Ports that this container claims on the host.
    var publishedPorts: [Port] { ports.compactMap(ContainerOptions.port) }

    /// Reads `[[address:]hostPort:]containerPort[/protocol]`.
    static func port(_ text: String) -> Port? {
        let halves = text.split(separator: "/", omittingEmptySubsequences: false)
        guard halves.count <= 2 else { return nil }
        let protocolName = halves.count == 2 ? String(halves[1]) : "tcp"
        guard ["tcp", "udp", "sctp"].contains(protocolName) else { return nil }
        var rest = halves[0]
        var address = ""
        if rest.hasPrefix("["), let close = rest.firstIndex(of: "]") {
            address = String(rest[rest.index(after: rest.startIndex)..<close])
            rest = rest[rest.index(after: close)...].dropFirst()
        } else if rest.split(separator: ":", omittingEmptySubsequences: false).count == 3,
            let colon = rest.firstIndex(of: ":")
        {
            address = String(rest[..<colon])
            rest = rest[rest.index(after: colon)...]
        }
        let numbers = rest.split(separator: ":", omittingEmptySubsequences: false)
        guard let container = numbers.last.flatMap({ UInt16($0) }), container > 0, numbers.count <= 2 else {
            return nil
        }
        guard numbers.count == 2, numbers[0] != "" else {
            return Port(address: address, hostPort: nil, protocolName: protocolName)
        }
        guard let host = UInt16(numbers[0]), host > 0 else { return nil }
        return Port(address: address, hostPort: Int(host), protocolName: protocolName)
    }
}
