import Subprocess

/// Certificates of an authority of their own, made by the openssl command.
package struct Certificates: Sendable {
    private let directory: TemporaryDirectory

    /// The certificate of the authority.
    package var authority: String { path("ca.pem") }

    package init() async throws {
        directory = try TemporaryDirectory()
        try await openssl(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=authority",
            ["-keyout", path("ca.key"), "-out", authority]
        )
    }

    /// - Returns: the path of a certificate with its key beside it.
    /// - Parameters:
    ///   - names: for whom it is, as openssl writes them.
    ///   - days: how long it is valid; -1 for one that has expired.
    package func issue(
        _ name: String,
        _ names: String = "DNS:localhost,IP:127.0.0.1",
        days: Int = 30
    ) async throws -> (certificate: String, key: String) {
        let (request, certificate, key) = (path("\(name).csr"), path("\(name).pem"), path("\(name).key"))
        try await openssl(
            "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes",
            ["-subj", "/CN=\(name)", "-addext", "subjectAltName=\(names)", "-keyout", key, "-out", request]
        )
        try await openssl(
            "x509 -req -copy_extensions copy -CAcreateserial -days \(days)",
            ["-in", request, "-CA", authority, "-CAkey", path("ca.key"), "-out", certificate]
        )
        return (certificate, key)
    }

    private func path(_ name: String) -> String { "\(directory.path)/\(name)" }

    private func openssl(_ words: String, _ more: [String]) async throws {
        let arguments = words.split(separator: " ").map(String.init) + more
        let result = try await Subprocess.run(
            .name("openssl"),
            arguments: Arguments(arguments),
            output: .discarded,
            error: .string(limit: 1 << 16)
        )
        guard case .exited(0) = result.terminationStatus else {
            throw TimedOut(description: "openssl \(words) failed: \(result.standardError)")
        }
    }
}

extension RedisServer.Options {
    /// A Redis that also speaks TLS, on the port given.
    package static func tls(
        port: Int,
        _ certificates: Certificates,
        _ own: (certificate: String, key: String),
        wantsCertificates: Bool = false
    ) -> RedisServer.Options {
        RedisServer.Options(arguments: [
            "--tls-port", "\(port)", "--tls-ca-cert-file", certificates.authority,
            "--tls-cert-file", own.certificate, "--tls-key-file", own.key,
            "--tls-auth-clients", wantsCertificates ? "yes" : "no",
        ])
    }
}
