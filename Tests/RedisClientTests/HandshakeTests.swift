import RESP
import Testing

@testable import RedisClient

/// What a handshake and a route make of what servers say, without a server.
@Suite struct HandshakeTests {
    private static let here = RedisURL.Address.tcp(host: "10.0.0.1", port: 7000)

    private static func handshake() -> RedisHandshake {
        RedisHandshake(to: here, username: nil, password: "p", name: "a b", asksRole: true, keys: ["a", "b"])
    }

    private static func text(_ text: String) -> RESPValue { .string(Array(text.utf8)) }

    @Test func saysWhoWeAreBeforeAnythingElse() {
        let words = Self.handshake().steps.map(\.command[0])
        #expect(words.first == "AUTH" && words.last == "PING")
        #expect(words.contains("ROLE") && words.contains("CLUSTER") && words.contains("EXISTS"))
    }

    @Test(arguments: [
        ("MOVED 3999 10.0.0.2:6381", RedisURL.Address.tcp(host: "10.0.0.2", port: 6381)),
        ("MOVED 3999 redis-2.example:6381", .tcp(host: "redis-2.example", port: 6381)),
        ("MOVED 3999 ::1:6381", .tcp(host: "::1", port: 6381)),
        ("MOVED 3999 :6381", .tcp(host: "10.0.0.1", port: 6381)),
    ])
    func followsARedirection(_ message: String, _ target: RedisURL.Address) throws {
        var handshake = Self.handshake()
        #expect(try handshake.take(.error(message), to: .keys) == nil)
        #expect(handshake.keysAreAt == target)
        #expect(handshake.nodes == [])
    }

    @Test(arguments: ["MOVED", "MOVED 1 h", "MOVED 1 h:0", "MOVED 1 h:x", "MOVED 1 h:70000"])
    func doesNotFollowNonsense(_ message: String) throws {
        var handshake = Self.handshake()
        #expect(try handshake.take(.error(message), to: .keys) == message)
        #expect(handshake.keysAreAt == nil)
    }

    @Test func readsTheNodesOfACluster() throws {
        func node(_ host: RESPValue, _ port: Int) -> RESPValue {
            .array([host, .integer(Int64(port)), Self.text("id")])
        }
        var handshake = Self.handshake()
        let reply = RESPValue.array([
            .array([.integer(0), .integer(99), node(Self.text("a"), 1), node(Self.text("b"), 2)]),
            .array([.integer(100), .integer(16383), node(Self.text("a"), 1), node(.null, 3), node(Self.text("c"), 0)]),
        ])
        #expect(try handshake.take(reply, to: .nodes) == nil)
        #expect(
            handshake.nodes == [
                .tcp(host: "a", port: 1), .tcp(host: "b", port: 2), .tcp(host: "10.0.0.1", port: 3),
            ]
        )
    }

    @Test func standsNothingThatMatters() throws {
        for (message, step, code) in [
            ("CROSSSLOT Keys…", RedisHandshake.Step.keys, RedisError.Code.needsHashTag),
            ("CLUSTERDOWN Hash slot not served", .keys, .unreachable),
            ("LOADING Redis is loading", .ping, .unreachable),
            ("WRONGPASS invalid", .authenticate, .server("WRONGPASS invalid")),
            (
                "ERR SELECT is not allowed in cluster mode", .select,
                .server("ERR SELECT is not allowed in cluster mode")
            ),
            ("NOPERM no role", .role, .server("NOPERM no role")),
            ("NOAUTH Authentication required.", .ping, .server("NOAUTH Authentication required.")),
        ] {
            var handshake = Self.handshake()
            let error = #expect(throws: RedisError.self) { try handshake.take(.error(message), to: step) }
            #expect(error?.code == code)
        }
        var handshake = Self.handshake()
        // A server that repeats what it does not understand.
        let echo = "ERR unknown command 'AUTH', with args beginning with: 'p' "
        let error = #expect(throws: RedisError.self) { try handshake.take(.error(echo), to: .authenticate) }
        #expect(error?.message == "ERR unknown command 'AUTH'")
        #expect(try handshake.take(.error("NOPERM no cluster"), to: .nodes) == "NOPERM no cluster")
        #expect(handshake.nodes == nil && handshake.isMaster == nil && !handshake.isAlone)
        _ = try handshake.take(.error("ERR This instance has cluster support disabled"), to: .nodes)
        #expect(handshake.nodes == nil && handshake.isAlone)
        #expect(try handshake.take(.array([Self.text("slave")]), to: .role) == nil)
        #expect(handshake.isMaster == false)
    }

    @Test func aRouteTriesTheMostPromisingFirst() {
        func node(_ port: Int) -> RedisURL.Address { .tcp(host: "h", port: port) }
        let route = RedisRoute()
        route.prefer(node(9))
        #expect(route.nodes(seed: node(1)) == [node(1)] && route.kind == .unknown)
        route.learn([node(1), node(2), node(3)])
        #expect(route.kind == .cluster)
        route.prefer(node(3))
        #expect(route.nodes(seed: node(1)) == [node(3), node(1), node(2)])
        route.avoid(node(3))
        #expect(route.nodes(seed: node(8)) == [node(1), node(2), node(3), node(8)])
        route.learn([node(2), node(4)])
        #expect(route.nodes(seed: node(2)) == [node(2), node(4)])
        route.learn([])
        #expect(route.nodes(seed: node(2)) == [node(2), node(4)])

        route.learnSingle()
        #expect(route.kind == .single)

        let sentinels = [node(1), node(2), node(3)]
        route.answered(node(2))
        #expect(route.sentinels(sentinels) == [node(2), node(1), node(3)])
        route.answered(node(7))
        #expect(route.sentinels(sentinels) == sentinels)
    }
}
