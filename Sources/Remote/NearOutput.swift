import Glibc

/// What goes on to the monitor: events before the text that came after them.
struct NearOutput {
    /// Standard output, standard error, events.
    private var queues: [(descriptor: Int32, bytes: [UInt8])] = [(3, []), (1, []), (2, [])]
    /// The monitor is gone.
    private(set) var isBroken = false

    private static let most = 4 << 20

    init() {
        for queue in queues {
            _ = fcntl(queue.descriptor, F_SETFL, fcntl(queue.descriptor, F_GETFL) | O_NONBLOCK)
        }
    }

    /// Nothing more may be read until some of it is written.
    var isFull: Bool { queues.reduce(0) { $0 + $1.bytes.count } > NearOutput.most }
    var isEmpty: Bool { queues.allSatisfy(\.bytes.isEmpty) }
    var waiting: [Int32] { queues.filter { !$0.bytes.isEmpty }.map(\.descriptor) }

    mutating func event(_ line: [UInt8]) { queues[0].bytes += line + [UInt8(ascii: "\n")] }
    mutating func text(_ bytes: [UInt8]) { queues[1].bytes += bytes }
    mutating func warning(_ bytes: some Sequence<UInt8>) { queues[2].bytes += bytes }

    /// Writes what can be written now.
    mutating func flush() {
        for index in queues.indices {
            while !queues[index].bytes.isEmpty {
                let count = queues[index].bytes.withUnsafeBytes {
                    write(queues[index].descriptor, $0.baseAddress, $0.count)
                }
                if count < 0, errno == EINTR { continue }
                if count < 0, errno != EAGAIN {
                    isBroken = true
                    queues[index].bytes = []
                }
                guard count > 0 else { break }
                queues[index].bytes.removeFirst(count)
            }
            // What hides a secret must be known before the secret is told.
            if index == 0, !queues[0].bytes.isEmpty { return }
        }
    }

    /// Writes everything, however long that takes.
    mutating func flushAll() {
        while !isEmpty, !isBroken {
            flush()
            var polls = waiting.map { pollfd(fd: $0, events: Int16(POLLOUT), revents: 0) }
            if !polls.isEmpty { poll(&polls, nfds_t(polls.count), 1000) }
        }
    }
}
