import CLinux
import Glibc
import HoistwayModel

/// The programs of the near side, as the monitor runs them: `hoistway remote run` and `hoistway remote end`.
package enum NearSide {
    /// The command's name.
    package static let name = "remote"
    package static let runArguments = ["hoistway", name, "run"]

    /// - Parameter arguments: what stands behind the command's name.
    /// - Returns: the exit code.
    package static func run(_ arguments: [String]) -> Int32 {
        guard let text = getenv(RemotePlan.variable), let plan = RemotePlan(String(cString: text)),
            let temporary = getenv("TMPDIR").map({ String(cString: $0) })
        else { return usage("hoistway remote is run by a worker") }
        signal(SIGPIPE, SIG_IGN)
        switch arguments {
        case ["run"]: return RemoteRun.run(plan, temporary: temporary)
        case ["end"]: return RemoteEnd.run(plan, temporary: temporary)
        default: return usage("usage: remote run|end")
        }
    }

    private static func usage(_ message: String) -> Int32 {
        Descriptor.write("hoistway: \(message)\n", to: 2)
        return 64
    }
}

/// SIGTERM as something to be read.
enum Signals {
    private nonisolated(unsafe) static var pipe: (reading: Int32, writing: Int32) = (-1, -1)

    static var descriptor: Int32 { pipe.reading }

    static func listen() {
        var (reading, writing): (Int32, Int32) = (-1, -1)
        guard hw_pipe(&reading, &writing, 0) == 0 else { return }
        pipe = (reading, writing)
        signal(SIGTERM) { _ in
            var byte: UInt8 = 1
            _ = Glibc.write(Signals.pipe.writing, &byte, 1)
        }
    }

    /// Whether one has come since the last call.
    static func take() -> Bool {
        var bytes = [UInt8](repeating: 0, count: 64)
        return read(pipe.reading, &bytes, bytes.count) > 0
    }
}

enum Descriptor {
    static func readAll(_ descriptor: Int32) throws(RemoteFailure) -> [UInt8] {
        var bytes: [UInt8] = []
        var room = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(descriptor, &room, room.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                throw RemoteFailure("the payload: \(String(cString: strerror(errno)))", isRepeatable: true)
            }
            if count == 0 { return bytes }
            bytes += room[..<count]
        }
    }

    static func write(_ text: String, to descriptor: Int32) {
        let bytes = Array(text.utf8)
        _ = Glibc.write(descriptor, bytes, bytes.count)
    }
}

/// The recipe's environment as text for the server's shell.
enum FarEnvironment {
    static func text(_ plan: RemotePlan) -> String {
        var text = "export HOISTWAY_EVENTS=\(Shell.quoted("stdout:\(plan.nonce)"))\n"
        var next = environ
        while let entry = next.pointee {
            next += 1
            guard let pair = String(cString: entry).assignment, pair.name.hasPrefix(RemotePlan.prefix) else { continue }
            let name = String(pair.name.dropFirst(RemotePlan.prefix.count))
            guard Identifier.isVariable(name), name != "TMPDIR" else { continue }
            text += "export \(name)=\(Shell.quoted(pair.value))\n"
        }
        return text
    }
}

/// This program, told from other builds of it on a server that keeps several.
struct Program {
    var size: Int
    var key: String

    init(_ path: String) throws(RemoteFailure) {
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw RemoteFailure("\(path): \(String(cString: strerror(errno)))", isRepeatable: true)
        }
        size = Int(status.st_size)
        key = "hoistway-\(Version.current)-\(size)-\(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)"
    }
}
