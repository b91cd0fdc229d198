import Glibc
import Testing

/// Gives a suite a Redis of its own, in ``RedisServer/current`` for all of its tests.
package struct WithRedis: SuiteTrait, TestScoping {
    let options: RedisServer.Options

    package var isRecursive: Bool { false }

    package func provideScope(
        for test: Test,
        testCase: Test.Case?,
        performing function: @Sendable () async throws -> Void
    ) async throws {
        let server = try await RedisServer.start(options)
        do {
            try await RedisServer.$current.withValue(server) { try await function() }
        } catch {
            try await server.stop(SIGKILL)
            throw error
        }
        try await server.stop(SIGKILL)
    }
}

extension Trait where Self == WithRedis {
    /// A Redis for the suite, on a unix socket.
    package static var redis: Self { redis(RedisServer.Options()) }

    /// A Redis for the suite.
    package static func redis(_ options: RedisServer.Options) -> Self {
        WithRedis(options: options)
    }
}
