import CLinux

extension Monitor {
    private static let mostEventBytes: Int64 = 16 << 20
    private static let mostCleanups = 1000

    /// Writes a line, or the lines of a text, to the log.
    func write(_ level: Bytes, _ text: Bytes) {
        guard let log else { return }
        var lines = LineAssembler(level: level)
        lines.setTime(hw_realtime_ms())
        var redactor = Redactor(capacity: text.count)
        redactor.buffer.append(text)
        redactor.drain(needles, isEnd: true, to: &lines)
        lines.finish()
        log.write(lines.output.bytes)
    }

    /// Reads one of the outputs once. Whether it may have more.
    func pump(_ stream: OutputStream, atMost limit: Int = .max) -> Int {
        guard let log, stream.fd >= 0 else { return 0 }
        let count = stream.read(atMost: limit)
        guard count >= 0 else { return 0 }
        lastOutputAt = hw_boottime_ms()
        // A secret that was masked before it was printed is known by now: its event stands in the pipe already.
        pumpEvents()
        stream.flush(needles, time: hw_realtime_ms(), isEnd: count == 0, to: log)
        if count == 0 { stop(stream) }
        return count
    }

    private func stop(_ stream: OutputStream) {
        _ = hw_epoll_remove(epoll, stream.fd)
        stream.close()
    }

    func pumpEvents() {
        guard events.fd >= 0 else { return }
        var isEnd = false
        let before = eventsBytes
        for line in events.read(isEnd: &isEnd) {
            lastOutputAt = hw_boottime_ms()
            take(line)
        }
        if isEnd { closeEvents() }
        if eventsBytes > before { tellEvents() }
    }

    private func closeEvents() {
        if let rest = events.rest() { take(rest) }
        _ = hw_epoll_remove(epoll, events.fd)
        events.close()
    }

    private func take(_ line: EventPipe.Line) {
        switch line {
        case .piece(let text): write(Bytes("INFO"), text)
        case .event(let text):
            if text.allSatisfy({ $0 <= 0x20 }) { return }
            guard let event = EventLine(text) else { return write(Bytes("INFO"), text) }
            take(event)
        }
    }

    private func take(_ event: EventLine) {
        needles.add(event.masks)
        if event.masks.contains(where: { $0.count < Needles.shortest }) {
            write(Bytes("WARN"), Bytes("a mask of less than 4 bytes is ignored"))
        }
        for command in event.cleanups { keep(command) }
        for message in event.messages { write(message.level, message.text) }
        if event.isRecord { record(event.record(needles)) }
    }

    private func keep(_ command: [Bytes]) {
        guard cleanups.count < Self.mostCleanups else {
            return write(Bytes("WARN"), Bytes("a cleanup command is dropped: there are 1000 already"))
        }
        cleanups.append(command)
        var line: Bytes = [UInt8(ascii: "[")]
        for (index, argument) in command.enumerated() {
            if index > 0 { line.append(UInt8(ascii: ",")) }
            line.append(jsonString: argument)
        }
        line.append("]\n")
        let fd = hw_open_create(folder, c("cleanup.jsonl"), 1)
        let written = fd < 0 ? fd : writeAll(fd, line)
        if fd >= 0 { _ = hw_close(fd) }
        if written < 0 { recordFailure = -written }
    }

    private func record(_ object: Bytes) {
        guard eventsBytes + Int64(object.count) < Self.mostEventBytes else {
            if !isEventsFileFull { write(Bytes("WARN"), Bytes("events are dropped: there are 16 MiB of them already")) }
            isEventsFileFull = true
            return
        }
        if eventsFile < 0 { eventsFile = hw_open_create(folder, c("events.jsonl"), 1) }
        let written = eventsFile < 0 ? eventsFile : writeAll(eventsFile, object + [UInt8(ascii: "\n")])
        if written < 0 {
            recordFailure = -written
            _ = hw_truncate(eventsFile, eventsBytes)
        } else {
            eventsBytes += Int64(object.count + 1)
        }
    }

    /// Reads what the pipes hold, once the tree is empty. Never waits: somebody else may hold an end open for ever.
    func readDry() {
        pumpEvents()
        for stream in [output, error] where stream.fd >= 0 {
            var rest = Int(hw_bytes_waiting(stream.fd))
            while rest > 0 {
                let count = pump(stream, atMost: rest)
                if count == 0 { break }
                rest -= count
            }
            guard stream.fd >= 0, let log else { continue }
            stream.flush(needles, time: hw_realtime_ms(), isEnd: true, to: log)
            stop(stream)
        }
        if events.fd >= 0 {
            pumpEvents()
            if events.fd >= 0 { closeEvents() }
        }
        tellLog(force: true)
    }
}
