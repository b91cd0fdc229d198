import HoistwayModel

/// What the near side of an attempt must know. It travels in one variable of its environment and holds no secret.
package struct RemotePlan: Sendable, Hashable {
    /// What is run on the server.
    package enum Recipe: Sendable, Hashable {
        /// A folder with an executable `run`: everything in it goes over.
        case folder(String)
        case file(String)
        /// This program itself, which is kept on the server, with arguments.
        case program(String, [String])
    }

    /// The server's name in the configuration.
    package var serverID: String
    package var server: RemoteServer
    /// Of the attempt's folder on the server: job and fence, so that none is used twice.
    package var name: String
    package var fence: Int64
    /// Attempts on a server that share it replace each other; the highest fence wins.
    package var guardKey: String
    package var recipe: Recipe
    /// Below the server's folder of workspaces.
    package var workspace: String
    /// A random word of which mark and nonce are made. They must not stand in the environment of the near side, which may
    /// run on the same host as the far side.
    private var seed: String
    /// Seconds after which each side takes the other for gone.
    package var limit: Int
    /// Seconds between SIGTERM and SIGKILL for what a recipe leaves behind.
    package var grace: Int
    /// Where host keys are kept that are believed when first seen.
    package var knownHosts: String

    /// The variable that carries the plan.
    package static let variable = "HOISTWAY_REMOTE"
    /// What is put before the names of the recipe's variables, so that none of them means anything on this host.
    package static let prefix = "FAR_"

    package init(
        serverID: String,
        server: RemoteServer,
        name: String,
        fence: Int64,
        guardKey: String,
        recipe: Recipe,
        workspace: String,
        limit: Int,
        grace: Int,
        knownHosts: String
    ) {
        self.serverID = serverID
        self.server = server
        self.name = name
        self.fence = fence
        self.guardKey = guardKey
        self.recipe = recipe
        self.workspace = workspace
        seed = RemotePlan.random()
        self.limit = limit
        self.grace = grace
        self.knownHosts = knownHosts
    }

    /// What tells the supervisor's processes and frames.
    var mark: String { "m" + String(seed.reversed()) }
    /// What tells those of whoever ends the attempt from the ones to be ended.
    var endMark: String { "e" + String(seed.reversed()) }
    /// What tells the recipe's processes and events.
    var nonce: String { "n" + String(seed.reversed()) }

    /// The server in words, for messages.
    var place: String { "\(serverID) (\(server.host):\(server.port))" }

    private static func random() -> String {
        let text =
            String(UInt64.random(in: .min ... .max), radix: 16) + String(UInt64.random(in: .min ... .max), radix: 16)
        return String(repeating: "0", count: 32 - text.count) + text
    }
}

extension RemotePlan {
    package var text: String {
        var server: JSONObject = ["host": .string(self.server.host), "port": .int(self.server.port)]
        if let user = self.server.user { server["user"] = .string(user) }
        if let file = self.server.identityFile { server["identityFile"] = .string(file) }
        switch self.server.hostKeys {
        case .known(let keys): server["hostKeys"] = .strings(keys)
        case .firstSeen: server["firstSeen"] = true
        case .ofUser: break
        }
        let recipe: JSON =
            switch self.recipe {
            case .folder(let path): ["folder": .string(path)]
            case .file(let path): ["file": .string(path)]
            case .program(let path, let words): ["program": .string(path), "words": .strings(words)]
            }
        let json: JSON = [
            "serverId": .string(serverID), "server": .object(server), "name": .string(name), "fence": .int(Int(fence)),
            "guard": .string(guardKey), "recipe": recipe, "workspace": .string(workspace), "seed": .string(seed),
            "limit": .int(limit), "grace": .int(grace), "knownHosts": .string(knownHosts),
        ]
        return json.text
    }

    /// Nil when the text is none that `text` made.
    init?(_ text: String) {
        guard let json = try? JSON(parsing: text), let server = json["server"],
            let serverID = json["serverId"]?.stringValue, let host = server["host"]?.stringValue,
            let port = server["port"]?.intValue, let name = json["name"]?.stringValue,
            let fence = json["fence"]?.intValue, let key = json["guard"]?.stringValue,
            let recipe = json["recipe"].flatMap(Recipe.init), let workspace = json["workspace"]?.stringValue,
            let seed = json["seed"]?.stringValue,
            let limit = json["limit"]?.intValue, let grace = json["grace"]?.intValue,
            let knownHosts = json["knownHosts"]?.stringValue
        else { return nil }
        let keys = server["hostKeys"]?.arrayValue?.compactMap(\.stringValue)
        self.init(
            serverID: serverID,
            server: RemoteServer(
                host: host,
                port: port,
                user: server["user"]?.stringValue,
                identityFile: server["identityFile"]?.stringValue,
                hostKeys: keys.map { .known($0) } ?? (server["firstSeen"] == true ? .firstSeen : .ofUser)
            ),
            name: name,
            fence: Int64(fence),
            guardKey: key,
            recipe: recipe,
            workspace: workspace,
            limit: limit,
            grace: grace,
            knownHosts: knownHosts
        )
        self.seed = seed
    }
}

extension RemotePlan.Recipe {
    fileprivate init?(_ json: JSON) {
        if let path = json["folder"]?.stringValue {
            self = .folder(path)
        } else if let path = json["file"]?.stringValue {
            self = .file(path)
        } else if let path = json["program"]?.stringValue {
            self = .program(path, json["words"]?.arrayValue?.compactMap(\.stringValue) ?? [])
        } else {
            return nil
        }
    }
}
