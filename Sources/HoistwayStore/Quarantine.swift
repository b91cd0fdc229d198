import HoistwayModel
import RESP
import RedisClient

/// A payload whose jobs were lost, several in a row: it may be what ends its worker or its monitor.
package struct QuarantineEntry: Sendable, Hashable {
    package var type: JobType
    package var resourceID: String
    /// SHA-1 of the payload's bytes.
    package var digest: String
    /// Jobs in a row that ended as lost.
    package var losses: Int
    /// When it is forgotten, unless another is lost.
    package var until: Timestamp
    package var lastJobID: String

    /// From so many losses on, jobs with the payload are refused.
    package static let threshold = 3

    init?(field: String, value: String) {
        let names = field.split(separator: " ", maxSplits: 2).map(String.init)
        let values = value.split(separator: " ").map(String.init)
        guard names.count == 3, values.count == 3, let losses = Int(values[0]), let until = Int64(values[1]) else {
            return nil
        }
        type = JobType(names[0])
        digest = names[1]
        resourceID = names[2]
        self.losses = losses
        self.until = Timestamp(milliseconds: until)
        lastJobID = values[2]
    }

    fileprivate var field: String { "\(type.name) \(digest) \(resourceID)" }
}

extension Store {
    /// Payloads in quarantine, ordered by type and resource.
    package func quarantine() async throws -> [QuarantineEntry] {
        try await losses().filter { $0.losses >= QuarantineEntry.threshold && $0.until > .now() }
            .sorted { ($0.type.name, $0.resourceID, $0.digest) < ($1.type.name, $1.resourceID, $1.digest) }
    }

    /// Lets what was lost of a resource be deployed again.
    /// - Throws: `Refusal` when nothing of it is in quarantine.
    package func releaseQuarantine(type: String, resourceID: String) async throws {
        let fields = try await losses().filter { $0.type.name == type && $0.resourceID == resourceID }.map(\.field)
        let arguments: [RedisArgument] = [.string(type), .string(resourceID)] + fields.map { .string($0) }
        guard try await run(Scripts.releaseQuarantine, arguments).int ?? 0 > 0 else {
            throw Refusal(.notFound, "nothing of \(type) \"\(resourceID)\" is in quarantine")
        }
    }

    private func losses() async throws -> [QuarantineEntry] {
        try await redis.send(["HGETALL", .string(keys.losses)]).pairs.compactMap {
            QuarantineEntry(field: $0.key, value: $0.value)
        }
    }
}
