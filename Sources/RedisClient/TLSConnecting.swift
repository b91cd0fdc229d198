import Glibc
import NIOCore
import NIOPosix
import NIOSSL
import NIOTLS
import Synchronization

/// Makes connections over TLS: the certificate has to be valid, of an authority that we trust, and for the host.
struct TLSConnecting: Sendable {
    let files: RedisURL.TLS
    let timeout: Duration
    let eventLoop: any EventLoop

    /// - Parameter make: adds the connection to the channel, once the handshake of TLS has succeeded.
    /// - Throws: ``RedisError``: `unreachable` or `cancelled`.
    func connect(
        host: String,
        port: Int,
        _ make: @escaping @Sendable (any Channel) throws -> RedisConnection
    ) async throws(RedisError) -> RedisConnection {
        let address = RedisURL.Address.tcp(host: host, port: port)
        // Read for each connection, so that a renewed certificate is taken without a restart.
        let context: NIOSSLContext
        do {
            context = try await NIOThreadPool.singleton.runIfActive { try self.context() }
        } catch let error as RedisError {
            throw error
        } catch {
            throw RedisError(.unreachable, "TLS cannot be set up: \(error)")
        }
        do {
            return try await connect(host, port, make) { try Self.handler(context, host) }
        } catch {
            guard let reason = TLSFailure.reason(of: error, host: host) else {
                throw RedisError(connectingTo: address, failed: error, timeout: timeout)
            }
            let detail = TLSFailure.isVerification(error) ? await whyNotTrusted(host, port, context) : reason
            throw RedisError(.unreachable, "cannot reach Redis at \(address): \(detail)")
        }
    }

    private func connect(
        _ host: String,
        _ port: Int,
        _ make: @escaping @Sendable (any Channel) throws -> RedisConnection,
        _ handler: @escaping @Sendable () throws -> NIOSSLClientHandler
    ) async throws -> RedisConnection {
        let timeout = TimeAmount(timeout)
        let shaken = try await ClientBootstrap(group: eventLoop)
            .connectTimeout(timeout)
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .connect(host: host, port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    let gate = TLSGate(timeout, channel.eventLoop.makePromise(), make)
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(gate)
                    try pipeline.addHandler(handler(), position: .first)
                    return gate.made.futureResult
                }
            }
        return try await shaken.get()
    }

    private static func handler(_ context: NIOSSLContext, _ host: String) throws -> NIOSSLClientHandler {
        let isAddress = (try? SocketAddress(ipAddress: host, port: 0)) != nil
        return try NIOSSLClientHandler(context: context, serverHostname: isAddress ? nil : host)
    }

    /// BoringSSL only says that the certificate is no good: it is fetched once more, to look at it.
    private func whyNotTrusted(_ host: String, _ port: Int, _ context: NIOSSLContext) async -> String {
        let shown = ShownChain()
        _ = try? await connect(host, port, { _ in throw ChannelError.eof }) {
            let isAddress = (try? SocketAddress(ipAddress: host, port: 0)) != nil
            return try NIOSSLClientHandler(
                context: context,
                serverHostname: isAddress ? nil : host,
                customVerificationCallback: { certificates, promise in
                    shown.chain.withLock { $0 = certificates }
                    promise.succeed(.failed)
                }
            )
        }
        return TLSFailure.reason(chain: shown.chain.withLock { $0 }, authorities: files.authorities)
    }

    private func context() throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        if let path = files.authorities {
            configuration.trustRoots = .certificates(try Self.certificates(path, "ca"))
        }
        if let path = files.certificate, let key = files.key {
            configuration.certificateChain = try Self.certificates(path, "cert").map { .certificate($0) }
            configuration.privateKey = .privateKey(try Self.key(key))
        }
        do {
            return try NIOSSLContext(configuration: configuration)
        } catch {
            guard let certificate = files.certificate, let key = files.key else { throw error }
            throw RedisError(.unreachable, "the key in \(key) does not belong to the certificate in \(certificate)")
        }
    }

    private static func certificates(_ path: String, _ parameter: String) throws -> [NIOSSLCertificate] {
        let bytes = try read(path, parameter)
        guard let certificates = try? NIOSSLCertificate.fromPEMBytes(bytes), !certificates.isEmpty else {
            throw RedisError(.unreachable, "\(path) (\(parameter) in the Redis URL) holds no certificate in PEM")
        }
        return certificates
    }

    private static func key(_ path: String) throws -> NIOSSLPrivateKey {
        let bytes = try read(path, "key")
        guard let key = try? NIOSSLPrivateKey(bytes: bytes, format: .pem) else {
            throw RedisError(
                .unreachable,
                "\(path) (key in the Redis URL) holds no private key in PEM without a password"
            )
        }
        return key
    }

    private static func read(_ path: String, _ parameter: String) throws(RedisError) -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw unreadable(path, parameter) }
        defer { close(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = Glibc.read(file, &buffer, buffer.count)
            guard count >= 0 else { throw unreadable(path, parameter) }
            if count == 0 { return bytes }
            bytes += buffer[..<count]
        }
    }

    private static func unreadable(_ path: String, _ parameter: String) -> RedisError {
        let reason = String(cString: strerror(errno))
        return RedisError(.unreachable, "\(path) (\(parameter) in the Redis URL) cannot be read: \(reason)")
    }
}

/// The certificates that the other side has shown.
private final class ShownChain: Sendable {
    let chain = Mutex<[NIOSSLCertificate]>([])
}

/// Waits for the end of the handshake of TLS, hands the channel on and leaves it.
private final class TLSGate: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer

    let made: EventLoopPromise<RedisConnection>
    private let timeout: TimeAmount
    private let make: (any Channel) throws -> RedisConnection
    private var timer: Scheduled<Void>?

    init(
        _ timeout: TimeAmount,
        _ made: EventLoopPromise<RedisConnection>,
        _ make: @escaping (any Channel) throws -> RedisConnection
    ) {
        self.timeout = timeout
        self.made = made
        self.make = make
    }

    func channelActive(context: ChannelHandlerContext) {
        let channel = context.channel
        let timeout = timeout
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: timeout) {
            self.fail(TLSFailure.HandshakeTimeout(limit: timeout), channel)
        }
        context.fireChannelActive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case TLSUserEvent.handshakeCompleted(_)? = event as? TLSUserEvent {
            timer?.cancel()
            do {
                made.succeed(try make(context.channel))
            } catch {
                fail(error, context.channel)
            }
            context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail(error, context.channel)
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail(ChannelError.eof, context.channel)
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
        made.fail(ChannelError.ioOnClosedChannel)
    }

    /// Only the first outcome counts.
    private func fail(_ error: any Error, _ channel: any Channel) {
        timer?.cancel()
        made.fail(error)
        channel.close(promise: nil)
    }
}
