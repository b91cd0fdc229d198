import NIOCore
import NIOEmbedded
import RESP
import Testing

@testable import RedisClient

/// The connection on a channel without a socket.
@Suite(.timeLimit(.minutes(1))) struct RedisConnectionTests {
    private struct Fixture {
        let channel = NIOAsyncTestingChannel()
        let connection: RedisConnection

        init() async throws {
            let channel = channel
            connection = try await channel.testingEventLoop.executeInContext {
                try RedisConnection(channel: channel, address: .unix(path: "/test"))
            }
            try await channel.connect(to: SocketAddress(unixDomainSocketPath: "/test"))
        }

        func execute(_ commands: [[RedisArgument]]) async -> RedisReplies {
            await connection.execute(commands, deadline: channel.testingEventLoop.now + .seconds(5))
        }

        func written() async throws -> String {
            String(buffer: try await channel.waitForOutboundWrite(as: ByteBuffer.self))
        }

        func reply(_ text: String) async throws {
            try await channel.writeInbound(ByteBuffer(string: text))
        }
    }

    @Test func writesACommandAndGivesItsReply() async throws {
        let fixture = try await Fixture()
        async let replies = fixture.execute([["GET", "k"]])
        #expect(try await fixture.written() == "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n")
        try await fixture.reply("$1\r\nv\r\n")
        #expect(await replies.values == [.string([0x76])])
    }

    @Test func writesAPipelineAtOnce() async throws {
        let fixture = try await Fixture()
        async let replies = fixture.execute([["A"], ["B"]])
        #expect(try await fixture.written() == "*1\r\n$1\r\nA\r\n*1\r\n$1\r\nB\r\n")
        try await fixture.reply(":1\r\n:")
        try await fixture.reply("2\r\n")
        #expect(await replies.values == [.integer(1), .integer(2)])
    }

    @Test func keepsThePlaceOfACancelledCommand() async throws {
        let fixture = try await Fixture()
        let first = Task { await fixture.execute([["A"]]) }
        _ = try await fixture.written()
        first.cancel()
        #expect(await first.value.failure?.code == .cancelled)
        async let second = fixture.execute([["B"]])
        _ = try await fixture.written()
        try await fixture.reply(":1\r\n:2\r\n")
        #expect(await second.values == [.integer(2)])
    }

    @Test func neverWritesACommandThatWasCancelledBefore() async throws {
        let fixture = try await Fixture()
        let gate = AsyncStream.makeStream(of: Void.self)
        let cancelled = Task {
            for await _ in gate.stream {}
            return await fixture.execute([["A"]])
        }
        cancelled.cancel()
        gate.continuation.finish()
        #expect(await cancelled.value.failure?.code == .cancelled)
        async let other = fixture.execute([["B"]])
        #expect(try await fixture.written() == "*1\r\n$1\r\nB\r\n")
        try await fixture.reply(":1\r\n")
        #expect(await other.values == [.integer(1)])
    }

    @Test func endsWithAnOverdueReply() async throws {
        let fixture = try await Fixture()
        async let overdue = fixture.execute([["A"]])
        _ = try await fixture.written()
        await fixture.channel.testingEventLoop.advanceTime(by: .seconds(3))
        async let later = fixture.execute([["B"]])
        _ = try await fixture.written()
        await fixture.channel.testingEventLoop.advanceTime(by: .seconds(2))
        #expect(await overdue.failure?.code == .timeout)
        #expect(await later.failure?.code == .closed)
        #expect(await fixture.execute([["C"]]).failure?.code == .notSent)
        #expect(fixture.connection.hasEnded)
    }

    @Test func failsWhatWasWrittenWhenTheConnectionBreaks() async throws {
        let fixture = try await Fixture()
        async let replies = fixture.execute([["A"], ["B"]])
        _ = try await fixture.written()
        try await fixture.reply("+OK\r\n")
        try await fixture.channel.close()
        let result = await replies
        #expect(result.values == [.status("OK")])
        #expect(result.failure?.code == .closed)
    }

    @Test func endsWhenThePeerSpeaksSomethingElse() async throws {
        let fixture = try await Fixture()
        async let replies = fixture.execute([["A"]])
        _ = try await fixture.written()
        try await fixture.reply("HTTP/1.1 400 Bad Request\r\n")
        #expect(await replies.failure?.code == .closed)
        let reason = try await fixture.connection.closed.get()
        #expect(reason.message.contains("does not speak the protocol of Redis"))
    }
}
