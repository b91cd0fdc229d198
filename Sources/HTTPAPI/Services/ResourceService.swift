import HoistwayModel
import HoistwayStore

/// What is deployed when a resource is named alone.
package struct ResourceService: Sendable {
    let store: Store

    package func find(_ type: JobType, _ id: String) async throws -> StoredResource? {
        guard Identifier.isName(type.name), DocumentReader.isText(id) else { return nil }
        return try await OutagePatience.insist { try await store.resource(type, id) }
    }

    /// - Throws: `Refusal` when there is none.
    package func get(_ type: JobType, _ id: String) async throws -> StoredResource {
        guard let found = try await find(type, id) else { throw Refusal.noResource(type, id) }
        return found
    }

    /// - Parameter version: the one it must have, 0 for a new one; `nil` for whichever.
    /// - Throws: `Refusal`: `versionChanged`, `unknownType`.
    package func put(_ resource: Resource, version: Int?) async throws -> StoredResource {
        _ = try await store.put(resource, version: version)
        return try await get(resource.type, resource.id)
    }

    /// - Throws: `Refusal`: `notFound`, `versionChanged`.
    package func remove(_ type: JobType, _ id: String, version: Int?) async throws {
        try await store.removeResource(type, id, version: version)
    }
}
