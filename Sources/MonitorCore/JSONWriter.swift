extension [UInt8] {
    /// Appends a text as a JSON string. What is no UTF-8 is replaced.
    package mutating func append(jsonString text: [UInt8]) {
        append(UInt8(ascii: "\""))
        for byte in text.repaired {
            switch byte {
            case UInt8(ascii: "\""): append("\\\"")
            case UInt8(ascii: "\\"): append("\\\\")
            case 0x0A: append("\\n")
            case 0x0D: append("\\r")
            case 0x09: append("\\t")
            case 0..<0x20:
                append(byte < 0x10 ? "\\u000" : "\\u001")
                append(byte & 0x0F < 10 ? UInt8(ascii: "0") + byte & 0x0F : 87 + byte & 0x0F)
            default: append(byte)
            }
        }
        append(UInt8(ascii: "\""))
    }

    /// Appends a valid JSON value anew, with secrets removed from every string, keys included.
    package mutating func append(redacting value: Range<Int>, of text: [UInt8], _ needles: Needles) {
        var range = value
        while let first = range.first, text[first] <= 0x20 { range.removeFirst() }
        guard let first = range.first else { return }
        switch text[first] {
        case UInt8(ascii: "{"):
            var object = JSONObject()
            for member in JSONScanner.members(of: text, in: range) ?? [] {
                object.key(needles.redact(member.key))
                object.bytes.append(redacting: member.value, of: text, needles)
            }
            append(contentsOf: object.finished)
        case UInt8(ascii: "["):
            append(UInt8(ascii: "["))
            for (index, element) in (JSONScanner.elements(of: text, in: range) ?? []).enumerated() {
                if index > 0 { append(UInt8(ascii: ",")) }
                append(redacting: element, of: text, needles)
            }
            append(UInt8(ascii: "]"))
        case UInt8(ascii: "\""):
            append(jsonString: needles.redact(JSONScanner.string(text, in: range) ?? []))
        default:
            append(contentsOf: text[range])
        }
    }
}

/// Writes a JSON object, member by member.
package struct JSONObject {
    package var bytes: Bytes = [UInt8(ascii: "{")]

    package init() {}

    package var finished: Bytes { bytes + [UInt8(ascii: "}")] }

    package mutating func key(_ key: Bytes) {
        if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
        bytes.append(jsonString: key)
        bytes.append(UInt8(ascii: ":"))
    }

    package mutating func add(_ key: StaticString, _ number: Int64?) {
        self.key(Bytes(key))
        if let number { bytes.append(decimal: number) } else { bytes.append("null") }
    }

    package mutating func add(_ key: StaticString, _ text: Bytes?) {
        self.key(Bytes(key))
        if let text { bytes.append(jsonString: text) } else { bytes.append("null") }
    }

    package mutating func add(_ key: StaticString, _ text: StaticString) {
        add(key, Bytes(text))
    }

    package mutating func add(_ key: StaticString, time milliseconds: Int64?) {
        var text: Bytes?
        if let milliseconds {
            var stamp: Bytes = []
            stamp.append(timestamp: milliseconds)
            text = stamp
        }
        add(key, text)
    }

    /// Adds a value that is JSON already; nil is null.
    package mutating func add(_ key: StaticString, json: Bytes?) {
        self.key(Bytes(key))
        bytes.append(contentsOf: json ?? Bytes("null"))
    }
}
