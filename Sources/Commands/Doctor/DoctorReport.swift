import HoistwayModel
import HoistwayStore

/// What `doctor` found.
struct DoctorReport: Sendable {
    /// Something that was looked at.
    struct Check: Sendable, Equatable {
        enum State: String, Sendable {
            case ok
            /// It works, but not as well as it could.
            case warning
            /// It does not work.
            case failed
        }

        var name: String
        var state: State
        var message: String

        init(_ name: String, _ state: State, _ message: String) {
            self.name = name
            self.state = state
            self.message = message
        }
    }

    var checks: [Check] = []
    var breaches: [Breach] = []

    private var open: [Breach] { breaches.filter { !$0.isRepaired } }
    var isSound: Bool { open.isEmpty && !checks.contains { $0.state == .failed } }

    var json: JSON {
        [
            "ok": .bool(isSound),
            "checks": .array(
                checks.map {
                    ["name": .string($0.name), "state": .string($0.state.rawValue), "message": .string($0.message)]
                }
            ),
            "breaches": .array(
                breaches.map {
                    [
                        "kind": .string($0.kind.rawValue), "subject": .string($0.subject),
                        "message": .string($0.sentence), "repairable": .bool($0.isRepairable),
                        "repaired": .bool($0.isRepaired),
                    ]
                }
            ),
        ]
    }

    /// A line for each check and each breach, and what it comes to.
    var lines: [String] {
        var lines = checks.map { TextWidth.padded($0.state.rawValue, to: 8) + "  \($0.name): \($0.message)" }
        for breach in breaches {
            let word = breach.isRepaired ? "repaired" : "breach"
            let advice = breach.isRepaired || breach.isRepairable ? "" : " (it cannot be repaired by itself)"
            lines.append(TextWidth.padded(word, to: 8) + "  \(breach.sentence)\(advice)")
        }
        return lines.map(Sanitizer.line) + [summary]
    }

    private var summary: String {
        let failures = checks.count { $0.state == .failed }
        let warnings = checks.count { $0.state == .warning }
        let more = open.count >= 1000 ? " or more" : ""
        var parts: [String] = []
        if breaches.isEmpty { parts.append("the data is sound") }
        if breaches.count > open.count { parts.append("\(breaches.count - open.count) repaired") }
        if !open.isEmpty { parts.append(open.count == 1 ? "1 breach" : "\(open.count) breaches\(more)") }
        if failures > 0 { parts.append(failures == 1 ? "1 failure" : "\(failures) failures") }
        if warnings > 0 { parts.append(warnings == 1 ? "1 warning" : "\(warnings) warnings") }
        var text = parts.joined(separator: ", ")
        if open.contains(where: \.isRepairable) { text += "; repair with \"hoistway doctor --repair\"" }
        return text
    }
}
