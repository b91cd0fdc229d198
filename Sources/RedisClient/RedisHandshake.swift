import RESP

/// What is said at the beginning of a connection, and what it tells.
struct RedisHandshake {
    enum Step {
        case authenticate, select, name, role, nodes, keys, script(String), ping
    }

    private(set) var steps: [(step: Step, command: [RedisArgument])] = []
    /// Whether the server says that it is a master; nil when it was not asked.
    private(set) var isMaster: Bool?
    /// The nodes of the cluster that the server belongs to; nil when it belongs to none.
    private(set) var nodes: [RedisURL.Address]?
    /// Whether the server says that it belongs to no cluster.
    private(set) var isAlone = false
    /// The node that has the keys, where it is another one.
    private(set) var keysAreAt: RedisURL.Address?

    private let address: RedisURL.Address

    /// - Parameters:
    ///   - address: the server that is spoken to.
    ///   - keys: which the server should have, all of them.
    init(
        to address: RedisURL.Address,
        username: String?,
        password: String?,
        database: Int = 0,
        name: String,
        asksRole: Bool = false,
        keys: [String] = [],
        scripts: [RedisScript] = []
    ) {
        self.address = address
        if let password {
            let user = username.map { [RedisArgument.string($0)] } ?? []
            steps.append((.authenticate, ["AUTH"] + user + [.string(password)]))
        }
        if database != 0 { steps.append((.select, ["SELECT", .int(database)])) }
        let label = String(name.map { $0 > " " && $0 <= "~" ? $0 : "-" })
        steps.append((.name, ["CLIENT", "SETNAME", .string(label)]))
        if asksRole { steps.append((.role, ["ROLE"])) }
        if !keys.isEmpty {
            steps.append((.nodes, ["CLUSTER", "SLOTS"]))
            steps.append((.keys, ["EXISTS"] + keys.map { .string($0) }))
        }
        for script in scripts {
            steps.append((.script(script.name), ["SCRIPT", "LOAD", .string(script.source)]))
        }
        steps.append((.ping, ["PING"]))
    }

    /// Takes the reply to a step.
    /// - Returns: an error that Redis answered and that stands in nobody's way.
    /// - Throws: ``RedisError`` when the connection is of no use.
    mutating func take(_ reply: RESPValue, to step: Step) throws(RedisError) -> String? {
        guard let message = reply.error else {
            learn(from: reply, step)
            return nil
        }
        switch message.prefix(while: { $0 != " " }) {
        case "LOADING": throw RedisError(.unreachable, "Redis at \(address) is loading its data", isRefusal: true)
        case "NOAUTH": throw .server(message)
        case "MOVED":
            guard let target = Self.target(message, from: address) else { break }
            nodes = nodes ?? []
            keysAreAt = target
            return nil
        case "CROSSSLOT":
            nodes = nodes ?? []
            throw RedisError(
                .needsHashTag,
                "Redis at \(address) is a cluster, where all keys must be in one slot: "
                    + "give the prefix a hash tag, for example --prefix '{hoistway}'"
            )
        case "CLUSTERDOWN", "MASTERDOWN":
            nodes = nodes ?? []
            throw RedisError(.unreachable, "the cluster does not serve the keys at present (\(address): \(message))")
        default: break
        }
        if case .nodes = step, message.contains("cluster support disabled") { isAlone = true }
        switch step {
        // A server without the command repeats what it was given, the password included.
        case .authenticate: throw .server(String(message.prefix { $0 != "," }))
        case .select, .role: throw .server(message)
        case .name, .nodes, .keys, .script, .ping: return message
        }
    }

    private mutating func learn(from reply: RESPValue, _ step: Step) {
        switch step {
        case .role: isMaster = reply.array?.first?.string == "master"
        case .nodes: nodes = Self.nodes(reply, from: address)
        default: break
        }
    }

    /// The nodes in a reply to `CLUSTER SLOTS`: ranges of two numbers and then the nodes, each with host and port first.
    private static func nodes(_ reply: RESPValue, from address: RedisURL.Address) -> [RedisURL.Address] {
        var nodes: [RedisURL.Address] = []
        for range in reply.array ?? [] {
            for node in range.array?.dropFirst(2) ?? [] {
                guard let parts = node.array, parts.count >= 2, let port = parts[1].int,
                    let found = Self.address(parts[0].string ?? "", port, from: address), !nodes.contains(found)
                else { continue }
                nodes.append(found)
            }
        }
        return nodes
    }

    /// Reads `MOVED <slot> <host>:<port>`.
    static func target(_ message: String, from address: RedisURL.Address) -> RedisURL.Address? {
        let words = message.split(separator: " ")
        guard words.count == 3, let colon = words[2].lastIndex(of: ":"),
            let port = Int(words[2][words[2].index(after: colon)...])
        else { return nil }
        return Self.address(String(words[2][..<colon]), port, from: address)
    }

    /// A node that does not know its own name gives none: it is the host that we speak to.
    private static func address(_ host: String, _ port: Int, from address: RedisURL.Address) -> RedisURL.Address? {
        guard (1...65535).contains(port) else { return nil }
        if !host.isEmpty, host != "?" { return .tcp(host: host, port: port) }
        guard case .tcp(let host, _) = address else { return nil }
        return .tcp(host: host, port: port)
    }
}
