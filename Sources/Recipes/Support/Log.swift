import Glibc

/// Lines for the job's log: what the recipe says itself, beside the output of the commands it runs.
struct Log: Sendable {
    /// Descriptor that becomes `INFO` in the log, and is inherited by commands as their standard output.
    let output: Int32
    /// Descriptor that becomes `WARN` in the log, and is inherited by commands as their standard error.
    let error: Int32

    func info(_ line: String) { Log.write(Array((line + "\n").utf8), to: output) }
    func error(_ line: String) { Log.write(Array((line + "\n").utf8), to: error) }

    /// Writes everything, whatever the pipe takes at a time; a reader that is gone is no reason to fail.
    static func write(_ bytes: [UInt8], to descriptor: Int32) {
        var offset = 0
        while offset < bytes.count {
            let count = bytes[offset...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                return
            }
            offset += count
        }
    }
}
