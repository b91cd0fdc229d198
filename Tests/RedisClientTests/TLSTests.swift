import Glibc
import RESP
import RedisClient
import TestSupport
import Testing

/// `rediss://` against a real Redis that speaks TLS, with certificates of the openssl command.
@Suite(.timeLimit(.minutes(3))) struct TLSTests {
    private static func client(_ url: String) throws -> RedisClient {
        RedisClient(url: try RedisURL(url), name: "test", scripts: [], logger: .silent)
    }

    /// Why a connection cannot be made.
    private static func failure(_ url: String) async throws -> String {
        let client = try client(url)
        let error = await #expect(throws: RedisError.self) { try await client.connect() }
        await client.close()
        #expect(error?.code == .unreachable, "\(url): \(error?.message ?? "it can")")
        #expect(error?.isRefusal == false)
        #expect(error?.message.contains("\n") == false)
        return error?.message ?? ""
    }

    private static func withServer(
        _ own: (certificate: String, key: String),
        _ certificates: Certificates,
        wantsCertificates: Bool = false,
        _ body: (_ port: Int) async throws -> Void
    ) async throws {
        let port = try RedisServer.freePort()
        let server = try await RedisServer.start(
            .tls(port: port, certificates, own, wantsCertificates: wantsCertificates)
        )
        do {
            try await body(port)
        } catch {
            try await server.stop(SIGKILL)
            throw error
        }
        try await server.stop(SIGKILL)
    }

    @Test(arguments: ["localhost", "127.0.0.1"])
    func carriesEveryKindOfConnection(_ host: String) async throws {
        let certificates = try await Certificates()
        try await Self.withServer(try await certificates.issue("redis"), certificates) { port in
            let client = try Self.client("rediss://\(host):\(port)/1?ca=\(certificates.authority)")
            try await client.connect()
            let value = (0..<1 << 20).map { UInt8(truncatingIfNeeded: $0 &* 7) }
            _ = try await client.send(["SET", "large", .bytes(value)])
            #expect(try await client.send(["GET", "large"]).bytes == value)

            let blocking = client.blocking()
            async let popped = blocking.blpop(["list"], seconds: 30)
            _ = try await client.send(["RPUSH", "list", "x"])
            #expect(try await popped?.value == Array("x".utf8))
            await blocking.close()

            let tracking = RedisTracking(client: client, prefixes: ["watched:"])
            var changes = tracking.changes().makeAsyncIterator()
            #expect(try await changes.next() == [])
            _ = try await client.send(["SET", "watched:a", "1"])
            #expect(try await changes.next() == ["watched:a"])
            await tracking.close()
            await client.close()
        }
    }

    @Test func showsACertificateOfItsOwn() async throws {
        let certificates = try await Certificates()
        let strangers = try await Certificates()
        let ours = try await certificates.issue("worker")
        let foreign = try await strangers.issue("worker")
        try await Self.withServer(
            try await certificates.issue("redis"),
            certificates,
            wantsCertificates: true
        ) { port in
            let url = "rediss://127.0.0.1:\(port)?ca=\(certificates.authority)"
            let client = try Self.client("\(url)&cert=\(ours.certificate)&key=\(ours.key)")
            try await client.connect()
            try await client.ping()
            await client.close()

            #expect(try await Self.failure(url).contains("it wants a certificate of us: add cert=FILE&key=FILE"))
            let refused = try await Self.failure("\(url)&cert=\(foreign.certificate)&key=\(foreign.key)")
            #expect(refused.contains("our certificate"))
            let mixed = try await Self.failure("\(url)&cert=\(ours.certificate)&key=\(foreign.key)")
            #expect(mixed.contains("does not belong to the certificate in \(ours.certificate)"))
        }
    }

    @Test func saysWhyACertificateIsNotTrusted() async throws {
        let certificates = try await Certificates()
        let strangers = try await Certificates()
        try await Self.withServer(try await certificates.issue("old", days: -1), certificates) { port in
            let reason = try await Self.failure("rediss://localhost:\(port)?ca=\(certificates.authority)")
            #expect(reason.contains("its certificate expired on 20"))
        }
        try await Self.withServer(try await certificates.issue("other", "DNS:other.example"), certificates) { port in
            for host in ["localhost", "127.0.0.1"] {
                let reason = try await Self.failure("rediss://\(host):\(port)?ca=\(certificates.authority)")
                #expect(reason.contains("its certificate is not for the host \(host)"))
            }
        }
        try await Self.withServer(try await certificates.issue("redis"), certificates) { port in
            let unknown = try await Self.failure("rediss://localhost:\(port)?ca=\(strangers.authority)")
            #expect(unknown.contains("not of the authority in \(strangers.authority)"))
            let system = try await Self.failure("rediss://localhost:\(port)")
            #expect(system.contains("not of an authority that this system trusts: name the one with ?ca=FILE"))
        }
    }

    @Test func saysWhichFileIsNoGood() async throws {
        let certificates = try await Certificates()
        let ours = try await certificates.issue("worker")
        let missing = try await Self.failure("rediss://localhost:1?ca=/nowhere/ca.pem")
        #expect(missing == "/nowhere/ca.pem (ca in the Redis URL) cannot be read: No such file or directory")
        #expect(try await Self.failure("rediss://localhost:1?ca=\(ours.key)").contains("holds no certificate in PEM"))
        let key = try await Self.failure("rediss://localhost:1?cert=\(ours.certificate)&key=\(ours.certificate)")
        #expect(key.contains("holds no private key in PEM"))
    }

    @Test func givesUpAHandshakeThatDoesNotEnd() async throws {
        let certificates = try await Certificates()
        let own = try await certificates.issue("redis")
        let port = try RedisServer.freePort()
        let server = try await RedisServer.start(.tls(port: port, certificates, own))
        let pid = try #require(server.pid)
        // The system still accepts connections for it.
        kill(pid, SIGSTOP)
        let url = try RedisURL("rediss://localhost:\(port)?ca=\(certificates.authority)")
        let client = RedisClient(
            url: url,
            name: "test",
            scripts: [],
            commandTimeout: .milliseconds(300),
            logger: .silent
        )
        let error = await #expect(throws: RedisError.self) { try await client.connect() }
        #expect(error?.code == .unreachable && error?.isRefusal == false)
        #expect(error?.message.contains("TLS did not end within 0.3 seconds") == true, "\(error?.message ?? "")")
        kill(pid, SIGCONT)
        try await eventually("the server to serve again", timeout: .seconds(30)) {
            (try? await client.send(["PING"])) != nil
        }
        await client.close()
        try await server.stop(SIGKILL)
    }

    @Test func tellsAPortWithoutTLS() async throws {
        let certificates = try await Certificates()
        let server = try await RedisServer.start(RedisServer.Options(tcp: true))
        let reason = try await Self.failure("rediss://localhost:\(server.port)?ca=\(certificates.authority)")
        #expect(reason.contains("TLS"), "\(reason)")
        try await server.stop(SIGKILL)
    }
}
