import Glibc
import RESP
import RedisClient
import Subprocess

/// Three masters and the replicas of each, made by `redis-cli --cluster create`, on free ports of the loopback address.
package final class RedisCluster: Sendable {
    package let nodes: [RedisServer]

    /// - Parameter replicas: of each master.
    package static func start(replicas: Int = 1) async throws -> RedisCluster {
        var nodes: [RedisServer] = []
        for _ in 0..<3 * (1 + replicas) {
            var options = RedisServer.Options(tcp: true)
            options.arguments = [
                "--cluster-enabled", "yes", "--cluster-node-timeout", "1500",
                "--cluster-port", "\(try RedisServer.freePort())",
            ]
            nodes.append(try await RedisServer.start(options))
        }
        let cluster = RedisCluster(nodes)
        try await cluster.create(replicas)
        return cluster
    }

    private init(_ nodes: [RedisServer]) {
        self.nodes = nodes
    }

    /// Where one of them is.
    package func url(_ node: RedisServer) -> String { "redis://127.0.0.1:\(node.port)" }

    /// The node that serves a key.
    package func node(of key: String) async throws -> RedisServer {
        for node in nodes where node.pid != nil {
            let client = try await node.client()
            defer { Task { await client.close() } }
            if let role = try await client.send(["ROLE"]).array?.first?.string, role != "master" { continue }
            if (try? await client.send(["EXISTS", .string(key)])) != nil { return node }
        }
        throw TimedOut(description: "no node serves \(key)")
    }

    package func stop() async throws {
        for node in nodes { try await node.stop(SIGKILL) }
    }

    private func create(_ replicas: Int) async throws {
        let hosts = nodes.map { "127.0.0.1:\($0.port)" }
        let arguments = ["--cluster", "create"] + hosts + ["--cluster-replicas", "\(replicas)", "--cluster-yes"]
        let result = try await Subprocess.run(
            .name("redis-cli"),
            arguments: Arguments(arguments),
            output: .string(limit: 1 << 20),
            error: .string(limit: 1 << 20)
        )
        guard case .exited(0) = result.terminationStatus else {
            throw TimedOut(description: "redis-cli --cluster create: \(result.standardOutput)\(result.standardError)")
        }
        for node in nodes {
            let client = try await node.client()
            try await eventually("the cluster to be whole", timeout: .seconds(60)) {
                let state = try await client.send(["CLUSTER", "INFO"]).string ?? ""
                let known = try await client.send(["CLUSTER", "NODES"]).string ?? ""
                let present = known.split(separator: "\n").count { $0.contains("slave") && $0.contains("connected") }
                return state.contains("cluster_state:ok") && present == 3 * replicas
            }
            await client.close()
        }
    }
}
