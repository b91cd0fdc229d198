import Glibc
import Logging
import NIOCore
import NIOPosix
import RESP

/// Opens connections and says on them who we are.
struct RedisConnector: Sendable {
    let url: RedisURL
    let name: String
    let scripts: [RedisScript]
    /// For the connection to stand, and again for the handshake.
    let timeout: Duration
    let eventLoop: any EventLoop
    let logger: Logger

    /// Opens a connection that is ready for commands.
    /// - Parameters:
    ///   - keepAlive: how often a connection without traffic is tried; nil for never.
    ///   - onPush: receives messages on a connection that will subscribe.
    /// - Throws: ``RedisError``: `unreachable`, or `server` when Redis does not let us in.
    func open(
        keepAlive: TimeAmount? = nil,
        onPush: (@Sendable (RESPValue) -> Void)? = nil
    ) async throws(RedisError) -> RedisConnection {
        let connection: RedisConnection
        do {
            connection = try await connect { channel in
                try RedisConnection(channel: channel, address: url.address, keepAlive: keepAlive, onPush: onPush)
            }
        } catch {
            throw unreachable(error)
        }
        do {
            try await shakeHands(on: connection)
        } catch {
            connection.close(error)
            throw error
        }
        return connection
    }

    private func connect(
        _ make: @escaping @Sendable (any Channel) throws -> RedisConnection
    ) async throws -> RedisConnection {
        let bootstrap = ClientBootstrap(group: eventLoop)
            .connectTimeout(TimeAmount(timeout))
            .channelOption(.socketOption(.so_keepalive), value: 1)
        let initializer: @Sendable (any Channel) -> EventLoopFuture<RedisConnection> = { channel in
            channel.eventLoop.makeCompletedFuture { try make(channel) }
        }
        switch url.address {
        case .tcp(let host, let port):
            return try await bootstrap.connect(host: host, port: port, channelInitializer: initializer)
        case .unix(let path):
            return try await bootstrap.connect(unixDomainSocketPath: path, channelInitializer: initializer)
        }
    }

    private func shakeHands(on connection: RedisConnection) async throws(RedisError) {
        let steps = handshake()
        let replies = await connection.execute(steps.map(\.command), deadline: .now() + TimeAmount(timeout))
        for (step, value) in zip(steps, replies.values) {
            guard let message = value.error else { continue }
            if message.hasPrefix("LOADING ") {
                throw RedisError(.unreachable, "Redis at \(url.address) is loading its data", isRefusal: true)
            }
            if step.isRequired || message.hasPrefix("NOAUTH ") { throw .server(message) }
            logger.debug(
                "Redis refused a step of the handshake",
                metadata: ["step": "\(step.name)", "error": "\(message)"]
            )
        }
        if let failure = replies.failure {
            if failure.code == .cancelled { throw failure }
            throw RedisError(.unreachable, failure.message, isRefusal: failure.isRefusal)
        }
    }

    private struct Step {
        let name: String
        let command: [RedisArgument]
        let isRequired: Bool
    }

    private func handshake() -> [Step] {
        var steps: [Step] = []
        if let password = url.password {
            let user = url.username.map { [RedisArgument.string($0)] } ?? []
            steps.append(Step(name: "AUTH", command: ["AUTH"] + user + [.string(password)], isRequired: true))
        }
        if url.database != 0 {
            steps.append(Step(name: "SELECT", command: ["SELECT", .int(url.database)], isRequired: true))
        }
        let label = String(name.map { $0 > " " && $0 <= "~" ? $0 : "-" })
        steps.append(Step(name: "CLIENT SETNAME", command: ["CLIENT", "SETNAME", .string(label)], isRequired: false))
        for script in scripts {
            let load: [RedisArgument] = ["SCRIPT", "LOAD", .string(script.source)]
            steps.append(Step(name: "SCRIPT LOAD \(script.name)", command: load, isRequired: false))
        }
        steps.append(Step(name: "PING", command: ["PING"], isRequired: false))
        return steps
    }

    private func unreachable(_ error: any Error) -> RedisError {
        if error is CancellationError { return RedisError(.cancelled, "connecting to Redis was cancelled") }
        let errors = (error as? NIOConnectionError)?.connectionErrors.map(\.error) ?? [error]
        let codes = errors.compactMap { ($0 as? IOError)?.errnoCode }
        let reason: String
        if let code = codes.first {
            reason = String(cString: strerror(code))
        } else if let error = error as? NIOConnectionError, errors.isEmpty {
            reason = "no address found for \(error.host)"
        } else if errors.first is ChannelError {
            reason = "no answer within \(timeout)"
        } else {
            reason = "\(errors.first ?? error)"
        }
        return RedisError(
            .unreachable,
            "cannot reach Redis at \(url.address): \(reason)",
            isRefusal: !codes.isEmpty && codes.count == errors.count && codes.allSatisfy(Self.isRefusal)
        )
    }

    /// Nobody listens there. The file of a socket is removed when Redis stops in order.
    private static func isRefusal(_ code: CInt) -> Bool {
        code == ECONNREFUSED || code == ENOENT
    }
}
