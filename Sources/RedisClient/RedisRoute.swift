import NIOCore
import Synchronization

/// What the connections of one client have learnt of the way to Redis.
final class RedisRoute: Sendable {
    enum Kind {
        case unknown, single, cluster
    }

    private struct State {
        var kind = Kind.unknown
        /// Nodes of the cluster, the most promising first.
        var nodes: [RedisURL.Address] = []
        /// The sentinel that answered last.
        var sentinel: RedisURL.Address?
        /// Connections to the master that sentinels named.
        var connections: [ObjectIdentifier: RedisConnection] = [:]
    }

    /// One that grows without end is none.
    private static let mostNodes = 1000

    private let state = Mutex(State())

    var kind: Kind { state.withLock { $0.kind } }

    /// The nodes to try, in order.
    func nodes(seed: RedisURL.Address) -> [RedisURL.Address] {
        state.withLock { state in
            state.nodes.contains(seed) ? state.nodes : state.nodes + [seed]
        }
    }

    /// A server has said that it is a node of a cluster, with these others.
    func learn(_ nodes: [RedisURL.Address]) {
        state.withLock { state in
            state.kind = .cluster
            let gone = Set(state.nodes).subtracting(nodes)
            if !nodes.isEmpty { state.nodes.removeAll { gone.contains($0) } }
            for node in nodes where !state.nodes.contains(node) && state.nodes.count < Self.mostNodes {
                state.nodes.append(node)
            }
        }
    }

    /// A server has said that it is no node of a cluster.
    func learnSingle() {
        state.withLock { $0.kind = .single }
    }

    /// A node has the keys.
    func prefer(_ node: RedisURL.Address) {
        state.withLock { state in
            guard state.kind == .cluster else { return }
            state.nodes.removeAll { $0 == node }
            state.nodes.insert(node, at: 0)
        }
    }

    /// A node cannot be reached or has lost the keys: the others are asked before it.
    func avoid(_ node: RedisURL.Address) {
        state.withLock { state in
            guard let index = state.nodes.firstIndex(of: node) else { return }
            state.nodes.append(state.nodes.remove(at: index))
        }
    }

    /// The sentinels to ask, in order.
    func sentinels(_ all: [RedisURL.Address]) -> [RedisURL.Address] {
        guard let last = state.withLock({ $0.sentinel }), all.contains(last) else { return all }
        return [last] + all.filter { $0 != last }
    }

    func answered(_ sentinel: RedisURL.Address) {
        state.withLock { $0.sentinel = sentinel }
    }

    /// A connection leads to the master that sentinels named.
    func opened(_ connection: RedisConnection) {
        let id = ObjectIdentifier(connection)
        state.withLock { $0.connections[id] = connection }
        connection.closed.whenComplete { _ in self.state.withLock { $0.connections[id] = nil } }
    }

    /// Ends all connections to a master that is one no more.
    func leave(_ master: RedisURL.Address, _ reason: RedisError) {
        let connections = state.withLock { $0.connections.values.filter { $0.address == master } }
        for connection in connections { connection.close(reason) }
    }
}
