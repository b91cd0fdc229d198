import HoistwayModel

/// Where the API listens and what it asks of clients.
package struct APIConfiguration: Sendable {
    /// What one client may do to the others.
    package struct Limits: Sendable {
        /// Requests of one token, on average and at once.
        package var requestsPerSecond = 200.0
        package var requestBurst = 2000.0
        /// Wrong tokens from one address, on average and at once.
        package var failuresPerSecond = 0.2
        package var failureBurst = 20.0
        package var connections = 10_000
        /// Longest path with query, in bytes.
        package var urlBytes = 8192
        package var headerBytes = 32 * 1024
        package var headerCount = 100
        /// How long a client may take to send a head, or a body, and to take what is sent to it.
        package var patience = Duration.seconds(30)
        /// How long what is under way may take once the server is to stop.
        package var shutdown = Duration.seconds(4)

        package init() {}
    }

    package var host: String
    package var port: Int
    /// Paths of a certificate chain and its key in PEM form; `nil` for plain HTTP.
    package var tls: (certificate: String, key: String)?
    /// Nobody needs a token.
    package var noAuth: Bool
    package var limits = Limits()

    package static let defaultListen = "127.0.0.1:8484"

    /// - Parameter listen: `host:port`, with a literal IPv6 address in brackets.
    /// - Throws: ``APIConfigurationError`` for an address that is none, and for `noAuth` where others can reach it.
    package init(
        listen: String = defaultListen,
        tlsCertificate: String? = nil,
        tlsKey: String? = nil,
        noAuth: Bool = false
    ) throws(APIConfigurationError) {
        guard let colon = listen.lastIndex(of: ":"), let port = Int(listen[listen.index(after: colon)...]),
            (0...65_535).contains(port)
        else {
            throw APIConfigurationError("\"\(listen)\" is no address: it must be host:port, such as 127.0.0.1:8484")
        }
        var host = listen[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        guard !host.isEmpty else {
            throw APIConfigurationError("\"\(listen)\" names no host; to listen everywhere say 0.0.0.0:\(port)")
        }
        if (tlsCertificate == nil) != (tlsKey == nil) {
            throw APIConfigurationError("a certificate and its key are needed together (--tls-cert and --tls-key)")
        }
        self.host = String(host)
        self.port = port
        self.noAuth = noAuth
        if let tlsCertificate, let tlsKey { tls = (tlsCertificate, tlsKey) }
        if noAuth, !isLoopback {
            throw APIConfigurationError("--no-auth is only for a loopback address, not for \(listen)")
        }
    }

    package var isLoopback: Bool { APIConfiguration.isLoopback(host) }

    /// Whether a name or an address is this host's own.
    static func isLoopback(_ host: String) -> Bool {
        if host == "localhost" || host == "::1" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}

/// An address or a combination of options that cannot be.
package struct APIConfigurationError: Error, Sendable, CustomStringConvertible {
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}
