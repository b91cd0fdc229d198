import NIOCore

/// Where Redis is and who we are there:
/// `redis://user:password@host:port/db`, `unix:///path?db=0` or `redis+unix://…`,
/// `redis+sentinel://user:password@host:port,host:port/master?db=0&sentinelUser=…&sentinelPassword=…`, and over TLS
/// `rediss://…?ca=FILE&cert=FILE&key=FILE` or `rediss+sentinel://…`. Every part is percent-decoded.
package struct RedisURL: Sendable, Hashable {
    package enum Address: Sendable, Hashable {
        case tcp(host: String, port: Int)
        case unix(path: String)
    }

    /// Files in PEM of a connection over TLS.
    package struct TLS: Sendable, Hashable {
        /// Whom we trust; nil for whom the system trusts.
        package var authorities: String?
        /// Our own certificate with its chain, and its key; both or neither.
        package var certificate: String?
        package var key: String?

        package init(authorities: String? = nil, certificate: String? = nil, key: String? = nil) {
            self.authorities = authorities
            self.certificate = certificate
            self.key = key
        }
    }

    /// Those who know which Redis is the master.
    package struct Sentinels: Sendable, Hashable {
        package var addresses: [Address]
        package var master: String
        package var username: String?
        package var password: String?

        package init(_ addresses: [Address], master: String, username: String? = nil, password: String? = nil) {
            self.addresses = addresses
            self.master = master
            self.username = username
            self.password = password
        }
    }

    /// Where Redis is; with sentinels the first of them.
    package var address: Address
    package var username: String?
    package var password: String?
    package var database: Int
    package var tls: TLS?
    package var sentinels: Sentinels?

    package init(
        _ address: Address,
        username: String? = nil,
        password: String? = nil,
        database: Int = 0,
        tls: TLS? = nil
    ) {
        self.address = address
        self.username = username
        self.password = password
        self.database = database
        self.tls = tls
    }
}

extension RedisURL: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The URL with `***` in the place of the passwords.
    package var description: String {
        let credentials = password == nil ? "" : "\(username ?? ""):***@"
        let scheme = tls == nil ? "redis" : "rediss"
        if let sentinels {
            let hosts = sentinels.addresses.map(\.description).joined(separator: ",")
            return "\(scheme)+sentinel://\(credentials)\(hosts)/\(sentinels.master)\(query)"
        }
        return switch address {
        case .tcp: "\(scheme)://\(credentials)\(address)/\(database)\(query)"
        case .unix(let path): "unix://\(credentials)\(path)?db=\(database)"
        }
    }

    private var query: String {
        var items: [(String, String?)] = []
        if let sentinels {
            items = [
                ("db", database == 0 ? nil : String(database)), ("sentinelUser", sentinels.username),
                ("sentinelPassword", sentinels.password.map { _ in "***" }),
            ]
        }
        items += [("ca", tls?.authorities), ("cert", tls?.certificate), ("key", tls?.key)]
        let texts = items.compactMap { name, value in value.map { "\(name)=\($0)" } }
        return texts.isEmpty ? "" : "?\(texts.joined(separator: "&"))"
    }

    package var debugDescription: String { description }

    package var customMirror: Mirror { Mirror(self, children: []) }

    /// Whether it names one place that is always the same: no name that another host may get, and nothing that sentinels say.
    package var isFixed: Bool {
        guard sentinels == nil else { return false }
        return switch address {
        case .unix: true
        case .tcp("localhost", _): true
        case .tcp(let host, _): (try? SocketAddress(ipAddress: host, port: 0)) != nil
        }
    }

    /// Where Redis is, in the words of a message.
    package var place: String {
        guard let sentinels else { return "\(address)" }
        let hosts = sentinels.addresses.map(\.description).joined(separator: ", ")
        return "the master \"\(sentinels.master)\" of the sentinels \(hosts)"
    }
}

extension RedisURL.Address: CustomStringConvertible {
    package var description: String {
        switch self {
        case .tcp(let host, let port): "\(host.contains(":") ? "[\(host)]" : host):\(port)"
        case .unix(let path): path
        }
    }
}
