/// What is deployed when a resource is named alone: a payload, and the fields of its jobs that are not as usual.
public struct Resource: Sendable, Hashable {
    public var type: JobType
    public var id: String
    /// The recipe's input, in the bytes it came with.
    public private(set) var payload: [UInt8]
    /// Fields of a job document.
    public private(set) var defaults: JSONObject
    /// How long its ended jobs are kept, where that is not as for all of their type.
    public private(set) var retention: Retention.Change?

    /// Fields that are another for every job, or that the resource itself is.
    private static let ownOfJobs: Set = ["id", "type", "resourceId", "payload", "idempotencyKey", "runAt", "replyTo"]
    /// What a reader adds, so that what was read can be written back.
    private static let readOnly = ["type", "id", "version", "createdAt", "updatedAt"]

    /// Reads and checks a resource.
    /// - Throws: `Refusal` with every field that is wrong, those of the defaults as `defaults.<field>`.
    public init(parsing bytes: [UInt8], type: JobType, id: String) throws(Refusal) {
        guard bytes.count <= JobDocument.maximumSize else {
            throw Refusal(.tooLarge, "a resource has at most \(JobDocument.maximumSize) bytes, not \(bytes.count)")
        }
        var reader = try DocumentReader(bytes)
        let payload = reader.object("payload", maximum: JobDocument.maximumPayload)
        let defaults = reader.object("defaults", maximum: JobDocument.maximumSize)
        for field in Resource.readOnly { _ = reader.take(field) }
        if !Identifier.isName(type.name) { reader.fail("type", "must match ^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$") }
        if let problem = DocumentReader.problem(inText: id) { reader.fail("id", problem) }
        retention = Resource.retention(from: &reader)
        reader.refuseTheRest(known: ["payload", "defaults", "retention"])
        self.type = type
        self.id = id
        self.payload = payload?.bytes ?? Array("{}".utf8)
        self.defaults = defaults?.value ?? [:]
        check(&reader)
        if !reader.errors.isEmpty { throw Refusal(reader.errors) }
    }

    private static func retention(from outer: inout DocumentReader) -> Retention.Change? {
        guard let object = outer.object("retention", maximum: 1024), var reader = try? DocumentReader(object.bytes)
        else { return nil }
        let change = Retention.Change(
            age: reader.span("age"),
            count: reader.integer("count", in: 0...1_000_000_000),
            logBytes: reader.integer("logBytes", in: 0...(1 << 50))
        )
        reader.refuseTheRest(known: ["age", "count", "logBytes"])
        for error in reader.errors.entries { outer.fail("retention.\(error.field)", error.message) }
        return change == Retention.Change() ? nil : change
    }

    private func check(_ reader: inout DocumentReader) {
        for field in defaults.keys where Resource.ownOfJobs.contains(field) || field == type.idKey {
            reader.fail("defaults.\(field)", "cannot be a default")
        }
        guard reader.errors.isEmpty else { return }
        do throws(Refusal) {
            _ = try document(of: [])
        } catch {
            for entry in error.fieldErrors.entries { reader.fail("defaults.\(entry.field)", entry.message) }
        }
    }

    /// The resource as it is kept.
    public var bytes: [UInt8] {
        JSON.bytes(of: [
            (key: "payload", json: payload), (key: "defaults", json: JSON.object(defaults).utf8),
            (key: "retention", json: (retention?.json ?? .null).utf8),
        ])
    }

    public var json: JSONObject {
        [
            "payload": (try? JSON(parsing: payload)) ?? [:], "defaults": .object(defaults),
            "retention": retention?.json ?? .null,
        ]
    }

    /// A job of it: what its own document says, else what the defaults say.
    /// - Parameter members: of the job's document, without what it is of.
    /// - Throws: `Refusal` with every field that is wrong.
    public func document(of members: [(key: String, json: [UInt8])]) throws(Refusal) -> JobDocument {
        let given = Set(members.map(\.key))
        var all = [(key: "type", json: JSON.string(type.name).utf8), (key: "resourceId", json: JSON.string(id).utf8)]
        all += members
        if !given.contains("payload") { all.append((key: "payload", json: payload)) }
        // A delay of the defaults gives way to the document's own time.
        for member in defaults where !given.contains(member.key) {
            if member.key == "delay", given.contains("runAt") { continue }
            all.append((key: member.key, json: member.value.utf8))
        }
        return try JobDocument(parsing: JSON.bytes(of: all))
    }
}

extension Retention.Change {
    /// What was said, and nothing else.
    package var json: JSON {
        var object = JSONObject()
        if let age { object.append("age", age.json) }
        if let count { object.append("count", .int(count)) }
        if let logBytes { object.append("logBytes", .int(logBytes)) }
        return .object(object)
    }

    /// What ``json`` wrote.
    package init?(_ json: JSON) {
        guard let object = json.objectValue else { return nil }
        self.init(
            age: object["age"].flatMap { TimeSpan($0) },
            count: object["count"]?.intValue,
            logBytes: object["logBytes"]?.intValue
        )
    }
}
