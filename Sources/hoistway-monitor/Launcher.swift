import CLinux

/// The process that forks monitors for a worker and outlives it.
///
/// It is a subreaper: when a monitor is killed, the processes it watched fall to the launcher, which ends them.
struct Launcher {
    private static let channel: Int32 = 0
    private static let sweepInterval: Int64 = 20

    private let epoll = hw_epoll_create()
    private let signals = hw_signals_create()
    private let bootId: Bytes
    private let tree = ProcessTree(cgroup: nil)
    /// Where a spare says that it has taken a request.
    private var notices: (reading: Int32, writing: Int32) = (-1, -1)
    /// The process that takes the next request; 0 when there is none and the launcher takes it itself.
    private var spare: Int32 = 0
    private var monitors: [Int32] = []
    private var isWorkerGone = false
    private var hasChildren = false

    init() {
        var bootId = readFile(Bytes("/proc/sys/kernel/random/boot_id")) ?? []
        if bootId.last == UInt8(ascii: "\n") { bootId.removeLast() }
        self.bootId = bootId
        _ = hw_pipe(&notices.reading, &notices.writing, 0)
    }

    /// Ends when the worker is gone and no child is left.
    mutating func run() {
        hw_signals_prepare()
        _ = hw_become_subreaper()
        _ = hw_epoll_add(epoll, Self.channel, 1)
        _ = hw_epoll_add(epoll, signals, 1)
        _ = hw_epoll_add(epoll, notices.reading, 1)
        var needsSweep = false
        while !isWorkerGone || !monitors.isEmpty || hasChildren {
            if spare == 0, !isWorkerGone { makeSpare() }
            var fds: [Int32] = [0, 0, 0, 0]
            var events: [UInt32] = [0, 0, 0, 0]
            let count = hw_epoll_wait(epoll, &fds, &events, 4, needsSweep ? Int32(Self.sweepInterval) : -1)
            for fd in fds.prefix(Int(max(0, count))) {
                if fd == Self.channel {
                    receive()
                } else if fd == notices.reading {
                    var room: UInt64 = 0
                    if hw_read(fd, &room, 8) > 0 { spare = 0 }
                } else {
                    while hw_signals_next(signals) != 0 {}
                }
            }
            if reap() { needsSweep = true }
            if needsSweep { needsSweep = sweep() }
        }
    }

    /// Forks the process that takes the next request. While there is one, only the channel's end is watched for here.
    private mutating func makeSpare() {
        let launcher = hw_pid()
        let pid = hw_fork()
        if pid == 0 {
            Spare.run(channel: Self.channel, launcher: launcher, notice: notices.writing, bootId: bootId)
        }
        if pid > 0 {
            spare = pid
            monitors.append(pid)
            hasChildren = true
        }
        _ = hw_epoll_change(epoll, Self.channel, spare == 0 ? 1 : 0)
    }

    private mutating func receive() {
        while true {
            var connection: Int32 = -1
            var specification: Int32 = -1
            let result = hw_receive_launch(Self.channel, &connection, &specification)
            if result == 1 {
                fork(connection, specification)
            } else if result == -hw_eagain() {
                return
            } else if result == 0 || result != -hw_ebadmsg() {
                isWorkerGone = true
                _ = hw_epoll_remove(epoll, Self.channel)
                return
            }
        }
    }

    private mutating func fork(_ connection: Int32, _ specification: Int32) {
        let pid = hw_fork()
        if pid == 0 {
            hw_null_standard(1)
            hw_close_all_from(3, connection, specification)
            Monitor.run(connection: connection, specification: specification, with: Equipment(bootId: bootId))
        } else if pid > 0 {
            monitors.append(pid)
            hasChildren = true
        } else {
            var record = ExitRecord(outcome: .spawn)
            record.endedAt = hw_realtime_ms()
            record.message = Bytes("fork: ")
            record.message?.append(error: -pid)
            let line = record.line
            _ = line.withUnsafeBufferPointer { hw_send(connection, $0.baseAddress, $0.count) }
        }
        _ = hw_close(connection)
        _ = hw_close(specification)
    }

    /// Whether a monitor died that may have left processes, or one that was no monitor.
    private mutating func reap() -> Bool {
        var isSuspicious = false
        while true {
            var code: Int32 = 0
            var signal: Int32 = 0
            let pid = hw_reap(&code, &signal)
            guard pid > 0 else {
                hasChildren = pid == 0
                return isSuspicious
            }
            if pid == spare { spare = 0 }
            if let index = monitors.firstIndex(of: pid) {
                monitors.remove(at: index)
                isSuspicious = isSuspicious || code != 0
            } else {
                isSuspicious = true
            }
        }
    }

    /// Kills every child that is no monitor, with all below it. Whether any was there.
    private func sweep() -> Bool {
        tree.excluded = monitors
        return !tree.signal(hw_signal_number(c("KILL")), except: []).isEmpty
    }
}
