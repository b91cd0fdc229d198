/// Takes the members of a document one by one, gathers what is wrong, and knows in the end what nobody took.
package struct DocumentReader {
    private var members: [String: (value: JSON, range: Range<Int>)] = [:]
    private var order: [String] = []
    /// What somebody has asked for, and so means something where it stands.
    private var taken: Set<String> = []
    private let bytes: [UInt8]
    var errors = FieldErrors()

    init(_ bytes: [UInt8]) throws(Refusal) {
        self.bytes = bytes
        do throws(JSONError) {
            for member in try JSON.members(of: bytes) {
                if members[member.key] != nil { errors.add(member.key, "is there twice") }
                members[member.key] = (member.value, member.range)
                order.append(member.key)
            }
        } catch {
            throw Refusal(.invalidJSON, "not a JSON object: \(error)")
        }
    }

    /// The value of a member, which then counts as known; null is the same as absent.
    mutating func take(_ field: String) -> JSON? {
        taken.insert(field)
        guard let member = members.removeValue(forKey: field) else { return nil }
        guard !member.value.isNull else { return nil }
        return member.value
    }

    /// The bytes an object came with.
    mutating func object(_ field: String, maximum: Int) -> (value: JSONObject, bytes: [UInt8])? {
        taken.insert(field)
        guard let member = members.removeValue(forKey: field), !member.value.isNull else { return nil }
        guard let object = member.value.objectValue else {
            errors.add(field, "must be an object, not \(member.value.kind)")
            return nil
        }
        guard member.range.count <= maximum else {
            errors.add(field, "must have at most \(maximum) bytes, has \(member.range.count)")
            return nil
        }
        return (object, Array(bytes[member.range]))
    }

    mutating func string(_ field: String) -> String? {
        guard let value = take(field) else { return nil }
        guard let text = value.stringValue else {
            errors.add(field, "must be a string, not \(value.kind)")
            return nil
        }
        return text
    }

    /// 1 to 256 bytes without control characters.
    mutating func text(_ field: String) -> String? {
        guard let text = string(field) else { return nil }
        if let problem = DocumentReader.problem(inText: text) {
            errors.add(field, problem)
            return nil
        }
        return text
    }

    /// Whether a string can be a resource id, a key or the value of a label.
    package static func isText(_ text: String) -> Bool { problem(inText: text) == nil }

    static func problem(inText text: String) -> String? {
        if text.isEmpty { return "must not be empty" }
        if text.utf8.count > 256 { return "must have at most 256 bytes, has \(text.utf8.count)" }
        if text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) {
            return "must not contain control characters"
        }
        return nil
    }

    /// Up to 4 KiB for people; line breaks and tabs are theirs.
    mutating func prose(_ field: String) -> String? {
        guard let text = string(field) else { return nil }
        if text.utf8.count > 4096 { errors.add(field, "must have at most 4096 bytes, has \(text.utf8.count)") }
        let allowed: Set<Unicode.Scalar> = ["\n", "\r", "\t"]
        if text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control && !allowed.contains($0) }) {
            errors.add(field, "must not contain control characters")
        }
        return text
    }

    mutating func name(_ field: String) -> String? {
        guard let text = string(field) else { return nil }
        guard Identifier.isName(text) else {
            errors.add(field, "must match ^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")
            return nil
        }
        return text
    }

    mutating func jobID(_ field: String) -> String? {
        guard let text = string(field) else { return nil }
        guard Identifier.isJobID(text) else {
            errors.add(field, "must match ^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$")
            return nil
        }
        return text
    }

    mutating func integer(_ field: String, in range: ClosedRange<Int>) -> Int? {
        guard let value = take(field) else { return nil }
        guard let number = value.integerValue, range.contains(number) else {
            errors.add(field, "must be an integer from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return number
    }

    mutating func flag(_ field: String) -> Bool? {
        guard let value = take(field) else { return nil }
        guard let flag = value.boolValue else {
            errors.add(field, "must be true or false, not \(value.kind)")
            return nil
        }
        return flag
    }

    mutating func span(_ field: String) -> TimeSpan? {
        guard let value = take(field) else { return nil }
        guard let span = TimeSpan(value) else {
            errors.add(field, "must be a duration: seconds as a number, or text such as \"30s\" or \"5m\"")
            return nil
        }
        return span
    }

    mutating func choice<Choice: RawRepresentable & CaseIterable>(_ field: String, _: Choice.Type) -> Choice?
    where Choice.RawValue == String {
        guard let value = take(field) else { return nil }
        guard let text = value.stringValue, let choice = Choice(rawValue: text) else {
            let words = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            errors.add(field, "must be one of \(words)")
            return nil
        }
        return choice
    }

    /// The field's own refusal, for rules that only the caller knows.
    mutating func fail(_ field: String, _ message: String) {
        errors.add(field, message)
    }

    /// Whether a field was refused already, for what it is.
    func isRefused(_ field: String) -> Bool { errors.entries.contains { $0.field == field } }

    /// Adds an error for each member that nobody took, with the nearest of the names that somebody did.
    /// - Parameter owner: what the document is, for a field that means something in another one.
    mutating func refuseTheRest(known: [String], of owner: String? = nil) {
        for field in order where members[field] != nil {
            if let owner, known.contains(field) {
                errors.add(field, "is no field of \(owner)")
                continue
            }
            let candidates = known.filter { taken.contains($0) }
            let nearest = Nearest.name(to: field, among: candidates).map { "; did you mean \"\($0)\"?" } ?? ""
            errors.add(field, "unknown field\(nearest)")
        }
    }
}

/// Finds the known name that somebody who mistyped probably meant.
package enum Nearest {
    /// The candidate with the smallest edit distance (Levenshtein), if that is at most a third of the longer name.
    package static func name(to text: String, among candidates: [String]) -> String? {
        let scored = candidates.map { (name: $0, distance: distance(text.lowercased(), $0.lowercased())) }
        guard let best = scored.min(by: { $0.distance < $1.distance }) else { return nil }
        return best.distance * 3 <= max(text.count, best.name.count) ? best.name : nil
    }

    /// How many letters have to be added, removed or changed to make one text of another.
    package static func distance(_ left: String, _ right: String) -> Int {
        let right = Array(right)
        var row = Array(0...right.count)
        for (i, a) in left.enumerated() {
            var previous = row[0]
            row[0] = i + 1
            for (j, b) in right.enumerated() {
                let substitution = previous + (a == b ? 0 : 1)
                previous = row[j + 1]
                row[j + 1] = min(substitution, row[j] + 1, previous + 1)
            }
        }
        return row[right.count]
    }
}
