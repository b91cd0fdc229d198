import Logging
import NIOCore
import NIOPosix
import RESP

/// Opens connections to where the keys are, and says on them who we are.
struct RedisConnector: Sendable {
    let url: RedisURL
    let name: String
    let scripts: [RedisScript]
    /// Keys of which one server has to have all; empty where that does not matter.
    let keys: [String]
    /// For the connection to stand, and again for the handshake.
    var timeout: Duration
    let eventLoop: any EventLoop
    let logger: Logger
    let route = RedisRoute()

    /// What is asked of a connection besides the handshake.
    struct Options: Sendable {
        /// How often a connection without traffic is tried; nil for never.
        var keepAlive: TimeAmount?
        /// Receives messages on a connection that will subscribe.
        var onPush: (@Sendable (RESPValue) -> Void)?
    }

    /// Whether Redis has one fixed address, so that its refusal there says that it does not serve at all. Keys with a hash
    /// tag may lie in a cluster of which the one node that we know is down, until a server has said that it is alone.
    var isDirect: Bool {
        guard url.sentinels == nil else { return false }
        return switch route.kind {
        case .single: true
        case .cluster: false
        case .unknown: !keys.contains(where: Self.hasHashTag)
        }
    }

    private static func hasHashTag(_ key: String) -> Bool {
        guard let start = key.firstIndex(of: "{"), let end = key[start...].firstIndex(of: "}") else { return false }
        return key.index(after: start) < end
    }

    /// Opens a connection that is ready for commands.
    /// - Throws: ``RedisError``: `unreachable`, `needsHashTag`, or `server` when Redis does not let us in.
    func open(_ options: Options = Options()) async throws(RedisError) -> RedisConnection {
        do throws(RedisError) {
            if url.sentinels != nil { return try await openMaster(options) }
            return try await openNode(options)
        } catch {
            throw isDirect ? error : error.withoutRefusal
        }
    }

    /// Opens a connection to the server that another connection leads to.
    func open(beside other: RedisConnection, _ options: Options = Options()) async throws(RedisError) -> RedisConnection
    {
        do throws(RedisError) {
            let (connection, handshake) = try await greet(other.address, options)
            guard handshake.keysAreAt == nil, handshake.isMaster != false else {
                connection.close()
                throw RedisError(.unreachable, "the keys are not at \(other.address) any more")
            }
            if url.sentinels != nil { route.opened(connection) }
            return connection
        } catch {
            throw isDirect ? error : error.withoutRefusal
        }
    }

    /// Asks one known node after the other for the one that has the keys; where there is no cluster, the only one.
    private func openNode(_ options: Options) async throws(RedisError) -> RedisConnection {
        var candidates = route.nodes(seed: url.address)
        var tried: Set<RedisURL.Address> = []
        var failure: RedisError?
        while !candidates.isEmpty {
            let address = candidates.removeFirst()
            guard tried.insert(address).inserted else { continue }
            do throws(RedisError) {
                let (connection, handshake) = try await greet(address, options)
                if let nodes = handshake.nodes { route.learn(nodes) }
                if handshake.isAlone { route.learnSingle() }
                guard let other = handshake.keysAreAt else {
                    route.prefer(address)
                    return connection
                }
                connection.close()
                candidates = [other] + candidates + (handshake.nodes ?? [])
            } catch {
                guard error.isConnectionLoss else { throw error }
                route.avoid(address)
                failure = failure ?? error
            }
        }
        throw failure
            ?? RedisError(.unreachable, "the nodes of the cluster at \(url.address) do not agree on who has the keys")
    }

    /// Connects to an address and shakes hands there.
    func greet(
        _ address: RedisURL.Address,
        _ options: Options
    ) async throws(RedisError) -> (RedisConnection, RedisHandshake) {
        let handshake = RedisHandshake(
            to: address,
            username: url.username,
            password: url.password,
            database: url.database,
            name: name,
            asksRole: url.sentinels != nil,
            keys: url.sentinels == nil ? keys : [],
            scripts: scripts
        )
        let connection = try await connect(to: address, options)
        do throws(RedisError) {
            return (connection, try await shakeHands(handshake, on: connection))
        } catch {
            connection.close(error)
            throw error
        }
    }

    func shakeHands(
        _ handshake: RedisHandshake,
        on connection: RedisConnection
    ) async throws(RedisError) -> RedisHandshake {
        var handshake = handshake
        let steps = handshake.steps
        let replies = await connection.execute(steps.map(\.command), deadline: .now() + TimeAmount(timeout))
        do throws(RedisError) {
            for ((step, _), reply) in zip(steps, replies.values) {
                guard let message = try handshake.take(reply, to: step) else { continue }
                logger.debug(
                    "Redis refused a step of the handshake",
                    metadata: ["step": "\(step)", "error": "\(message)"]
                )
            }
        } catch {
            if let nodes = handshake.nodes { route.learn(nodes) }
            throw error
        }
        if let failure = replies.failure {
            if failure.code == .cancelled { throw failure }
            throw RedisError(.unreachable, failure.message, isRefusal: failure.isRefusal)
        }
        return handshake
    }

    /// - Throws: ``RedisError``: `unreachable` or `cancelled`.
    func connect(to address: RedisURL.Address, _ options: Options) async throws(RedisError) -> RedisConnection {
        let make: @Sendable (any Channel) throws -> RedisConnection = { channel in
            try RedisConnection(
                channel: channel,
                address: address,
                keepAlive: options.keepAlive,
                onPush: options.onPush
            )
        }
        if let tls = url.tls, case .tcp(let host, let port) = address {
            return try await TLSConnecting(files: tls, timeout: timeout, eventLoop: eventLoop)
                .connect(host: host, port: port, make)
        }
        let bootstrap = ClientBootstrap(group: eventLoop)
            .connectTimeout(TimeAmount(timeout))
            .channelOption(.socketOption(.so_keepalive), value: 1)
        let initializer: @Sendable (any Channel) -> EventLoopFuture<RedisConnection> = { channel in
            channel.eventLoop.makeCompletedFuture { try make(channel) }
        }
        do {
            switch address {
            case .tcp(let host, let port):
                return try await bootstrap.connect(host: host, port: port, channelInitializer: initializer)
            case .unix(let path):
                return try await bootstrap.connect(unixDomainSocketPath: path, channelInitializer: initializer)
            }
        } catch {
            throw RedisError(connectingTo: address, failed: error, timeout: timeout)
        }
    }
}
