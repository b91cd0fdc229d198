import FoundationEssentials
import HoistwayModel

/// Job documents by what they deploy.
extension JobDocument {
    /// A document for any job type, one of your own included.
    /// - Parameters:
    ///   - resourceID: the id of what is deployed.
    ///   - payload: the recipe's input, an object.
    public init(_ type: JobType, _ resourceID: String, payload: JSON = [:]) {
        self.init(type: type, resourceID: resourceID)
        self.payload = payload.utf8
    }

    public static func application(_ applicationID: String, payload: JSON = [:]) -> JobDocument {
        JobDocument(.application, applicationID, payload: payload)
    }

    public static func compose(_ composeID: String, payload: JSON = [:]) -> JobDocument {
        JobDocument(.compose, composeID, payload: payload)
    }

    /// A deployment of a server itself: the id is both what is deployed and where it runs.
    public static func server(_ serverID: String, payload: JSON = [:]) -> JobDocument {
        JobDocument(.server, serverID, payload: payload)
    }

    public static func schedule(_ scheduleID: String, payload: JSON = [:]) -> JobDocument {
        JobDocument(.schedule, scheduleID, payload: payload)
    }

    public static func previewDeployment(_ previewDeploymentID: String, payload: JSON = [:]) -> JobDocument {
        JobDocument(.previewDeployment, previewDeploymentID, payload: payload)
    }

    public static func backup(_ backupID: String, payload: JSON = [:]) -> JobDocument {
        JobDocument(.backup, backupID, payload: payload)
    }

    public static func volumeBackup(_ volumeBackupID: String, payload: JSON = [:]) -> JobDocument {
        JobDocument(.volumeBackup, volumeBackupID, payload: payload)
    }

    public static func installer(_ installerID: String, payload: JSON = [:]) -> JobDocument {
        JobDocument(.installer, installerID, payload: payload)
    }

    /// The document with something changed.
    public func with(_ change: (inout JobDocument) throws -> Void) rethrows -> JobDocument {
        var document = self
        try change(&document)
        return document
    }
}

extension JSON {
    /// A value of your own as JSON, by its `Encodable` conformance; dates are RFC 3339.
    /// - Throws: ``HoistwayError`` with `invalid`.
    public init(encoding value: some Encodable) throws(HoistwayError) {
        do {
            let encoder = JSONEncoder()
            encoder.dateEncodingStrategy = .iso8601
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            self = try JSON(parsing: Array(try encoder.encode(value)))
        } catch {
            throw HoistwayError(.invalid, "the value cannot be written as JSON: \(error)")
        }
    }

    /// The value as a type of your own, by its `Decodable` conformance; dates are RFC 3339.
    /// - Throws: ``HoistwayError`` with `invalid`.
    public func decoded<Value: Decodable>(as type: Value.Type = Value.self) throws(HoistwayError) -> Value {
        do {
            let decoder = JSONDecoder()
            decoder.dateDecodingStrategy = .iso8601
            return try decoder.decode(type, from: Data(utf8))
        } catch {
            throw HoistwayError(.invalid, "the JSON is no \(type): \(error)")
        }
    }
}
