import HoistwayModel
import HoistwayStore
import Remote

extension Configuration {
    /// Reads the whole tree. Every key that is read here is known, any other is refused.
    /// - Parameter environment: for `${NAME}` in `worker.environment`.
    init(_ root: Setting, environment: [String: String]) throws(ConfigurationError) {
        self.init()
        var reader = try SettingReader(root)
        redis = try reader.text("redis")
        prefix = try reader.value("prefix", "1 to 64 characters without spaces") { text in
            let isPlain =
                text.utf8.count <= 64 && text.unicodeScalars.allSatisfy { $0.value > 0x20 && $0.value != 0x7F }
            return isPlain && !text.isEmpty ? text : nil
        }
        durability = try reader.value("durability", "local or replicated") { Durability(rawValue: $0) }
        data = try reader.text("data")
        recipes = try reader.text("recipes")
        types = try reader.types("types") ?? []
        worker = try Worker(reader.take("worker"), environment: environment)
        limits = try Limits(&reader)
        resources = try Resources(reader.take("resources"))
        logs = try Logs(reader.take("logs"))
        for (type, setting) in try reader.map("retention") {
            retention[type] = try Retention(setting, path: "retention.\(type)")
        }
        for (name, setting) in try reader.map("servers") {
            guard Identifier.isName(name) else {
                throw setting.error("servers: \"\(name)\" cannot be the name of a server")
            }
            servers[name] = try RemoteServer(setting, path: "servers.\(name)")
        }
        api = try API(reader.take("api"))
        try reader.refuseTheRest(EnvironmentOverrides.paths)
    }
}

extension Configuration.Worker {
    init(_ setting: Setting?, environment variables: [String: String]) throws(ConfigurationError) {
        self.init()
        var reader = try SettingReader(setting, path: "worker")
        slots = try reader.integer("slots", in: 1...10_000)
        types = try reader.types("types")
        node = try reader.identifier("node")
        onStop = try reader.value("onStop", "drain or detach") { ControlDocument.StopMode(rawValue: $0) }
        fenceAfter = try reader.duration("fenceAfter")
        fenceMargin = try reader.duration("fenceMargin")
        detachFor = try reader.duration("detachFor")
        killGrace = try reader.duration("killGrace")
        user = try reader.text("user")
        for (name, setting) in try reader.map("environment") {
            let path = "worker.environment.\(name)"
            guard Identifier.isVariable(name) else {
                throw setting.error("\(path): \"\(name)\" cannot be the name of a variable")
            }
            guard case .scalar(let text) = setting.value else { throw setting.error("\(path) must be text") }
            if let value = Variables.expand(text, from: variables) { environment.append((name, value)) }
        }
        noCommandEval = try reader.flag("noCommandEval")
        var secrets = try SettingReader(reader.take("secrets"), path: "worker.secrets")
        secretsAllow = try secrets.list("allow")
        for (name, setting) in try secrets.map("commands") {
            let path = "worker.secrets.commands.\(name)"
            let words = try SettingReader.list(setting, path)
            guard Identifier.isName(name), !words.isEmpty else {
                throw setting.error("\(path) must be a name and a command such as [vault, read, NAME]")
            }
            secretCommands[name] = words
        }
        try secrets.refuseTheRest()
        try reader.refuseTheRest()
    }
}

extension Configuration.Resources {
    init(_ setting: Setting?) throws(ConfigurationError) {
        self.init()
        var reader = try SettingReader(setting, path: "resources")
        memory = try reader.size("memory")
        cpu = try reader.value("cpu", "a number of CPUs such as 2 or 0.5") { Double($0).flatMap { $0 > 0 ? $0 : nil } }
        pids = try reader.integer("pids", in: 1...4_194_304)
        try reader.refuseTheRest()
    }
}

extension Configuration.Logs {
    init(_ setting: Setting?) throws(ConfigurationError) {
        self.init()
        var reader = try SettingReader(setting, path: "logs")
        maxBytes = try reader.size("maxBytes")
        redisBytes = try reader.size("redisBytes")
        try reader.refuseTheRest()
    }
}

extension Configuration.Retention {
    init(_ setting: Setting, path: String) throws(ConfigurationError) {
        var reader = try SettingReader(setting, path: path)
        self.init(
            age: try reader.duration("age"),
            count: try reader.integer("count", in: 0...1_000_000_000),
            logBytes: try reader.size("logBytes")
        )
        try reader.refuseTheRest()
    }
}

extension RemoteServer {
    init(_ setting: Setting, path: String) throws(ConfigurationError) {
        var reader = try SettingReader(setting, path: path)
        let host = try reader.value("host", "a host name or an address") { $0.isWord ? $0 : nil }
        let port = try reader.integer("port", in: 1...65_535) ?? 22
        let user = try reader.value("user", "a name without spaces") { $0.isWord ? $0 : nil }
        let identityFile = try reader.text("identityFile")
        let expected = "a public key such as \"ssh-ed25519 AAAA…\", several of them a line each, or accept-new"
        let keys = try reader.value("hostKey", expected) { HostKeys(parsing: $0) }
        try reader.refuseTheRest()
        guard let host else { throw setting.error("\(path).host is required") }
        self.init(host: host, port: port, user: user, identityFile: identityFile, hostKeys: keys ?? .ofUser)
    }
}

extension RemoteServer.HostKeys {
    fileprivate init?(parsing text: String) {
        if text == "accept-new" {
            self = .firstSeen
            return
        }
        let lines = text.split(whereSeparator: \.isNewline).map { $0.split(separator: " ") }
        guard !lines.isEmpty, lines.allSatisfy({ $0.count >= 2 && $0[1].hasPrefix("AAAA") }) else { return nil }
        self = .known(lines.map { "\($0[0]) \($0[1])" })
    }
}

extension String {
    /// Whether a command line takes it for one word that is no option.
    fileprivate var isWord: Bool {
        !isEmpty && !hasPrefix("-") && unicodeScalars.allSatisfy { $0.value > 0x20 && $0.value != 0x7F }
    }
}

extension Configuration.API {
    init(_ setting: Setting?) throws(ConfigurationError) {
        self.init()
        var reader = try SettingReader(setting, path: "api")
        listen = try reader.text("listen")
        tlsCertificate = try reader.text("tlsCert")
        tlsKey = try reader.text("tlsKey")
        noAuth = try reader.flag("noAuth")
        try reader.refuseTheRest()
    }
}
