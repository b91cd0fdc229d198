import HoistwayModel
import Synchronization

/// Writes events, one JSON object a line, to the event pipe or, on a far server, between the lines of standard output.
final class EventWriter: Sendable {
    private let descriptor: Int32
    private let prefix: String
    /// Serialises lines, and keeps progress from falling.
    private let progress = Mutex(0)

    /// - Parameters:
    ///   - descriptor: Where events go.
    ///   - prefix: What every line begins with, for events that share standard output.
    init(descriptor: Int32, prefix: String = "") {
        self.descriptor = descriptor
        self.prefix = prefix
    }

    /// Reads `HOISTWAY_EVENTS`: a descriptor's number, or `stdout:<nonce>`.
    convenience init(setting: String?) {
        let setting = setting ?? "3"
        if setting.hasPrefix("stdout:") {
            self.init(descriptor: 1, prefix: "::hoistway:\(setting.dropFirst("stdout:".count))::")
        } else {
            self.init(descriptor: Int32(setting) ?? 3)
        }
    }

    func send(_ event: JSON) {
        progress.withLock { _ in write(event) }
    }

    /// Reports progress in percent; a smaller one than before is sent as that before.
    func progress(_ percent: Int, stage: String, component: String? = nil, message: String) {
        progress.withLock { highest in
            highest = max(highest, percent)
            var event: JSONObject = [
                "progress": .int(highest), "stage": .string(stage), "message": .string(message),
            ]
            event["component"] = component.map { .string($0) }
            write(.object(event))
        }
    }

    /// Has a secret redacted from here on.
    func mask(_ secret: String) {
        if !secret.isEmpty { send(["mask": .string(secret)]) }
    }

    /// Has a command run once the attempt's process tree is empty.
    func cleanup(_ command: [String]) { send(["cleanup": .strings(command)]) }

    private func write(_ event: JSON) {
        Log.write(Array(prefix.utf8) + event.utf8 + [UInt8(ascii: "\n")], to: descriptor)
    }
}
