import HoistwayModel
import RESP
import RedisClient

/// What is deployed when a resource is named alone, as the store keeps it.
package struct StoredResource: Sendable {
    package var resource: Resource
    /// 1 for the first, one more with every change.
    package var version: Int
    package var createdAt: Timestamp?
    package var updatedAt: Timestamp?

    fileprivate init?(_ fields: [String: String]) throws {
        guard let type = fields["type"], let id = fields["id"], let definition = fields["definition"],
            let version = fields["version"].flatMap({ Int($0) })
        else { return nil }
        resource = try Resource(parsing: Array(definition.utf8), type: JobType(type), id: id)
        self.version = version
        createdAt = fields["createdAt"].flatMap { Timestamp(parsing: $0) }
        updatedAt = fields["updatedAt"].flatMap { Timestamp(parsing: $0) }
    }

    /// The resource as the API shows it.
    package var json: JSONObject {
        var object: JSONObject = ["type": .string(resource.type.name), "id": .string(resource.id)]
        for member in resource.json { object.append(member.key, member.value) }
        object.append("version", .int(version))
        object.append("createdAt", .string(orNull: createdAt?.description))
        object.append("updatedAt", .string(orNull: updatedAt?.description))
        return object
    }
}

extension Store {
    /// Writes a resource.
    /// - Parameter version: the one it must have, 0 for a new one; `nil` for whichever.
    /// - Returns: the version it has now.
    /// - Throws: `Refusal` for an unknown type, and when it has another version.
    package func put(_ resource: Resource, version: Int? = nil) async throws -> Int {
        guard try await isKnown(resource.type) else { throw Refusal.unknownType(resource.type) }
        let arguments: [RedisArgument] = [
            .string(resource.type.name), .string(resource.id), .bytes(resource.bytes),
            .string(version.map { String($0) } ?? ""), .string(resource.retention?.json.text ?? ""),
        ]
        let (code, values) = try await answer(Scripts.putResource, arguments)
        if code == .headChanged { throw Refusal.changed(resource.type, resource.id, values.first?.string) }
        return values.first?.string.flatMap { Int($0) } ?? 0
    }

    package func resource(_ type: JobType, _ id: String) async throws -> StoredResource? {
        try StoredResource(try await redis.send(["HGETALL", .string(keys.resource(type, id))]).pairs)
    }

    /// Removes a resource; its jobs stay.
    /// - Throws: `Refusal` when there is none, and when it has another version.
    package func removeResource(_ type: JobType, _ id: String, version: Int? = nil) async throws {
        let arguments: [RedisArgument] = [
            .string(type.name), .string(id), .string(version.map { String($0) } ?? ""),
        ]
        let (code, values) = try await answer(Scripts.removeResource, arguments)
        switch code {
        case .notFound: throw Refusal.noResource(type, id)
        case .headChanged: throw Refusal.changed(type, id, values.first?.string)
        default: return
        }
    }
}

extension Refusal {
    package static func noResource(_ type: JobType, _ id: String) -> Refusal {
        Refusal(.notFound, "there is no resource \(type) \"\(id)\"")
    }

    fileprivate static func changed(_ type: JobType, _ id: String, _ version: String?) -> Refusal {
        Refusal(.versionChanged, "\(type) \"\(id)\" has the version \(version ?? "0")")
    }
}
