import HoistwayModel

/// Reads a payload field by field, and collects everything that is wrong with it before it says so.
final class PayloadReader {
    private(set) var errors: [(path: String, message: String)] = []

    func fail(_ path: String, _ message: String) {
        errors.append((path, message))
    }

    /// - Throws: `invalid_payload` with every field error, when there was one.
    func finish() throws(RecipeFailure) {
        guard let first = errors.first else { return }
        throw RecipeFailure(
            code: "invalid_payload",
            message: "the payload is invalid: \(first.path.isEmpty ? "" : "\(first.path) ")\(first.message)"
                + (errors.count > 1 ? " (and \(errors.count - 1) more)" : ""),
            retryable: false,
            fieldErrors: errors
        )
    }

    /// The payload itself.
    /// - Throws: `invalid_payload` when it is no JSON object.
    func root(_ bytes: [UInt8], keys: [String]) throws(RecipeFailure) -> PayloadFields {
        do {
            let json = try JSON(parsing: bytes)
            guard let object = json.objectValue else {
                fail("", "must be an object, not \(json.kind)")
                try finish()
                return PayloadFields(reader: self, object: [:], path: "")
            }
            let fields = PayloadFields(reader: self, object: object, path: "")
            fields.expect(keys)
            return fields
        } catch let failure as RecipeFailure {
            throw failure
        } catch {
            throw RecipeFailure(code: "invalid_payload", message: "the payload is no JSON: \(error)", retryable: false)
        }
    }
}

/// The members of one object of a payload. A missing or wrong one is recorded as an error, and read as its default.
struct PayloadFields {
    let reader: PayloadReader
    let object: JSONObject
    let path: String

    func name(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    func fail(_ key: String, _ message: String) { reader.fail(name(key), message) }

    /// Records every member with a name that is not one of these, and names the nearest that is.
    func expect(_ keys: [String]) {
        for key in object.keys where !keys.contains(key) {
            let nearest = keys.min { EditDistance.between($0, key) < EditDistance.between($1, key) }
            if let nearest, EditDistance.between(nearest, key) <= max(2, key.count / 3) {
                fail(key, "unknown field; did you mean \(nearest)?")
            } else {
                fail(key, "unknown field; known are \(keys.joined(separator: ", "))")
            }
        }
    }

    func has(_ key: String) -> Bool { object[key].map { !$0.isNull } ?? false }

    func value(_ key: String) -> JSON? { has(key) ? object[key] : nil }

    /// A string without control characters, `nil` when absent.
    func optionalString(_ key: String) -> String? {
        guard let value = value(key) else { return nil }
        guard let text = value.stringValue else {
            fail(key, "must be a string, not \(value.kind)")
            return nil
        }
        if text.isEmpty { fail(key, "must not be empty") }
        if text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) {
            fail(key, "must not contain control characters")
        }
        return text
    }

    func string(_ key: String) -> String {
        if !has(key) { fail(key, "is required") }
        return optionalString(key) ?? ""
    }

    /// A string that may hold any characters, line breaks too.
    func text(_ key: String) -> String {
        guard let value = value(key) else {
            fail(key, "is required")
            return ""
        }
        guard let text = value.stringValue, !text.utf8.contains(0) else {
            fail(key, "must be a string, not \(value.kind)")
            return ""
        }
        return text
    }

    func bool(_ key: String, default standard: Bool) -> Bool {
        guard let value = value(key) else { return standard }
        guard let flag = value.boolValue else {
            fail(key, "must be true or false, not \(value.kind)")
            return standard
        }
        return flag
    }

    func integer(_ key: String, default standard: Int, in range: ClosedRange<Int>) -> Int {
        guard let value = value(key) else { return standard }
        guard let number = value.intValue, range.contains(number) else {
            fail(key, "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
            return standard
        }
        return number
    }

    /// A duration: a number of seconds, or `"500ms"`, `"30s"`, `"5m"`, `"1h"`.
    func duration(_ key: String, default standard: Duration) -> Duration {
        guard let value = value(key) else { return standard }
        let seconds = value.doubleValue ?? value.stringValue.flatMap(PayloadFields.seconds)
        guard let seconds, seconds >= 0, seconds <= 86400 * 7 else {
            fail(key, "must be a duration: a number of seconds, or one like \"30s\" or \"5m\"")
            return standard
        }
        return .milliseconds(Int64(seconds * 1000))
    }

    private static func seconds(_ text: String) -> Double? {
        for (unit, factor) in [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0)] where text.hasSuffix(unit) {
            if let number = Double(text.dropLast(unit.count)) { return number * factor }
        }
        return Double(text)
    }

    /// A command: a program and its arguments, `nil` when absent.
    func optionalCommand(_ key: String) -> [String]? {
        guard has(key) else { return nil }
        let words = strings(key)
        if words.isEmpty || words.first == "" { fail(key, "must name a program: [\"program\", \"argument\", …]") }
        return words
    }

    func command(_ key: String) -> [String] {
        if !has(key) { fail(key, "is required") }
        return optionalCommand(key) ?? []
    }

    func strings(_ key: String) -> [String] {
        guard let value = value(key) else { return [] }
        guard let elements = value.arrayValue else {
            fail(key, "must be an array of strings, not \(value.kind)")
            return []
        }
        var texts: [String] = []
        for (index, element) in elements.enumerated() {
            guard let text = element.stringValue, !text.utf8.contains(0) else {
                reader.fail("\(name(key))[\(index)]", "must be a string, not \(element.kind)")
                continue
            }
            texts.append(text)
        }
        return texts
    }

    /// The members of an object below this one, `nil` when absent or no object.
    func optionalFields(_ key: String) -> PayloadFields? {
        guard let value = value(key) else { return nil }
        guard let object = value.objectValue else {
            fail(key, "must be an object, not \(value.kind)")
            return nil
        }
        return PayloadFields(reader: reader, object: object, path: name(key))
    }

    func fields(_ key: String) -> PayloadFields? {
        if !has(key) { fail(key, "is required") }
        return optionalFields(key)
    }

    /// Variables: strings, or where allowed `{"secret":"NAME"}`.
    func variables(_ key: String, allowSecrets: Bool = true) -> [(name: String, value: VariableValue)] {
        guard let fields = optionalFields(key) else { return [] }
        var variables: [(name: String, value: VariableValue)] = []
        for member in fields.object {
            let first = member.key.utf8.first ?? 0
            let isName = member.key.utf8.allSatisfy { $0 == 95 || Ascii.isLetter($0) || Ascii.isDigit($0) }
            if !isName || first == 0 || Ascii.isDigit(first) {
                fields.fail(member.key, "is no name of a variable")
            } else if let text = member.value.stringValue, !text.utf8.contains(0) {
                variables.append((member.key, .text(text)))
            } else if allowSecrets, let secret = fields.optionalFields(member.key) {
                secret.expect(["secret"])
                variables.append((member.key, .secret(secret.string("secret"))))
            } else if !allowSecrets {
                fields.fail(member.key, "must be a string, not \(member.value.kind)")
            }
        }
        return variables
    }

    /// The objects of an array; what is none is recorded, and left out.
    func objects(_ key: String) -> [PayloadFields] {
        guard let value = value(key) else { return [] }
        guard let elements = value.arrayValue else {
            fail(key, "must be an array of objects, not \(value.kind)")
            return []
        }
        return elements.enumerated().compactMap { index, element in
            let path = "\(name(key))[\(index)]"
            guard let object = element.objectValue else {
                reader.fail(path, "must be an object, not \(element.kind)")
                return nil
            }
            return PayloadFields(reader: reader, object: object, path: path)
        }
    }

    func oneOf(_ key: String, _ choices: [String], default standard: String? = nil) -> String {
        guard let text = standard == nil ? string(key) : optionalString(key) else { return standard ?? "" }
        if !choices.contains(text), !text.isEmpty { fail(key, "must be one of \(choices.joined(separator: ", "))") }
        return text
    }
}

/// What a variable is set to.
enum VariableValue: Sendable {
    case text(String)
    /// The value of the job's secret of this name.
    case secret(String)
}

enum Ascii {
    static func isLetter(_ byte: UInt8) -> Bool { (65...90).contains(byte) || (97...122).contains(byte) }
    static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }
    static func isHexDigit(_ byte: UInt8) -> Bool {
        isDigit(byte) || (65...70).contains(byte) || (97...102).contains(byte)
    }
}
