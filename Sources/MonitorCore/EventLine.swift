/// One line that a recipe wrote to its event descriptor.
package struct EventLine {
    /// A line for the log.
    package struct Message: Equatable {
        package var level: Bytes
        package var text: Bytes
    }

    package var messages: [Message] = []
    package var masks: [Bytes] = []
    package var cleanups: [[Bytes]] = []
    private let text: Bytes
    private var rest: [JSONScanner.Member] = []
    /// Whether anything is left for the worker.
    package private(set) var isRecord = false

    /// Longer lines are logged as text.
    package static let longest = 1 << 20

    /// Nil when the line is not an object, or a member that the monitor handles has not the form it must have.
    package init?(_ text: Bytes) {
        guard let members = JSONScanner.members(of: text) else { return nil }
        self.text = text
        for member in members {
            if member.key.equals("log") {
                guard let message = Self.message(text, member.value) else { return nil }
                messages.append(message)
            } else if member.key.equals("mask") {
                guard let mask = JSONScanner.string(text, in: member.value) else { return nil }
                masks.append(mask)
            } else if member.key.equals("cleanup") {
                guard let command = Self.command(text, member.value) else { return nil }
                cleanups.append(command)
            } else {
                rest.append(member)
                isRecord = isRecord || Self.isRecorded(member.key)
            }
        }
    }

    /// What is left for the worker, without secrets.
    package func record(_ needles: Needles) -> Bytes {
        var object = JSONObject()
        for member in rest {
            object.key(needles.redact(member.key))
            object.bytes.append(redacting: member.value, of: text, needles)
        }
        return object.finished
    }

    private static func isRecorded(_ key: Bytes) -> Bool {
        key.equals("progress") || key.equals("stage") || key.equals("component") || key.equals("message")
            || key.equals("resource") || key.equals("registration") || key.equals("result") || key.equals("error")
            || key.equals("remote")
    }

    private static func message(_ text: Bytes, _ range: Range<Int>) -> Message? {
        guard let members = JSONScanner.members(of: text, in: range) else { return nil }
        var message = Message(level: Bytes("INFO"), text: [])
        for member in members {
            guard let value = JSONScanner.string(text, in: member.value) else { continue }
            if member.key.equals("level") { message.level = level(value) }
            if member.key.equals("message") { message.text = value }
        }
        return message
    }

    private static func level(_ name: Bytes) -> Bytes {
        let upper = name.map { $0 >= UInt8(ascii: "a") && $0 <= UInt8(ascii: "z") ? $0 - 32 : $0 }
        if upper.equals("WARNING") { return Bytes("WARN") }
        let isKnown =
            upper.equals("TRACE") || upper.equals("DEBUG") || upper.equals("NOTICE") || upper.equals("WARN")
            || upper.equals("ERROR") || upper.equals("CRITICAL") || upper.equals("FATAL")
        return isKnown ? upper : Bytes("INFO")
    }

    private static func command(_ text: Bytes, _ range: Range<Int>) -> [Bytes]? {
        guard let elements = JSONScanner.elements(of: text, in: range), !elements.isEmpty else { return nil }
        var command: [Bytes] = []
        for element in elements {
            guard let argument = JSONScanner.string(text, in: element), !argument.contains(0) else { return nil }
            command.append(argument)
        }
        return command[0].isEmpty ? nil : command
    }
}
