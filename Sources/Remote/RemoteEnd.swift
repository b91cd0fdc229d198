import CLinux
import Glibc
import HoistwayModel

/// Makes sure that nothing of an attempt is left on its server before the attempt is over: the monitor runs this as the
/// first cleanup command, when no process of the near side is left.
///
/// It ends what it finds over a connection of its own. Where there is none it waits instead: whatever the far side heard last
/// was answered by a process that is dead, so it ends itself within the limit.
enum RemoteEnd {
    /// Seconds that the far side may take to notice, and to end its processes.
    private static let margin = 4

    /// The event that has the monitor run this.
    static var command: [UInt8] {
        var path = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &path, path.count)
        let program = String(decoding: path.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return JSON.object(["cleanup": .strings([program, NearSide.name, "end"])]).utf8
    }

    static func run(_ plan: RemotePlan, temporary: String) -> Int32 {
        if access("\(temporary)/\(RemoteRun.endedName)", F_OK) == 0 { return 0 }
        let deadline = hw_boottime_ms() + Int64(plan.limit + margin) * 1000
        while hw_boottime_ms() < deadline {
            if attempt(plan, temporary, until: deadline) { return 0 }
            sleep(1)
        }
        Descriptor.write(
            "\(plan.place) cannot be reached; without a connection its side has ended itself by now\n",
            to: 2
        )
        return 0
    }

    /// Whether the far side said that nothing is left.
    private static func attempt(_ plan: RemotePlan, _ temporary: String, until deadline: Int64) -> Bool {
        guard let ssh = try? SSH(plan, command: FarScript.bootstrap, temporary: temporary) else { return false }
        defer { _ = ssh.end(force: true) }
        var upload = Upload()
        upload.add(script: FarScript.end, plan, mark: plan.endMark)
        var stream = FarStream(mark: plan.endMark, nonce: plan.nonce)
        var room = [UInt8](repeating: 0, count: 1 << 14)
        while hw_boottime_ms() < deadline, ssh.output >= 0 {
            try? upload.fill()
            let wanted = upload.waiting.isEmpty ? 0 : Int16(POLLOUT)
            var polls = [
                pollfd(fd: ssh.output, events: Int16(POLLIN), revents: 0),
                pollfd(fd: ssh.input, events: wanted, revents: 0),
                pollfd(fd: ssh.error, events: Int16(POLLIN), revents: 0),
            ]
            poll(&polls, nfds_t(polls.count), 500)
            if wanted != 0 {
                let count = upload.waiting.withUnsafeBytes { write(ssh.input, $0.baseAddress, $0.count) }
                if count > 0 { upload.wrote(count) } else if errno != EAGAIN { return false }
            }
            if read(ssh.error, &room, room.count) == 0 { ssh.closeError() }
            let count = read(ssh.output, &room, room.count)
            if count == 0 { return false }
            if count > 0, stream.add(room[..<count]).contains(.frame("ended")) { return true }
        }
        return false
    }
}
