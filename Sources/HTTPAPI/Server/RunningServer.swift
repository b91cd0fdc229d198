import Logging
import ServiceLifecycle
import Synchronization
import UnixSignals

/// A server that serves, and what works beside it.
package struct RunningServer: Sendable {
    private let group: ServiceGroup
    private let task: Task<Void, any Error>
    /// Where it listens, also when it was to choose.
    package let port: Int

    /// Starts a server and waits until it listens.
    /// - Parameters:
    ///   - beside: works until it is cancelled, which is once the server has ended.
    ///   - signals: which stop it.
    /// - Throws: when it cannot listen, or the certificate cannot be read.
    package static func start(
        _ configuration: APIConfiguration,
        _ services: Services,
        faces: [any Face],
        logger: Logger,
        stoppedBy signals: [UnixSignal] = [],
        beside: @escaping @Sendable () async -> Void = {}
    ) async throws -> RunningServer {
        let (ports, listening) = AsyncStream.makeStream(of: Int.self)
        let server = APIServer(configuration: configuration, services: services, faces: faces, logger: logger) { port in
            listening.yield(port)
            listening.finish()
        }
        var quiet = logger
        quiet.logLevel = .warning
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [
                    ServiceGroupConfiguration.ServiceConfiguration(
                        service: server,
                        successTerminationBehavior: .gracefullyShutdownGroup,
                        failureTerminationBehavior: .cancelGroup
                    )
                ],
                gracefulShutdownSignals: signals,
                logger: quiet
            )
        )
        let task = Task {
            let companion = Task { await beside() }
            defer {
                companion.cancel()
                listening.finish()
            }
            try await group.run()
        }
        for await port in ports { return RunningServer(group: group, task: task, port: port) }
        try await task.value
        throw CancellationError()
    }

    /// Waits until it has ended.
    package func ended() async throws { try await task.value }

    /// Lets what is under way come to its end, for a few seconds.
    package func stop() async {
        await group.triggerGracefulShutdown()
        _ = await task.result
    }
}
