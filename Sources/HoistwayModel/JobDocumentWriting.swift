extension JobDocument {
    /// The document as it goes over the wire: every field that differs from its default, the payload in its own bytes.
    public var bytes: [UInt8] {
        let standard = JobDocument(type: type, resourceID: resourceID)
        var members: [(key: String, json: [UInt8])] = []
        func add(_ key: String, _ value: JSON, if isSet: Bool = true) {
            if isSet { members.append((key, value.utf8)) }
        }
        func add(_ key: String, text: String?) {
            if let text { add(key, .string(text)) }
        }
        add("type", text: type.name)
        add("resourceId", text: resourceID)
        add("id", text: id)
        add("title", .string(title), if: !title.isEmpty)
        add("description", .string(details), if: !details.isEmpty)
        if payload != standard.payload { members.append(("payload", payload)) }
        add("serverId", text: serverID)
        add("node", text: node)
        add("priority", .int(priority), if: priority != standard.priority)
        add("delay", delay.json, if: delay != standard.delay)
        add("runAt", text: runAt?.description)
        add("maxAttempts", .int(maxAttempts), if: maxAttempts != standard.maxAttempts)
        add("concurrencyKey", .string(concurrencyKey), if: concurrencyKey != standard.concurrencyKey)
        add("concurrencyLimit", .int(concurrencyLimit), if: concurrencyLimit != standard.concurrencyLimit)
        add("idempotencyKey", text: idempotencyKey)
        add("dependsOn", .strings(dependsOn), if: !dependsOn.isEmpty)
        for option in options { add(option.key, option.value) }
        add("organizationId", text: organizationID)
        add("memberId", text: memberID)
        add("labels", .object(labels), if: !labels.isEmpty)
        add("replyTo", text: replyTo)
        return JSON.bytes(of: members)
    }

    /// The document as Hoistway reads it, with every field held to its rules.
    /// - Throws: `Refusal` with every field that is wrong.
    public func checked() throws(Refusal) -> JobDocument { try JobDocument(parsing: bytes) }
}

extension JSON {
    /// An object of members that are JSON already.
    package static func bytes(of members: [(key: String, json: [UInt8])]) -> [UInt8] {
        var bytes: [UInt8] = [UInt8(ascii: "{")]
        for (index, member) in members.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes += JSON.string(member.key).utf8 + [UInt8(ascii: ":")] + member.json
        }
        bytes.append(UInt8(ascii: "}"))
        return bytes
    }
}
