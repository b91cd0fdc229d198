import NIOCore
import RESP
import Testing

@testable import RedisClient

@Suite struct ConnectionStateMachineTests {
    private let start = NIODeadline.uptimeNanoseconds(0)

    private func after(_ seconds: Int64) -> NIODeadline {
        start + .seconds(seconds)
    }

    @Test func givesRepliesInTheOrderOfTheCommands() {
        var machine = ConnectionStateMachine<String>()
        _ = machine.send("a", replies: 1, deadline: after(5))
        _ = machine.send("b", replies: 2, deadline: after(5))
        _ = machine.send("c", replies: 1, deadline: after(5))
        #expect(machine.take(.integer(1)) == "a [1]")
        #expect(machine.take(.integer(2)) == "none")
        #expect(machine.take(.integer(3)) == "b [2, 3]")
        let isIdleBefore = machine.isIdle
        #expect(machine.take(.integer(4)) == "c [4]")
        let isIdleAfter = machine.isIdle
        #expect([isIdleBefore, isIdleAfter] == [false, true])
    }

    @Test func closesOnAReplyToNoCommand() {
        var machine = ConnectionStateMachine<String>()
        #expect(machine.take(.status("OK")) == "close")
    }

    @Test func armsTheTimerOnlyForAnEarlierDeadline() {
        var machine = ConnectionStateMachine<String>()
        #expect(machine.send("a", replies: 1, deadline: after(5)) == .write(arm: after(5)))
        #expect(machine.send("b", replies: 1, deadline: after(6)) == .write(arm: nil))
        #expect(machine.send("c", replies: 1, deadline: after(2)) == .write(arm: after(2)))
    }

    @Test func armsTheTimerAgainForWhatIsStillOpen() {
        var machine = ConnectionStateMachine<String>()
        _ = machine.send("a", replies: 1, deadline: after(1))
        _ = machine.send("b", replies: 1, deadline: after(9))
        _ = machine.send("c", replies: 1, deadline: after(7))
        _ = machine.take(.null)
        #expect(machine.deadlineReached(now: after(1)) == .arm(after(7)))
        _ = machine.take(.null)
        _ = machine.take(.null)
        #expect(machine.deadlineReached(now: after(7)) == .none)
        #expect(machine.send("d", replies: 1, deadline: after(20)) == .write(arm: after(20)))
    }

    @Test func closesWhenAnyReplyIsOverdue() {
        var machine = ConnectionStateMachine<String>()
        _ = machine.send("a", replies: 1, deadline: after(9))
        _ = machine.send("b", replies: 1, deadline: after(3))
        #expect(machine.deadlineReached(now: after(3)) == .close)
    }

    @Test func tellsOnClosingWhatIsOverdueAndWhatHadArrived() {
        var machine = ConnectionStateMachine<String>()
        _ = machine.send("a", replies: 3, deadline: after(9))
        _ = machine.send("b", replies: 1, deadline: after(3))
        _ = machine.take(.integer(1))
        let failed = machine.close(now: after(3))
        #expect(failed.map(\.request) == ["a", "b"])
        #expect(failed.map(\.isOverdue) == [false, true])
        #expect(failed.map(\.values) == [[.integer(1)], []])
    }

    @Test func refusesCommandsAndIgnoresRepliesOnceClosed() {
        var machine = ConnectionStateMachine<String>()
        _ = machine.send("a", replies: 1, deadline: after(5))
        #expect(machine.close(now: start).count == 1)
        #expect(machine.close(now: start).isEmpty)
        #expect(machine.send("b", replies: 1, deadline: after(5)) == .refuse)
        #expect(machine.take(.status("OK")) == "none")
        #expect(machine.deadlineReached(now: after(9)) == .none)
    }

    @Test func tellsMessagesFromRepliesForASubscriber() {
        let message = RESPValue.array([.string(Array("message".utf8)), .string([]), .null])
        let pong = RESPValue.array([.string(Array("pong".utf8)), .string([])])
        var machine = ConnectionStateMachine<String>(isSubscriber: true)
        #expect(machine.take(message) == "push")
        _ = machine.send("ping", replies: 1, deadline: after(5))
        #expect(machine.take(message) == "push")
        #expect(machine.take(pong).hasPrefix("ping "))
        var other = ConnectionStateMachine<String>()
        _ = other.send("lrange", replies: 1, deadline: after(5))
        #expect(other.take(message).hasPrefix("lrange "))
    }
}

extension ConnectionStateMachine<String> {
    /// The action in words.
    fileprivate mutating func take(_ value: RESPValue) -> String {
        switch receive(value) {
        case .none: "none"
        case .complete(let request, let values): "\(request) \(values.map { $0.int ?? -1 })"
        case .push: "push"
        case .close: "close"
        }
    }
}
