import CLinux

/// A process forked ahead, so that an attempt need not wait for it: it takes the next request from the launcher's channel
/// itself, says so, and becomes that attempt's monitor.
enum Spare {
    /// - Parameters:
    ///   - launcher: Dies with this process unless an attempt has come.
    ///   - notice: Gets a byte when one has.
    static func run(channel: Int32, launcher: Int32, notice: Int32, bootId: Bytes) -> Never {
        let requests = hw_duplicate(channel)
        guard requests >= 0, hw_die_with(launcher) == 1 else { hw_exit(1) }
        hw_null_standard(1)
        hw_close_all_from(3, requests, notice)
        let equipment = Equipment(bootId: bootId)
        _ = hw_epoll_add(equipment.epoll, requests, 1)
        let (connection, specification) = request(from: requests, equipment)
        // The open file is the launcher's too, so that closing it here does not end the watch.
        _ = hw_epoll_remove(equipment.epoll, requests)
        _ = hw_close(requests)
        hw_outlive_parent()
        _ = writeAll(notice, [0])
        _ = hw_close(notice)
        Monitor.run(connection: connection, specification: specification, with: equipment)
    }

    private static func request(
        from requests: Int32,
        _ equipment: Equipment
    ) -> (connection: Int32, specification: Int32) {
        while true {
            var fds: [Int32] = [0, 0]
            var events: [UInt32] = [0, 0]
            let count = hw_epoll_wait(equipment.epoll, &fds, &events, 2, -1)
            for fd in fds.prefix(Int(max(0, count))) where fd == equipment.signals {
                if hw_signals_next(fd) == hw_signal_number(c("TERM")) { hw_exit(0) }
            }
            var (connection, specification): (Int32, Int32) = (-1, -1)
            let result = hw_receive_launch(requests, &connection, &specification)
            if result == 1 { return (connection, specification) }
            // The worker is gone.
            if result == 0 || result != -hw_eagain() && result != -hw_ebadmsg() { hw_exit(0) }
        }
    }
}
