/// What a worker asks of a monitor: one JSON object a line.
package enum Command {
    /// `signal` is nil unless given; `grace` in milliseconds.
    case kill(signal: Bytes?, grace: Int64?, by: Bytes?, why: Bytes?, requestedAt: Bytes?)
    /// The lease was renewed at a moment of CLOCK_BOOTTIME; `lease` is its new length. Milliseconds.
    case renew(at: Int64, lease: Int64?)

    /// Nil for anything else.
    package init?(_ line: Bytes) {
        guard let members = JSONScanner.members(of: line) else { return nil }
        func text(_ key: StaticString) -> Bytes? {
            members.last { $0.key.equals(key) }.flatMap { JSONScanner.string(line, in: $0.value) }
        }
        func number(_ key: StaticString) -> Int64? {
            let number = members.last { $0.key.equals(key) }.flatMap { JSONScanner.integer(line, in: $0.value) }
            return number.map { min(max($0, 0), Specification.longest) }
        }
        guard let action = text("do") else { return nil }
        if action.equals("kill") {
            self = .kill(
                signal: text("signal"),
                grace: number("grace"),
                by: text("by"),
                why: text("why"),
                requestedAt: text("requestedAt")
            )
        } else if action.equals("renew"), let at = number("at") {
            self = .renew(at: at, lease: number("lease"))
        } else {
            return nil
        }
    }
}
