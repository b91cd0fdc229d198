/// Keeps text that others wrote from steering the terminal that shows it.
enum Sanitizer {
    /// One line without control characters: line breaks and tabs become spaces, terminal sequences vanish, and what else
    /// could hide or reorder text becomes U+FFFD.
    static func line(_ text: String) -> String {
        clean(text, keepingTabs: false)
    }

    /// A line of a log: like ``line(_:)``, but tabs stay.
    static func logLine(_ text: String) -> String {
        clean(text, keepingTabs: true)
    }

    private static func clean(_ text: String, keepingTabs: Bool) -> String {
        if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return text }
        var result = String.UnicodeScalarView()
        var rest = text.unicodeScalars[...]
        while let scalar = rest.popFirst() {
            switch scalar {
            case "\u{1B}": skipSequence(&rest)
            case "\t": result.append(keepingTabs ? "\t" : " ")
            case "\n", "\r": result.append(" ")
            case _ where isDangerous(scalar): result.append("\u{FFFD}")
            default: result.append(scalar)
            }
        }
        return String(result)
    }

    /// Skips what follows ESC: `[ … letter` (CSI), `] … BEL` or `… ESC \` (OSC and its like), or one character.
    private static func skipSequence(_ rest: inout Substring.UnicodeScalarView) {
        guard let kind = rest.popFirst() else { return }
        switch kind {
        case "[":
            while let next = rest.popFirst() {
                if (0x40...0x7E).contains(next.value) { return }
            }
        case "]", "P", "X", "^", "_":
            while let next = rest.popFirst() {
                if next == "\u{07}" { return }
                if next == "\u{1B}" {
                    _ = rest.popFirst()
                    return
                }
            }
        default: return
        }
    }

    private static func isDangerous(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069: true
        default: false
        }
    }
}
