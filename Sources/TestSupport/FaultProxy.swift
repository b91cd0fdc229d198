import NIOCore
import NIOPosix
import RedisClient
import Synchronization

/// Stands between a client and Redis, on a unix socket of its own, and does harm when told so. A fault holds for all
/// connections, and bytes are counted from the moment it was set.
package final class FaultProxy: Sendable {
    package enum Direction: Sendable {
        case toServer
        case toClient
    }

    package enum Fault: Sendable, Equatable {
        case none
        /// Lets that many bytes through in one direction and then cuts both connections. With 0 bytes to the client the
        /// request reaches the server and the reply is lost. Happens once.
        case cut(after: Int, Direction)
        /// Swallows everything in both directions; connections stay open.
        case blackHole
        /// Hands everything on later.
        case delay(Duration)
    }

    private let directory: TemporaryDirectory
    private let listener: any Channel
    private let faults: Faults

    /// Starts a proxy.
    /// - Parameter backend: where Redis is.
    package static func start(backend: RedisURL.Address) async throws -> FaultProxy {
        let directory = try TemporaryDirectory()
        let faults = Faults()
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelOption(.autoRead, value: false)
            .childChannelInitializer { front in faults.accept(front, backend: backend) }
            .bind(unixDomainSocketPath: "\(directory.path)/p")
            .get()
        return FaultProxy(directory: directory, listener: listener, faults: faults)
    }

    private init(directory: TemporaryDirectory, listener: any Channel, faults: Faults) {
        self.directory = directory
        self.listener = listener
        self.faults = faults
    }

    /// Where the client finds the proxy.
    package var address: RedisURL.Address { .unix(path: "\(directory.path)/p") }

    /// The address as an option of the command line.
    package var url: String { "unix://\(directory.path)/p" }

    /// How many connections were accepted so far.
    package var accepted: Int { faults.accepted }

    package func set(_ fault: Fault) {
        faults.set(fault)
    }

    /// Cuts all present connections.
    package func cutAll() {
        faults.cutAll()
    }

    /// Stops listening and cuts all connections.
    package func stop() async throws {
        try await listener.close()
        faults.cutAll()
    }
}

/// The fault that is set, and the connections it applies to.
private final class Faults: Sendable {
    enum Verdict {
        case pass(after: Duration?)
        case swallow
        /// Let the first bytes through, then cut.
        case cut(after: Int)
    }

    private struct State {
        var fault = FaultProxy.Fault.none
        var fronts: [ObjectIdentifier: any Channel] = [:]
        var accepted = 0
    }

    private let state = Mutex(State())

    var accepted: Int { state.withLock { $0.accepted } }

    func set(_ fault: FaultProxy.Fault) {
        state.withLock { $0.fault = fault }
    }

    func cutAll() {
        for front in state.withLock({ Array($0.fronts.values) }) {
            front.close(promise: nil)
        }
    }

    func judge(_ direction: FaultProxy.Direction, bytes: Int) -> Verdict {
        state.withLock { state in
            switch state.fault {
            case .none: return .pass(after: nil)
            case .blackHole: return .swallow
            case .delay(let delay): return .pass(after: delay)
            case .cut(_, let other) where other != direction: return .pass(after: nil)
            case .cut(let left, _) where bytes <= left && left > 0:
                state.fault = .cut(after: left - bytes, direction)
                return .pass(after: nil)
            case .cut(let left, _):
                state.fault = .none
                return .cut(after: left)
            }
        }
    }

    /// Connects to the server and joins the two connections.
    func accept(_ front: any Channel, backend: RedisURL.Address) -> EventLoopFuture<Void> {
        state.withLock { state in
            state.accepted += 1
            state.fronts[ObjectIdentifier(front)] = front
        }
        front.closeFuture.whenComplete { _ in
            self.state.withLock { $0.fronts[ObjectIdentifier(front)] = nil }
        }
        let bootstrap = ClientBootstrap(group: front.eventLoop).channelOption(.autoRead, value: false)
        let connected =
            switch backend {
            case .tcp(let host, let port): bootstrap.connect(host: host, port: port)
            case .unix(let path): bootstrap.connect(unixDomainSocketPath: path)
            }
        return connected.flatMapThrowing { back in
            try front.pipeline.syncOperations.addHandler(Relay(to: back, .toServer, self))
            try back.pipeline.syncOperations.addHandler(Relay(to: front, .toClient, self))
        }.flatMap {
            front.setOption(.autoRead, value: true)
        }.flatMap {
            connected.flatMap { $0.setOption(.autoRead, value: true) }
        }
    }
}

/// Hands the bytes of one direction on, as far as the fault allows it.
private final class Relay: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let peer: any Channel
    private let direction: FaultProxy.Direction
    private let faults: Faults

    init(to peer: any Channel, _ direction: FaultProxy.Direction, _ faults: Faults) {
        self.peer = peer
        self.direction = direction
        self.faults = faults
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = unwrapInboundIn(data)
        switch faults.judge(direction, bytes: buffer.readableBytes) {
        case .swallow: break
        case .pass(nil): peer.writeAndFlush(buffer, promise: nil)
        case .pass(let delay?):
            let peer = peer
            context.eventLoop.scheduleTask(in: TimeAmount(delay)) { [buffer] in
                peer.writeAndFlush(buffer, promise: nil)
            }
        case .cut(let count):
            let channel = context.channel
            let peer = peer
            peer.writeAndFlush(buffer.readSlice(length: count) ?? ByteBuffer()).whenComplete { _ in
                channel.close(promise: nil)
                peer.close(promise: nil)
            }
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        peer.close(promise: nil)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
