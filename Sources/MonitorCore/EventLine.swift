/// One line that a recipe wrote to its event descriptor. What a line may hold is judged here and nowhere else.
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
    package var isRecord: Bool { !rest.isEmpty }

    /// Longer lines are logged as text.
    package static let longest = 1 << 20

    /// Nil when the line is not an object, has no member that means anything, or one that has not the form it must have.
    /// A member that is null counts as absent.
    package init?(_ text: Bytes) {
        guard let members = JSONScanner.members(of: text) else { return nil }
        self.text = text
        for member in members where !JSONScanner.isNull(text, member.value) {
            if member.key.equals("log") {
                guard let message = Self.message(text, member.value) else { return nil }
                messages.append(message)
            } else if member.key.equals("mask") {
                guard let mask = JSONScanner.string(text, in: member.value) else { return nil }
                masks.append(mask)
            } else if member.key.equals("cleanup") {
                guard let command = Self.command(text, member.value) else { return nil }
                cleanups.append(command)
            } else if let isFit = EventRule.isFit(member, of: text) {
                guard isFit else { return nil }
                rest.append(member)
            }
        }
        if messages.isEmpty, masks.isEmpty, cleanups.isEmpty, rest.isEmpty { return nil }
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

    private static func message(_ text: Bytes, _ range: Range<Int>) -> Message? {
        guard let members = JSONScanner.members(of: text, in: range) else { return nil }
        var message = Message(level: Bytes("INFO"), text: [])
        var isThere = false
        for member in members where !JSONScanner.isNull(text, member.value) {
            let isMessage = member.key.equals("message")
            guard isMessage || member.key.equals("level") else { continue }
            guard let value = JSONScanner.string(text, in: member.value) else { return nil }
            if isMessage {
                message.text = value
                isThere = true
            } else {
                message.level = level(value)
            }
        }
        return isThere ? message : nil
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
