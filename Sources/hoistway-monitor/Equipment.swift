import CLinux

/// What a monitor needs whatever its attempt is, made before the attempt comes.
struct Equipment {
    let bootId: Bytes
    let epoll = hw_epoll_create()
    let signals = hw_signals_create()
    let timer = hw_timer_create()
    let output = OutputStream(level: "INFO")
    let error = OutputStream(level: "WARN")
    let events = EventPipe()

    /// Makes this process, which was just forked, one of its own: a session leader to which orphans fall.
    init(bootId: Bytes) {
        self.bootId = bootId
        _ = hw_new_session()
        _ = hw_become_subreaper()
        _ = hw_epoll_add(epoll, signals, 1)
        _ = hw_epoll_add(epoll, timer, 1)
    }
}
