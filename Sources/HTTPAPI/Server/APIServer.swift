import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Logging
import NIOCore
import NIOSSL
import RedisClient
import ServiceLifecycle

/// The HTTP API: listens, and hands requests to the faces.
package struct APIServer: Service {
    let configuration: APIConfiguration
    let services: Services
    let faces: [any Face]
    let logger: Logger
    let onReady: @Sendable (Int) -> Void

    /// - Parameters:
    ///   - faces: the first one gives their shape to errors of paths that are nobody's.
    ///   - onReady: called with the port once it listens.
    package init(
        configuration: APIConfiguration,
        services: Services,
        faces: [any Face],
        logger: Logger,
        onReady: @escaping @Sendable (Int) -> Void = { _ in }
    ) {
        self.configuration = configuration
        self.services = services
        self.faces = faces
        self.logger = logger
        self.onReady = onReady
    }

    /// Serves until it is told to stop; what is under way then has a few seconds, streams end at once.
    /// - Throws: when it cannot listen, or the certificate cannot be read.
    package func run() async throws {
        let dispatcher = Dispatcher(
            table: RouteTable(faces),
            standard: faces[0],
            authenticator: Authenticator(
                store: services.store,
                isOpen: configuration.noAuth,
                limits: configuration.limits
            ),
            isOpen: configuration.noAuth,
            services: services,
            limits: configuration.limits,
            logger: logger
        )
        var settings = ApplicationConfiguration(
            address: .hostname(configuration.host, port: configuration.port),
            serverName: nil,
            backlog: 1024
        )
        // Beyond that they wait in the backlog: an accept that fails for want of a descriptor would be worse.
        let connections = min(configuration.limits.connections, OpenFiles.mostConnections)
        settings.availableConnectionsDelegate = MaximumAvailableConnections(connections)
        var quiet = logger
        quiet.logLevel = .warning
        let application = Application(
            responder: dispatcher,
            server: try server(),
            configuration: settings,
            onServerRunning: { [onReady] channel in onReady(channel.localAddress?.port ?? 0) },
            logger: quiet
        )
        let group = Task { try await withServices(application) }
        try await withTaskCancellationOrGracefulShutdownHandler {
            try await group.value
        } onCancelOrGracefulShutdown: {
            services.quiescence.begin()
            Task {
                // Grace for what is under way, then an end.
                try? await Task.sleep(for: configuration.limits.shutdown)
                group.cancel()
            }
        }
    }

    private func withServices(_ application: Application<Dispatcher>) async throws {
        let services = services
        try await services.hub.whileRunning {
            let counting = Task { await services.metrics.collect() }
            defer { counting.cancel() }
            try await application.run()
        }
    }

    private func server() throws -> HTTPServerBuilder {
        let limits = configuration.limits
        let patience = TimeAmount(limits.patience)
        let http = HTTPServerBuilder.http1(
            configuration: HTTP1Channel.Configuration(
                additionalChannelHandlers: [StallGuard(patience: patience)],
                idleTimeout: patience,
                httpDecoderConfiguration: HTTP1Channel.Configuration.DecoderConfiguration(
                    maxHeaderFieldSize: limits.headerBytes,
                    maxHeaderListSize: limits.headerBytes,
                    maxHeaderFieldCount: limits.headerCount
                )
            )
        )
        guard let tls = configuration.tls else { return http }
        let chain: [NIOSSLCertificateSource]
        do {
            chain = try NIOSSLCertificate.fromPEMFile(tls.certificate).map { .certificate($0) }
        } catch {
            throw APIConfigurationError("\(tls.certificate) is no certificate in PEM form that can be read: \(error)")
        }
        let key: NIOSSLPrivateKeySource
        do {
            key = .privateKey(try NIOSSLPrivateKey(file: tls.key, format: .pem))
        } catch {
            throw APIConfigurationError("\(tls.key) is no key in PEM form that can be read: \(error)")
        }
        return try .tls(http, tlsConfiguration: .makeServerConfiguration(certificateChain: chain, privateKey: key))
    }
}
