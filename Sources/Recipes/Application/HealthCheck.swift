/// When a release counts as healthy.
struct HealthCheck: Sendable {
    enum Probe: Sendable {
        /// GET that answers 2xx or 3xx.
        case http(String)
        /// `host:port` that takes a connection.
        case tcp(host: String, port: Int)
        /// A program that exits with 0.
        case command([String])
    }

    var probe: Probe
    /// Pause between two probes.
    var interval: Duration
    /// Limit for one probe.
    var timeout: Duration
    /// How many probes in a row may fail.
    var retries: Int
    /// Failures within this time from the start do not count.
    var startPeriod: Duration

    /// Stands for the address of the new container in `http` and `tcp`.
    static let containerPlaceholder = "{container}"
}

extension HealthCheck {
    init?(_ root: PayloadFields) {
        guard let fields = root.optionalFields("healthCheck") else { return nil }
        fields.expect(["http", "tcp", "command", "interval", "timeout", "retries", "startPeriod"])
        interval = fields.duration("interval", default: .seconds(2))
        timeout = fields.duration("timeout", default: .seconds(5))
        retries = fields.integer("retries", default: 10, in: 1...10000)
        startPeriod = fields.duration("startPeriod", default: .zero)
        guard let probe = Probe(fields) else {
            root.fail("healthCheck", "needs exactly one of http, tcp, command")
            return nil
        }
        self.probe = probe
    }
}

extension HealthCheck.Probe {
    /// Reads the one of `http`, `tcp` and `command` that is there, and records what is wrong with it.
    /// - Returns: `nil` for none and for several.
    init?(_ fields: PayloadFields) {
        let chosen = ["http", "tcp", "command"].filter(fields.has)
        guard chosen.count == 1 else { return nil }
        switch chosen[0] {
        case "http":
            let url = fields.string("http")
            let parts = URLParts(url.replacing(HealthCheck.containerPlaceholder, with: "container"))
            if parts == nil || !["http", "https"].contains(parts?.scheme) || parts?.host.isEmpty == true {
                fields.fail("http", "must be an http or https URL")
            }
            self = .http(url)
        case "tcp":
            let address = URLParts("tcp://" + fields.string("tcp"))
            if address?.port == nil || address?.host.isEmpty == true { fields.fail("tcp", "must be host:port") }
            self = .tcp(host: address?.host ?? "", port: address?.port ?? 0)
        default: self = .command(fields.command("command"))
        }
    }
}
