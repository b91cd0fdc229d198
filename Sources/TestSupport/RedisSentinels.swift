import Glibc
import RESP
import RedisClient

/// A master, a replica of it, and three sentinels that watch them, all on free ports of the loopback address.
package final class RedisSentinels: Sendable {
    package static let masterName = "mymaster"

    /// The first of them is the master at the beginning.
    package let servers: [RedisServer]
    private let directory: TemporaryDirectory
    private let ports: [Int]
    private let processes: [pid_t]

    /// Starts them, and waits until each sentinel knows the others and the replica.
    package static func start(password: String? = nil) async throws -> RedisSentinels {
        let directory = try TemporaryDirectory()
        let options = RedisServer.Options(tcp: true, password: password)
        let master = try await RedisServer.start(options)
        var following = options
        following.arguments = ["--replicaof", "127.0.0.1 \(master.port)"]
        if let password {
            following.arguments += ["--masterauth", password]
            // It will follow the other one after a failover.
            try await master.client().send(["CONFIG", "SET", "masterauth", .string(password)], thenClose: true)
        }
        let replica = try await RedisServer.start(following)
        var ports: [Int] = []
        var processes: [pid_t] = []
        for number in 0..<3 {
            let port = try RedisServer.freePort()
            let folder = "\(directory.path)/\(number)"
            mkdir(folder, 0o700)
            let authentication = password.map { "sentinel auth-pass \(masterName) \($0)\n" } ?? ""
            try write(
                """
                port \(port)
                bind 127.0.0.1
                dir \(folder)
                sentinel monitor \(masterName) 127.0.0.1 \(master.port) 2
                sentinel down-after-milliseconds \(masterName) 1000
                sentinel failover-timeout \(masterName) 3000
                \(authentication)
                """,
                to: "\(folder)/conf"
            )
            ports.append(port)
            let words = ["redis-server", "\(folder)/conf", "--sentinel"]
            processes.append(try await ChildProcess.start(words, log: "\(folder)/log"))
        }
        let all = RedisSentinels(servers: [master, replica], directory, ports, processes)
        try await all.waitUntilReady()
        return all
    }

    private init(servers: [RedisServer], _ directory: TemporaryDirectory, _ ports: [Int], _ processes: [pid_t]) {
        self.servers = servers
        self.directory = directory
        self.ports = ports
        self.processes = processes
    }

    /// What to give to a client, with a sentinel that is not there before the others.
    package var url: String {
        let hosts = (["127.0.0.1:1"] + ports.map { "127.0.0.1:\($0)" }).joined(separator: ",")
        let credentials = servers[0].options.password.map { ":\($0)@" } ?? ""
        return "redis+sentinel://\(credentials)\(hosts)/\(Self.masterName)"
    }

    /// Has all sentinels name another server from now on, and forget the one that was the master.
    package func name(_ server: RedisServer) async throws {
        for port in ports {
            let url = RedisURL(.tcp(host: "127.0.0.1", port: port))
            let client = RedisClient(url: url, name: "test", scripts: [], logger: .silent)
            let name = RedisArgument.string(Self.masterName)
            _ = try await client.send(["SENTINEL", "REMOVE", name])
            _ = try await client.send(["SENTINEL", "MONITOR", name, "127.0.0.1", .int(server.port), 2])
            if let password = server.options.password {
                _ = try await client.send(["SENTINEL", "SET", name, "auth-pass", .string(password)])
            }
            await client.close()
        }
    }

    /// Ends all of them.
    package func stop() async throws {
        for pid in processes { try await ChildProcess.end(pid, SIGKILL) }
        for server in servers { try await server.stop(SIGKILL) }
    }

    private func waitUntilReady() async throws {
        for port in ports {
            let url = RedisURL(.tcp(host: "127.0.0.1", port: port))
            try await eventually("sentinel \(port) to know all", timeout: .seconds(30)) {
                let client = RedisClient(url: url, name: "test", scripts: [], logger: .silent)
                defer { Task { await client.close() } }
                guard let reply = try? await client.send(["SENTINEL", "MASTER", .string(Self.masterName)]) else {
                    return false
                }
                let words = reply.array?.compactMap(\.string) ?? []
                let fields = Dictionary(
                    stride(from: 0, to: words.count - 1, by: 2).map { (words[$0], words[$0 + 1]) }
                ) { $1 }
                return fields["num-slaves"] == "1" && fields["num-other-sentinels"] == "2"
                    && fields["flags"] == "master"
            }
        }
        try await waitForReplica()
    }

    /// Waits until the replica has what the first master has.
    package func waitForReplica() async throws {
        let master = try await servers[0].client()
        try await eventually("the replica to follow", timeout: .seconds(30)) {
            try await master.information("replication")["slave0"]?.contains("state=online") == true
        }
        await master.close()
    }
}

extension RedisClient {
    fileprivate func send(_ command: [RedisArgument], thenClose: Bool) async throws {
        _ = try await send(command)
        if thenClose { await close() }
    }
}

func write(_ text: String, to path: String) throws {
    let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw SystemError("open \(path)", errno) }
    defer { close(file) }
    Glibc.write(file, text, text.utf8.count)
}
