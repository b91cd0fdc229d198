extension JobDocument {
    /// Every field of a job document, for error messages and for producers that offer them by name.
    public static let fields = [
        "id", "type", "resourceId", "title", "description", "payload", "serverId", "node", "priority", "delay", "runAt",
        "maxAttempts", "backoff", "timeout", "idleTimeout", "startDeadline", "killGrace", "concurrencyKey",
        "concurrencyLimit", "onConflict", "idempotencyKey", "dependsOn", "env", "secrets", "notify", "organizationId",
        "memberId", "labels", "replyTo",
    ]

    /// Reads and checks a document.
    /// - Parameter type: the type the inbox names; without it the document's own `type` is required.
    /// - Throws: `Refusal` with every field that is wrong.
    public init(parsing bytes: [UInt8], type inboxType: JobType? = nil) throws(Refusal) {
        guard bytes.count <= JobDocument.maximumSize else {
            throw Refusal(.tooLarge, "a job document has at most \(JobDocument.maximumSize) bytes, not \(bytes.count)")
        }
        var reader = try DocumentReader(bytes)
        let named = reader.name("type").map { JobType($0) }
        if let inboxType, let named, named != inboxType {
            reader.fail("type", "is \"\(named)\", but the inbox is for \"\(inboxType)\"")
        }
        if inboxType == nil, named == nil { reader.fail("type", "is required") }
        let type = inboxType ?? named ?? JobType("")
        let serverID = reader.name("serverId")
        let resourceID = JobDocument.resourceID(of: type, serverID: serverID, from: &reader)

        self.init(type: type, resourceID: resourceID ?? "")
        if let serverID { self.serverID = serverID }
        id = reader.jobID("id")
        readDescription(from: &reader)
        readTiming(from: &reader)
        readTurn(from: &reader)
        readEnvironment(from: &reader)
        reader.refuseTheRest(known: JobDocument.fields + [type.idKey])
        if !reader.errors.isEmpty { throw Refusal(reader.errors) }
    }

    /// The id of what is deployed, under the type's own key or `resourceId`; for a server its `serverId` too.
    private static func resourceID(of type: JobType, serverID: String?, from reader: inout DocumentReader) -> String? {
        let general = reader.text("resourceId")
        let own = type.idKey == "resourceId" || type == .server ? nil : reader.text(type.idKey)
        let named = [own, general, type == .server ? serverID : nil].compactMap { $0 }
        if Set(named).count > 1 { reader.fail("resourceId", "differs from \(type.idKey)") }
        if named.isEmpty { refuseNoResource(type, from: &reader) }
        if type == .server, let name = named.first, !Identifier.isName(name) {
            reader.fail("resourceId", "must match ^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$ for a server")
        }
        return named.first
    }

    /// Says what is missing, or what is wrong with the type where the id of another one is there.
    private static func refuseNoResource(_ type: JobType, from reader: inout DocumentReader) {
        if reader.isRefused("resourceId") || reader.isRefused(type.idKey) { return }
        guard !type.isBuiltIn, !type.name.isEmpty else { return reader.fail(type.idKey, "is required") }
        let other = JobType.builtIn.first { $0 != .server && reader.take($0.idKey) != nil }
        if let other { reader.fail("type", "is \"\(type)\", but \(other.idKey) is the id of type \"\(other)\"") }
        let nearest = Nearest.name(to: type.name, among: JobType.builtIn.map(\.name))
        let meant = nearest.map { "; did you mean the type \"\($0)\"?" } ?? ""
        reader.fail("resourceId", "is required: \"\(type)\" is no built-in type\(meant)")
    }

    private mutating func readDescription(from reader: inout DocumentReader) {
        title = reader.prose("title") ?? title
        details = reader.prose("description") ?? details
        if let payload = reader.object("payload", maximum: JobDocument.maximumPayload) { self.payload = payload.bytes }
        node = reader.name("node")
        organizationID = reader.text("organizationId")
        memberID = reader.text("memberId")
        idempotencyKey = reader.text("idempotencyKey")
        replyTo = reader.text("replyTo")
        if let labels = reader.object("labels", maximum: 64 * 1024)?.value {
            self.labels = labels
            for label in labels {
                let problem = label.value.stringValue.map { DocumentReader.problem(inText: $0) } ?? "must be a string"
                if let problem = problem ?? DocumentReader.problem(inText: label.key) {
                    reader.fail("labels.\(label.key)", problem)
                }
            }
        }
    }

    private mutating func readTiming(from reader: inout DocumentReader) {
        priority = reader.integer("priority", in: 0...9) ?? priority
        delay = reader.span("delay") ?? delay
        if let text = reader.string("runAt") {
            runAt = Timestamp(parsing: text)
            if runAt == nil { reader.fail("runAt", "must be a time such as 2026-01-15T08:00:00.000Z") }
            if delay != .zero { reader.fail("runAt", "cannot be combined with delay") }
        }
        maxAttempts = reader.integer("maxAttempts", in: 1...1000) ?? maxAttempts
        if let object = reader.object("backoff", maximum: 1024) { readBackoff(object.bytes, from: &reader) }
        timeout = reader.span("timeout") ?? timeout
        idleTimeout = reader.span("idleTimeout") ?? idleTimeout
        startDeadline = reader.span("startDeadline") ?? startDeadline
        killGrace = reader.span("killGrace")
    }

    private mutating func readBackoff(_ bytes: [UInt8], from outer: inout DocumentReader) {
        guard var reader = try? DocumentReader(bytes) else { return }
        backoff.kind = reader.choice("type", Backoff.Kind.self) ?? backoff.kind
        backoff.delay = reader.span("delay") ?? backoff.delay
        backoff.maximum = reader.span("max") ?? backoff.maximum
        reader.refuseTheRest(known: ["type", "delay", "max"])
        for error in reader.errors.entries { outer.fail("backoff.\(error.field)", error.message) }
    }

    private mutating func readTurn(from reader: inout DocumentReader) {
        concurrencyKey = reader.text("concurrencyKey") ?? concurrencyKey
        concurrencyLimit = reader.integer("concurrencyLimit", in: 1...1000) ?? concurrencyLimit
        onConflict = reader.choice("onConflict", OnConflict.self) ?? onConflict
        guard let value = reader.take("dependsOn") else { return }
        guard let list = value.arrayValue, list.count <= 100 else {
            reader.fail("dependsOn", "must be an array of at most 100 job ids")
            return
        }
        for element in list {
            guard let id = element.stringValue, Identifier.isJobID(id) else {
                reader.fail("dependsOn", "must contain job ids")
                return
            }
            if !dependsOn.contains(id) { dependsOn.append(id) }
        }
    }

    private mutating func readEnvironment(from reader: inout DocumentReader) {
        environment = reader.object("env", maximum: 128 * 1024)?.value ?? environment
        for variable in environment {
            if let problem = JobDocument.problem(inVariable: variable.key) {
                reader.fail("env.\(variable.key)", problem)
            } else if variable.value.stringValue?.utf8.contains(0) ?? true {
                reader.fail("env.\(variable.key)", "must be a string without NUL")
            }
        }
        secrets = reader.object("secrets", maximum: 64 * 1024)?.value ?? secrets
        for secret in secrets {
            if let problem = JobDocument.problem(inVariable: secret.key) {
                reader.fail("secrets.\(secret.key)", problem)
            } else if secret.value.stringValue.flatMap(SecretReference.init) == nil {
                reader.fail("secrets.\(secret.key)", "must be \"file:PATH\", \"env:NAME\" or \"command:NAME\"")
            }
        }
        readNotify(from: &reader)
    }

    private static func problem(inVariable name: String) -> String? {
        if !Identifier.isVariable(name) { return "must be named like an environment variable" }
        return name.hasPrefix("HOISTWAY_") ? "HOISTWAY_* is set by the worker alone" : nil
    }

    private mutating func readNotify(from reader: inout DocumentReader) {
        guard let value = reader.take("notify") else { return }
        guard let list = value.arrayValue, list.count <= 20 else {
            reader.fail("notify", "must be an array of at most 20 objects")
            return
        }
        for (index, element) in list.enumerated() {
            let field = "notify[\(index)]"
            guard let object = element.objectValue else {
                reader.fail(field, "must be an object")
                continue
            }
            let url = object["url"]?.stringValue ?? ""
            if !url.hasPrefix("http://") && !url.hasPrefix("https://") || DocumentReader.problem(inText: url) != nil {
                reader.fail("\(field).url", "must be an http or https URL of at most 256 bytes")
            }
            if let on = object["on"] {
                let words = on.arrayValue?.map { $0.stringValue ?? "" }
                if words.map({ Set($0).isSubset(of: ["done", "error"]) }) != true {
                    reader.fail("\(field).on", "must be an array of \"done\" and \"error\"")
                }
            }
            if let secret = object["secret"], secret.stringValue.flatMap({ secrets[$0] }) == nil {
                reader.fail("\(field).secret", "must be the name of one of the job's secrets")
            }
            for key in object.keys where !["url", "on", "secret"].contains(key) {
                reader.fail("\(field).\(key)", "unknown field")
            }
        }
        notify = list
    }
}
