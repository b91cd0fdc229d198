import NIOCore
import RESP

/// Which replies a connection owes to whom, and until when. Knows nothing of sockets: it says what to do, and the channel
/// handler does it.
struct ConnectionStateMachine<Request>: ~Copyable {
    private struct Expected {
        let request: Request
        let replies: Int
        let deadline: NIODeadline
        var values: [RESPValue] = []
    }

    enum SendAction: Equatable {
        /// Write the commands. Arm the timer for this deadline unless it is nil.
        case write(arm: NIODeadline?)
        /// The connection has ended: the request was not written.
        case refuse
    }

    enum ReceiveAction {
        case none
        case complete(Request, [RESPValue])
        /// A message to a subscriber.
        case push(RESPValue)
        /// The peer answered what was not asked.
        case close(RedisError)
    }

    enum DeadlineAction: Equatable {
        case none
        case arm(NIODeadline)
        /// A reply is overdue, and so nothing that follows can be trusted.
        case close
    }

    /// A request that will get no further replies, and those it had.
    struct Failed {
        let request: Request
        let values: [RESPValue]
        let isOverdue: Bool
    }

    private let isSubscriber: Bool
    private var isOpen = true
    /// Replies to its commands are coming in. Apart from the queue so that its replies are appended in place.
    private var head: Expected?
    private var queue = CircularBuffer<Expected>()
    private var armed: NIODeadline?

    /// - Parameter isSubscriber: whether messages come in between the replies.
    init(isSubscriber: Bool = false) {
        self.isSubscriber = isSubscriber
    }

    var isIdle: Bool { head == nil }

    /// Takes a place in the queue of replies.
    /// - Parameter replies: how many commands the request has, at least one.
    mutating func send(_ request: Request, replies: Int, deadline: NIODeadline) -> SendAction {
        guard isOpen else { return .refuse }
        let expected = Expected(request: request, replies: replies, deadline: deadline)
        if head == nil {
            head = expected
        } else {
            queue.append(expected)
        }
        if let armed, armed <= deadline { return .write(arm: nil) }
        armed = deadline
        return .write(arm: deadline)
    }

    mutating func receive(_ value: RESPValue) -> ReceiveAction {
        guard isOpen else { return .none }
        if isSubscriber, value.isMessage { return .push(value) }
        guard head != nil else {
            return .close(RedisError(.protocolError, "Redis sent a reply to no command"))
        }
        head?.values.append(value)
        guard let complete = head, complete.values.count == complete.replies else { return .none }
        head = queue.popFirst()
        return .complete(complete.request, complete.values)
    }

    /// The timer that was armed has fired. It is not moved when replies come in, so most often it finds nothing overdue.
    mutating func deadlineReached(now: NIODeadline) -> DeadlineAction {
        armed = nil
        guard isOpen, let head else { return .none }
        let earliest = queue.reduce(head.deadline) { min($0, $1.deadline) }
        guard earliest > now else { return .close }
        armed = earliest
        return .arm(earliest)
    }

    /// Ends the connection, once.
    /// - Returns: what was written and not answered, in order.
    mutating func close(now: NIODeadline) -> [Failed] {
        isOpen = false
        defer {
            head = nil
            queue.removeAll()
        }
        guard let head else { return [] }
        return ([head] + queue).map {
            Failed(request: $0.request, values: $0.values, isOverdue: $0.deadline <= now)
        }
    }
}

extension RESPValue {
    fileprivate var isMessage: Bool {
        array?.first == .string(Array("message".utf8))
    }
}
