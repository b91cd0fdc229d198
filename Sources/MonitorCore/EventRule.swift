/// What the members of an event may be that are for the worker.
enum EventRule {
    /// Nil for a member that means nothing here.
    static func isFit(_ member: JSONScanner.Member, of text: Bytes) -> Bool? {
        let (key, value) = (member.key, member.value)
        if key.equals("progress") {
            return JSONScanner.number(text, in: value).map { (0...100).contains($0) } ?? false
        }
        if key.equals("stage") || key.equals("component") || key.equals("message") { return isText(text, value) }
        if key.equals("result") || key.equals("remote") { return isObject(text, value) }
        if key.equals("resource") { return isResource(text, value) }
        if key.equals("registration") { return isRegistration(text, value) }
        if key.equals("error") { return isError(text, value) }
        return nil
    }

    private static func isResource(_ text: Bytes, _ range: Range<Int>) -> Bool {
        guard let members = JSONScanner.members(of: text, in: range) else { return false }
        var hasName = false
        for member in members where !JSONScanner.isNull(text, member.value) {
            let (key, value) = (member.key, member.value)
            if key.equals("urn") || key.equals("name") {
                guard isText(text, value) else { return false }
                hasName = true
            } else if key.equals("type") || key.equals("operation") {
                guard isText(text, value) else { return false }
            } else if key.equals("status") {
                guard let word = JSONScanner.string(text, in: value),
                    word.equals("pending") || word.equals("running") || word.equals("succeeded")
                        || word.equals("failed") || word.equals("unchanged")
                else { return false }
            } else if key.equals("duration") {
                guard isText(text, value) || JSONScanner.number(text, in: value) != nil else { return false }
            }
        }
        return hasName
    }

    private static func isRegistration(_ text: Bytes, _ range: Range<Int>) -> Bool {
        guard let members = JSONScanner.members(of: text, in: range) else { return false }
        var hasName = false
        for member in members where !JSONScanner.isNull(text, member.value) {
            let (key, value) = (member.key, member.value)
            if key.equals("name") || key.equals("endpoint") {
                guard isText(text, value) else { return false }
                hasName = true
            } else if key.equals("error") || key.equals("registeredAt") {
                guard isText(text, value) else { return false }
            } else if key.equals("status") {
                guard let word = JSONScanner.string(text, in: value),
                    word.equals("pending") || word.equals("registered") || word.equals("failed")
                else { return false }
            }
        }
        return hasName
    }

    /// An error, or its `details`, which have members of the same names.
    private static func isError(_ text: Bytes, _ range: Range<Int>) -> Bool {
        guard let members = JSONScanner.members(of: text, in: range) else { return false }
        for member in members where !JSONScanner.isNull(text, member.value) {
            let (key, value) = (member.key, member.value)
            if key.equals("code") || key.equals("message") || key.equals("errorType") {
                guard isText(text, value) else { return false }
            } else if key.equals("retryable") {
                guard text[value].elementsEqual(Bytes("true")) || text[value].elementsEqual(Bytes("false")) else {
                    return false
                }
            } else if key.equals("retryAfter") {
                guard isText(text, value) || JSONScanner.number(text, in: value) != nil else { return false }
            } else if key.equals("details") {
                guard isError(text, value) else { return false }
            }
        }
        return true
    }

    private static func isText(_ text: Bytes, _ range: Range<Int>) -> Bool {
        text[range.lowerBound] == UInt8(ascii: "\"")
    }

    private static func isObject(_ text: Bytes, _ range: Range<Int>) -> Bool {
        text[range.lowerBound] == UInt8(ascii: "{")
    }
}
