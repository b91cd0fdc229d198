import HoistwayModel

/// Makes a job document of a command's words. What the words mean is left to the document's own reader, so that errors are the
/// same wherever a document comes from.
struct DocumentBuilder {
    private let type: JobType
    private var members: [(key: String, json: [UInt8])] = []

    /// - Parameters:
    ///   - payload: JSON text, kept byte by byte unless `settings` change it.
    ///   - settings: `a.b=value`, put into the payload.
    /// - Throws: `CommandFailure` with `usage`.
    init(
        type: String,
        resource: String,
        fields: EnqueueFields,
        payload: [UInt8]?,
        settings: [String]
    ) throws(CommandFailure) {
        self.type = JobType(type)
        add("type", .string(type))
        add("resourceId", .string(resource))
        add(texts: [
            ("id", fields.id), ("title", fields.title), ("description", fields.description),
            ("serverId", fields.serverId), ("node", fields.node), ("runAt", fields.runAt),
            ("concurrencyKey", fields.concurrencyKey), ("onConflict", fields.onConflict),
            ("idempotencyKey", fields.idempotencyKey), ("organizationId", fields.organizationId),
            ("memberId", fields.memberId), ("replyTo", fields.replyTo),
        ])
        add(numbers: [
            ("priority", fields.priority), ("maxAttempts", fields.maxAttempts),
            ("concurrencyLimit", fields.concurrencyLimit), ("delay", fields.delay), ("timeout", fields.timeout),
            ("idleTimeout", fields.idleTimeout), ("startDeadline", fields.startDeadline),
            ("killGrace", fields.killGrace),
        ])
        if let backoff = fields.backoff { add("backoff", try DocumentBuilder.backoff(backoff)) }
        let dependencies = fields.dependsOn.flatMap { $0.split(separator: ",").map(String.init) }
        if !dependencies.isEmpty { add("dependsOn", .strings(dependencies)) }
        try add("env", fields.env, option: "--env")
        try add("secrets", fields.secret, option: "--secret")
        try add("labels", fields.label, option: "--label")
        if !fields.notify.isEmpty { add("notify", .array(try DocumentBuilder.notifications(fields.notify))) }
        if let payload = try DocumentBuilder.payload(payload, settings) { members.append(("payload", payload)) }
    }

    /// The document's bytes.
    var bytes: [UInt8] { JSON.bytes(of: members) }

    /// The checked document.
    /// - Throws: `CommandFailure` that names the options that are wrong.
    func document() throws(CommandFailure) -> JobDocument {
        do throws(Refusal) {
            return try JobDocument(parsing: bytes)
        } catch {
            throw DocumentBuilder.failure(error, type: type)
        }
    }

    private mutating func add(_ key: String, _ value: JSON) { members.append((key, value.utf8)) }

    private mutating func add(texts: [(key: String, text: String?)]) {
        for case (let key, let text?) in texts { add(key, .string(text)) }
    }

    /// Numbers stay numbers; what is none is passed on as text, for the document's reader to judge.
    private mutating func add(numbers: [(key: String, text: String?)]) {
        for case (let key, let text?) in numbers {
            if case .number? = try? JSON(parsing: text) {
                members.append((key, Array(text.utf8)))
            } else {
                add(key, .string(text))
            }
        }
    }

    private mutating func add(_ key: String, _ pairs: [String], option: String) throws(CommandFailure) {
        if pairs.isEmpty { return }
        var object = JSONObject()
        for text in pairs {
            let pair = try Pair(parsing: text, option: option)
            object[pair.name] = .string(pair.value)
        }
        add(key, .object(object))
    }

    private static func backoff(_ text: String) throws(CommandFailure) -> JSON {
        if text.hasPrefix("{") {
            guard let json = try? JSON(parsing: text) else {
                throw CommandFailure(.usage, "--backoff: it is not valid JSON")
            }
            return json
        }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map { JSON.string(String($0)) }
        var object: JSONObject = ["type": parts[0]]
        if parts.count > 1 { object.append("delay", parts[1]) }
        if parts.count > 2 { object.append("max", parts[2]) }
        guard parts.count <= 3 else {
            throw CommandFailure(.usage, "--backoff: it must be such as fixed:30s or exponential:5s:300s")
        }
        return .object(object)
    }

    private static func notifications(_ texts: [String]) throws(CommandFailure) -> [JSON] {
        var list: [JSON] = []
        for text in texts {
            guard text.hasPrefix("{") else {
                list.append(["url": .string(text)])
                continue
            }
            guard let json = try? JSON(parsing: text) else {
                throw CommandFailure(.usage, "--notify: it is not valid JSON")
            }
            list.append(json)
        }
        return list
    }

    private static func payload(_ bytes: [UInt8]?, _ settings: [String]) throws(CommandFailure) -> [UInt8]? {
        var payload = JSON.object(JSONObject())
        if let bytes {
            do throws(JSONError) {
                payload = try JSON(parsing: bytes)
            } catch {
                throw CommandFailure(.usage, "--payload: it is not valid JSON: \(error)")
            }
        }
        if settings.isEmpty { return bytes }
        for text in settings {
            let pair = try Pair(parsing: text, option: "--set")
            let path = pair.name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
            let value = (try? JSON(parsing: pair.value)) ?? .string(pair.value)
            guard !path.contains(""), payload.set(path[...], to: value) else {
                throw CommandFailure(.usage, "--set: \"\(pair.name)\" leads through something that is no object")
            }
        }
        return payload.utf8
    }
}

extension JSON {
    /// Puts a value at a path of keys, making objects where there are none.
    /// - Returns: false when something in the way is no object.
    fileprivate mutating func set(_ path: ArraySlice<String>, to value: JSON) -> Bool {
        guard let key = path.first else {
            self = value
            return true
        }
        guard case .object(var object) = self else { return false }
        var member = object[key] ?? .object(JSONObject())
        guard member.set(path.dropFirst(), to: value) else { return false }
        object[key] = member
        self = .object(object)
        return true
    }
}
